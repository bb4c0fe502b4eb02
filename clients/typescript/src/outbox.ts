import { arranged, corrected, foresee } from "./optimistic.js";
import type { Snapshot } from "./store.js";
import type { Operation, Outcome, Task, TaskPatch } from "./types.js";

/** A field that clients write. */
export type Field = (typeof FIELDS)[number];

/** The fields that clients write. */
export const FIELDS = ["title", "description", "completed", "priority", "due", "tags"] as const;

/** A task as the server had it at a revision. */
export interface Known {
  readonly task: Task;
  readonly revision: number;
}

/** A write on its way: shown already, and not yet part of the snapshot. */
export class PendingWrite {
  /** What the server made of it; `null` until it has answered. */
  outcome: Outcome | null = null;

  /** @param earlier what was on its way when this was written. */
  constructor(
    public operations: readonly Operation[],
    readonly snapshot: Snapshot,
    readonly earlier: readonly PendingWrite[],
  ) {}

  /**
   * The value that a field had on the screen when this was written, in the server's words.
   *
   * Where an earlier write had given it, that is what the server made of that write; if it refused it,
   * what there was before.
   */
  seen(id: string, field: Field): Task[Field] | undefined {
    const giver = this.earlier.findLast((write) => write.touches(id, field));
    if (giver === undefined) {
      return this.snapshot.tasks.get(id)?.[field];
    }
    const result = giver.outcome?.results.find((task) => task.id === id);
    return result === undefined ? giver.seen(id, field) : result[field];
  }

  /** Whether it gives the field a value. */
  touches(id: string, field: Field): boolean {
    return this.operations.some((operation) => {
      switch (operation.op) {
        case "create":
          return operation.task.id === id;
        case "update":
          return operation.id === id && field in operation.task;
        case "complete":
        case "reopen":
          return operation.id === id && field === "completed";
        default:
          return false;
      }
    });
  }
}

/** Writes on their way, sent one after the other in the order in which they were made. */
export class Outbox {
  #writes: readonly PendingWrite[] = [];
  #last: Promise<unknown> = Promise.resolve();

  /** @param changed called when the list looks different. */
  constructor(readonly changed: () => void) {}

  /** How many writes the server has not answered. */
  get unanswered(): number {
    return this.#writes.filter((write) => write.outcome === null).length;
  }

  /** Show operations now and send them when it is their turn; take them back if that fails. */
  async add(
    operations: readonly Operation[],
    snapshot: Snapshot,
    send: (write: PendingWrite) => Promise<Outcome>,
  ): Promise<Outcome> {
    const write = new PendingWrite(operations, snapshot, this.#writes);
    this.#writes = [...this.#writes, write];
    this.changed();
    const sent = this.#last.then(() => send(write));
    this.#last = sent.catch(() => {});
    try {
      write.outcome = await sent;
      return write.outcome;
    } catch (error) {
      this.#writes = this.#writes.filter((each) => each !== write);
      throw error;
    } finally {
      this.changed();
    }
  }

  /** Show that an update is another one by now. */
  revise(write: PendingWrite, task: TaskPatch): void {
    write.operations = write.operations.map((each) => (each.op === "update" ? { ...each, task } : each));
    this.changed();
  }

  /** Forget the writes that a snapshot of this revision has in it. */
  settle(revision: number): void {
    this.#writes = this.#writes.filter(({ outcome }) => outcome === null || outcome.revision > revision);
  }

  /** The list with these writes done to a snapshot. */
  view(snapshot: Snapshot): readonly Task[] {
    let tasks: readonly Task[] = arranged(snapshot.tasks.values());
    for (const { operations, outcome } of this.#writes) {
      tasks = operations.reduce(foresee, tasks);
      if (outcome !== null) tasks = corrected(tasks, outcome.results);
    }
    return tasks;
  }

  /** The newest that is known of a task: from the snapshot, or from an answer that is ahead of it. */
  known(snapshot: Snapshot, id: string): Known | null {
    for (const { outcome } of this.#writes.toReversed()) {
      const task = outcome?.results.find((each) => each.id === id);
      if (outcome && task) return { task, revision: outcome.revision };
    }
    const task = snapshot.tasks.get(id);
    return task ? { task, revision: snapshot.revision } : null;
  }
}
