/** Names for what the server takes and gives; the shapes themselves are generated from its OpenAPI document. */

import type { components, operations } from "./schema.js";

type Schemas = components["schemas"];
type Query<Name extends keyof operations> = NonNullable<operations[Name]["parameters"]["query"]>;

/** A task as the server shows it. */
export type Task = Schemas["Task"];

/** A task to create. With an `id` of one's own choice (`newId`) it can be named before it is there. */
export type NewTask = Schemas["GivenTask"];

/** Fields to change: an absent field keeps its value, `null` clears it. */
export type TaskPatch = Schemas["GivenChange"];

/** Where to move a task to. */
export type Place = Schemas["MoveBefore"] | Schemas["MoveAfter"] | Schemas["MoveTo"];

/** One of the writes of a batch. */
export type Operation = Schemas["GivenBatch"]["operations"][number];

/** What several writes came to: the one revision of all of them, and the tasks as they are then. */
export type Outcome = Schemas["BatchResult"];

/** Which tasks to list. */
export type TaskQuery = Query<"v2_list_tasks">;

/** Some of the tasks, and how to come by the next. */
export type TaskPage = Schemas["TaskPage"];

/** Which part of the trash to list. */
export type TrashQuery = Query<"v2_list_trash">;

/** What changed since a revision. */
export type SyncDelta = Schemas["SyncDelta"];

/** What one request did, by its revision. */
export type Change = Schemas["Change"];

/** Which changes to list. */
export type ChangesQuery = Query<"v2_list_changes">;

/** Some of the changes. */
export type ChangePage = Schemas["ChangePage"];

/** What a revision did to one task. */
export type TaskEvent = Schemas["TaskEvent"];

/** Leave to follow the events once, for clients that cannot send headers. */
export type EventTicket = Schemas["EventTicket"];

/** A field that was changed since the version an edit was made of, with both values. */
export type FieldConflict = Schemas["FieldConflict"];

/** A task that stands in the way of an undo, and the fields of it that were changed again. */
export type UndoObstacle = Schemas["UndoObstacle"];

/** A rule that a request breaks, and where. */
export type BrokenRule = Schemas["BrokenRule"];

/** Why a request was refused (RFC 9457); which of the optional members there are depends on `code`. */
export type Problem = Schemas["Problem"] & {
  /** With `invalid` and `idempotency_key_reused`. */
  readonly errors?: readonly BrokenRule[];
  /** With `conflict` (fields) and `undo_conflict` (tasks). */
  readonly conflicts?: readonly FieldConflict[] | readonly UndoObstacle[];
  /** With `precondition_failed`: the task as it stands. */
  readonly task?: Task | null;
};
