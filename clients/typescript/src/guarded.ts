/** Writes that are made only while the task is as the user saw it. */

import type { DonebookClient } from "./client.js";
import { ConflictError, ProblemError } from "./errors.js";
import { FIELDS, type Field, type Known, type PendingWrite } from "./outbox.js";
import type { FieldConflict, Outcome, Task, TaskPatch } from "./types.js";

/** An update of fields that somebody else changed meanwhile. */
export interface Conflict {
  /** The task as it is now. */
  readonly task: Task;
  /** What was to be changed. */
  readonly patch: TaskPatch;
  /** The fields in question: `yours` is the patch's value, `current` the task's. */
  readonly conflicts: readonly FieldConflict[];
}

/** Says what is to be changed instead; with `null` the update fails with `ConflictError`. */
export type Resolver = (conflict: Conflict) => TaskPatch | null | Promise<TaskPatch | null>;

/** Resolves conflicts in favour of the user: all of the patch is made. */
export const keepMine: Resolver = ({ patch }) => patch;

/** Resolves conflicts in favour of the others: what is left of the patch is made. */
export const keepTheirs: Resolver = ({ patch, conflicts }) => {
  const contested = new Set(conflicts.map((each) => each.field));
  return Object.fromEntries(Object.entries(patch).filter(([name]) => !contested.has(name)));
};

/** Where guarded writes are made. */
export interface Ground {
  readonly client: DonebookClient;
  readonly resolve: Resolver;
  /** The newest that is known of a task. */
  known(id: string): Known | null;
  /** Learn what is new. */
  sync(): Promise<void>;
  /** Show that a write is another one by now. */
  revise(write: PendingWrite, patch: TaskPatch): void;
}

const ROUNDS = 5;
const OUTDATED = ["conflict", "precondition_failed", "revision_ahead"];

/** Update a task, merging with what others changed in other fields of it. */
export async function update(
  ground: Ground,
  write: PendingWrite,
  id: string,
  given: TaskPatch,
): Promise<Outcome> {
  let patch = given;
  let seen = (field: Field): unknown => write.seen(id, field);
  return await untilUpToDate(ground, async () => {
    let known = ground.known(id);
    let conflicts = conflictsOf(known, patch, seen);
    while (known !== null && conflicts.length > 0) {
      const { task } = known;
      const resolved = await ground.resolve({ task, patch, conflicts });
      if (resolved === null) throw new ConflictError(task, conflicts);
      patch = resolved;
      seen = (field) => task[field];
      ground.revise(write, patch);
      known = ground.known(id);
      conflicts = conflictsOf(known, patch, seen);
    }
    const task = await ground.client.updateTask(id, patch, known ? { base: known.revision } : {});
    return { revision: task.revision, results: [task] };
  });
}

/** Move a task to the trash, unless somebody else changed it. */
export async function remove(ground: Ground, write: PendingWrite, id: string): Promise<Outcome> {
  return await untilUpToDate(ground, async () => {
    const known = ground.known(id);
    if (known === null) {
      return await ground.client.batch([{ op: "delete", id }]);
    }
    const { task } = known;
    const changed = FIELDS.filter((field) => !equal(task[field], write.seen(id, field)));
    if (changed.length > 0) {
      const conflicts = changed.map((field) => ({ field, yours: null, current: task[field] }));
      throw new ConflictError(task, conflicts);
    }
    await ground.client.deleteTask(id, { ifMatch: task.revision });
    // The answer is empty. What was done to the task next, after it was seen, is this.
    const { items, revision } = await ground.client.listChanges({ task: id, since: known.revision, limit: 1 });
    return { revision: items[0]?.revision ?? revision, results: [] };
  });
}

/** Attempt a write, and again with what is new as long as the server says that there is something. */
async function untilUpToDate(ground: Ground, attempt: () => Promise<Outcome>): Promise<Outcome> {
  for (let round = 1; ; round += 1) {
    try {
      return await attempt();
    } catch (error) {
      const outdated = error instanceof ProblemError && OUTDATED.includes(error.code);
      if (!outdated || round === ROUNDS) throw error;
      await ground.sync();
    }
  }
}

function conflictsOf(
  known: Known | null,
  patch: TaskPatch,
  seen: (field: Field) => unknown,
): FieldConflict[] {
  if (known === null) return [];
  return FIELDS.filter((field) => field in patch)
    .map((field) => ({ field, yours: patch[field] ?? null, current: known.task[field] }))
    .filter(({ field, yours, current }) => !equal(current, seen(field)) && !equal(current, yours));
}

function equal(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
