import type { Task } from "./types.js";

/** All tasks of a user, by id, as they were at a revision. Tasks in the trash are not among them. */
export interface Snapshot {
  readonly revision: number;
  readonly tasks: ReadonlyMap<string, Task>;
}

/** What leads from the snapshot at `since`, or from any one if that is `null`, to the one at `revision`. */
export interface Delta {
  readonly since: number | null;
  readonly revision: number;
  readonly tasks: readonly Task[];
  readonly deleted: readonly string[];
}

/** Where a snapshot is kept while the page is not open. One store is for one user. */
export interface Store {
  /** What was kept; `EMPTY` if nothing was. */
  load(): Promise<Snapshot>;

  /**
   * Apply a delta, all of it or nothing, if it `leadsOn` from what is kept; else do nothing.
   *
   * @returns the revision of what is kept then: one below the delta's says that something is missing.
   */
  apply(delta: Delta): Promise<number>;
}

/** What a client has that has nothing. */
export const EMPTY: Snapshot = { revision: 0, tasks: new Map() };

/**
 * Whether a delta brings a snapshot of this revision forward.
 *
 * It may begin before that revision: what it tells twice is the same. It must not begin after it, nor end
 * before it. This one rule makes the order of synchronisations, events and other tabs irrelevant.
 */
export function leadsOn(revision: number, delta: Delta): boolean {
  return delta.since === null || (delta.since <= revision && revision < delta.revision);
}

/** The snapshot after a delta. */
export function advance(snapshot: Snapshot, delta: Delta): Snapshot {
  if (!leadsOn(snapshot.revision, delta)) {
    return snapshot;
  }
  const tasks = new Map(delta.since === null ? [] : snapshot.tasks);
  for (const task of delta.tasks) {
    tasks.set(task.id, task);
  }
  for (const id of delta.deleted) {
    tasks.delete(id);
  }
  return { revision: delta.revision, tasks };
}

/** Keeps the snapshot for as long as the page is open. */
export class MemoryStore implements Store {
  #snapshot = EMPTY;

  async load(): Promise<Snapshot> {
    return this.#snapshot;
  }

  async apply(delta: Delta): Promise<number> {
    this.#snapshot = advance(this.#snapshot, delta);
    return this.#snapshot.revision;
  }
}
