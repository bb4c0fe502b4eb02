import { Connection, type ConnectionOptions } from "./http.js";
import type {
  ChangePage,
  ChangesQuery,
  EventTicket,
  NewTask,
  Operation,
  Outcome,
  Place,
  SyncDelta,
  Task,
  TaskPage,
  TaskPatch,
  TaskQuery,
  TrashQuery,
} from "./types.js";

/** Circumstances of a write. */
export interface WriteOptions {
  /** The idempotency key; by default a new one. With the same key the write is done once in 24 hours. */
  readonly key?: string;
  /** Write only if the task is at this revision, else 412 (`precondition_failed`, with the task). */
  readonly ifMatch?: number;
  readonly signal?: AbortSignal;
}

/** Circumstances of an update. */
export interface UpdateOptions extends WriteOptions {
  /**
   * A revision at which the task was seen. The update is made if none of its fields was given another
   * value since, else 409 (`conflict`, with the fields).
   */
  readonly base?: number;
}

/**
 * The endpoints of `/api/v2`, one method for each.
 *
 * A lost answer is asked for again, writes under the same idempotency key. All methods throw `ProblemError`
 * for a refusal and `ConnectionError` if no answer came.
 */
export class DonebookClient {
  readonly #connection: Connection;

  constructor(options: ConnectionOptions) {
    this.#connection = new Connection(options);
  }

  /** A page of tasks. */
  async listTasks(query: TaskQuery = {}, signal?: AbortSignal): Promise<TaskPage> {
    return await this.#get("/api/v2/tasks", query, signal);
  }

  /** All tasks of a query, page after page. */
  async *tasks(query: Omit<TaskQuery, "cursor"> = {}, signal?: AbortSignal): AsyncGenerator<Task> {
    let cursor: string | null = null;
    do {
      const page: TaskPage = await this.listTasks({ ...query, cursor }, signal);
      yield* page.items;
      cursor = page.next_cursor;
    } while (cursor !== null);
  }

  /** One task. */
  async getTask(id: string, signal?: AbortSignal): Promise<Task> {
    return await this.#get(taskPath(id), {}, signal);
  }

  /** Create a task at the end of the list. */
  async createTask(task: NewTask, options: WriteOptions = {}): Promise<Task> {
    return await this.#post("/api/v2/tasks", task, options);
  }

  /** Change the fields that are given. */
  async updateTask(id: string, patch: TaskPatch, options: UpdateOptions = {}): Promise<Task> {
    const query = { base: options.base };
    return await this.#connection.request({
      method: "PATCH",
      path: taskPath(id),
      query,
      body: patch,
      ...circumstances(options),
    });
  }

  /** Move a task to the trash. */
  async deleteTask(id: string, options: WriteOptions = {}): Promise<void> {
    await this.#delete(taskPath(id), options);
  }

  /** Complete a task; one that is complete comes back unchanged. */
  async completeTask(id: string, options: WriteOptions = {}): Promise<Task> {
    return await this.#post(`${taskPath(id)}/complete`, undefined, options);
  }

  /** Make a task open again; one that is open comes back unchanged. */
  async reopenTask(id: string, options: WriteOptions = {}): Promise<Task> {
    return await this.#post(`${taskPath(id)}/reopen`, undefined, options);
  }

  /** Take a task out of the trash. */
  async restoreTask(id: string, options: WriteOptions = {}): Promise<Task> {
    return await this.#post(`${taskPath(id)}/restore`, undefined, options);
  }

  /** Give a task another place. */
  async moveTask(id: string, place: Place, options: WriteOptions = {}): Promise<Task> {
    return await this.#post(`${taskPath(id)}/move`, place, options);
  }

  /** Do up to 100 writes as one: all of them, under one revision, or none. */
  async batch(
    operations: readonly Operation[],
    options: Omit<WriteOptions, "ifMatch"> = {},
  ): Promise<Outcome> {
    return await this.#post("/api/v2/batch", { operations }, options);
  }

  /**
   * What changed since a revision; without one, everything. No page is larger than `limit` if `began` is 0
   * for the first one and then its `newest`.
   */
  async sync(
    query: { readonly since?: number; readonly began?: number; readonly limit?: number } = {},
    signal?: AbortSignal,
  ): Promise<SyncDelta> {
    return await this.#get("/api/v2/sync", query, signal);
  }

  /** Who did what when: a page of the history. */
  async listChanges(query: ChangesQuery = {}, signal?: AbortSignal): Promise<ChangePage> {
    return await this.#get("/api/v2/changes", query, signal);
  }

  /** Take back all that one request did, as a new revision. Undoing that does it again. */
  async undo(revision: number, options: Omit<WriteOptions, "ifMatch"> = {}): Promise<Outcome> {
    return await this.#post(`/api/v2/changes/${revision}/undo`, undefined, options);
  }

  /** A page of the trash, what was deleted last first. */
  async listTrash(query: TrashQuery = {}, signal?: AbortSignal): Promise<TaskPage> {
    return await this.#get("/api/v2/trash", query, signal);
  }

  /** Delete a task in the trash for good. */
  async eraseTask(id: string, options: WriteOptions = {}): Promise<void> {
    await this.#delete(`/api/v2/trash/${encodeURIComponent(id)}`, options);
  }

  /** Leave to follow the events once, within a minute. */
  async issueEventTicket(signal?: AbortSignal): Promise<EventTicket> {
    return await this.#connection.request({ method: "POST", path: "/api/v2/events/ticket", signal });
  }

  /** The URL of the events after a revision, for whoever has the ticket. */
  eventsUrl(since: number, ticket: string): string {
    return this.#connection.url("/api/v2/events", { ticket, since });
  }

  /** The stream of the events after a revision, as it comes from the server. Asked for once. */
  async openEvents(since: number, signal: AbortSignal): Promise<Response> {
    return await this.#connection.stream("/api/v2/events", { since }, signal);
  }

  async #get<Answered>(path: string, query: object, signal?: AbortSignal): Promise<Answered> {
    return await this.#connection.request({ method: "GET", path, query, signal });
  }

  async #post<Answered>(
    path: string,
    body: object | undefined,
    options: WriteOptions,
  ): Promise<Answered> {
    const given = body === undefined ? {} : { body };
    return await this.#connection.request({ method: "POST", path, ...given, ...circumstances(options) });
  }

  async #delete(path: string, options: WriteOptions): Promise<void> {
    await this.#connection.request({ method: "DELETE", path, ...circumstances(options) });
  }
}

function taskPath(id: string): string {
  return `/api/v2/tasks/${encodeURIComponent(id)}`;
}

function circumstances({ key, ifMatch, signal }: WriteOptions) {
  return { key, ifMatch: ifMatch === undefined ? undefined : `"${ifMatch}"`, signal };
}
