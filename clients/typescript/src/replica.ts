import { exponentialBackoff, pause, type Backoff } from "./backoff.js";
import type { TaskledgerClient } from "./client.js";
import { deltaOf, followRevisions } from "./events.js";
import { remove, update, type Ground, type Resolver } from "./guarded.js";
import { UndoHistory } from "./history.js";
import { newId } from "./ids.js";
import { Outbox, type PendingWrite } from "./outbox.js";
import { advance, EMPTY, leadsOn, MemoryStore, type Delta, type Store } from "./store.js";
import type { Transport } from "./streams.js";
import { fetchDelta } from "./sync.js";
import type { NewTask, Operation, Outcome, Place, Task, TaskPatch } from "./types.js";

/** How a replica behaves. */
export interface ReplicaOptions {
  /** Where tasks are kept while the page is not open; by default nowhere. */
  readonly store?: Store;
  /** Asked about updates of fields that others changed meanwhile; by default such an update fails. */
  readonly resolve?: Resolver;
  /** Told what goes wrong in the background; the replica goes on trying. */
  readonly onError?: (error: unknown) => void;
  readonly transport?: Transport;
  readonly backoff?: Backoff;
}

/**
 * A user's tasks, here: what the server had at some revision, with one's own writes done already.
 *
 * Writes show at once. They are sent in order, one at a time. One that fails is taken back and its promise
 * rejects: with `ProblemError` if the server refused it, `ConflictError` if somebody else was faster,
 * `ConnectionError` if no answer came. What others write is merged in below one's own.
 */
export class Replica {
  readonly #client: TaskledgerClient;
  readonly #options: ReplicaOptions;
  readonly #store: Store;
  readonly #ground: Ground;
  readonly #history = new UndoHistory();
  readonly #outbox = new Outbox(() => this.#changed());
  readonly #listeners = new Set<() => void>();

  #snapshot = EMPTY;
  #view: readonly Task[] | null = null;
  #connected = false;
  #answered = 0;
  #running: AbortController | null = null;
  #syncing: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | null = null;
  #stored: Promise<void> = Promise.resolve();

  constructor(client: TaskledgerClient, options: ReplicaOptions = {}) {
    this.#client = client;
    this.#options = options;
    this.#store = options.store ?? new MemoryStore();
    this.#ground = {
      client,
      resolve: options.resolve ?? (() => null),
      known: (id) => this.#outbox.known(this.#snapshot, id),
      sync: () => this.sync(),
      revise: (write, task) => this.#outbox.revise(write, task),
    };
  }

  /** The tasks as they are arranged. The same array until something changes. */
  get tasks(): readonly Task[] {
    this.#view ??= this.#outbox.view(this.#snapshot);
    return this.#view;
  }

  /** The revision that the server's part of it is of. */
  get revision(): number {
    return this.#snapshot.revision;
  }

  /** Whether changes arrive as they happen. */
  get connected(): boolean {
    return this.#connected;
  }

  /** How many writes the server has not answered yet. */
  get unanswered(): number {
    return this.#outbox.unanswered;
  }

  /** Whether there is something to undo. */
  get canUndo(): boolean {
    return this.#history.undoable > 0;
  }

  /** Whether there is something to redo. */
  get canRedo(): boolean {
    return this.#history.redoable > 0;
  }

  /** Be called whenever something changed; the function that is returned ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Load what was stored, synchronise, and follow the events until `stop`.
   *
   * Resolves after the first synchronisation. Rejects if that fails, but goes on trying.
   */
  async start(): Promise<void> {
    if (this.#running) return;
    const running = new AbortController();
    this.#running = running;
    const loaded = await this.#store.load().catch((error: unknown) => {
      this.#report(error);
      return EMPTY;
    });
    if (loaded.revision > this.#snapshot.revision) {
      this.#snapshot = loaded;
      this.#changed();
    }
    const first = this.sync();
    void this.#follow(first, running.signal);
    await first;
  }

  /** Synchronise and follow no longer. What is here stays, and writes on their way go on. */
  stop(): void {
    this.#running?.abort();
    this.#running = null;
  }

  /** Learn what is new; not necessary while `connected`. */
  sync(): Promise<void> {
    // One that has begun may have missed what the caller wants to know, so that another one follows it.
    this.#nextSync ??= this.#syncing.catch(() => {}).then(() => {
      this.#nextSync = null;
      this.#syncing = this.#pull();
      return this.#syncing;
    });
    return this.#nextSync;
  }

  /** Create a task at the end of the list. */
  async create(task: NewTask): Promise<Task> {
    const id = task.id ?? newId();
    return theOne(await this.batch([{ op: "create", task: { ...task, id } }]));
  }

  /** Change fields of a task. What others change in its other fields meanwhile is kept. */
  async update(id: string, patch: TaskPatch): Promise<Task> {
    return theOne(
      await this.#write([{ op: "update", id, task: patch }], (write) =>
        update(this.#ground, write, id, patch),
      ),
    );
  }

  /** Complete a task. */
  async complete(id: string): Promise<Task> {
    return theOne(await this.batch([{ op: "complete", id }]));
  }

  /** Make a task open again. */
  async reopen(id: string): Promise<Task> {
    return theOne(await this.batch([{ op: "reopen", id }]));
  }

  /** Give a task another place. */
  async move(id: string, place: Place): Promise<Task> {
    return theOne(await this.batch([{ op: "move", id, ...place }]));
  }

  /** Move a task to the trash; with `ifUnchanged` only as the user saw it, else `ConflictError`. */
  async remove(id: string, { ifUnchanged = false } = {}): Promise<void> {
    const operations: Operation[] = [{ op: "delete", id }];
    if (ifUnchanged) {
      await this.#write(operations, (write) => remove(this.#ground, write, id));
    } else {
      await this.batch(operations);
    }
  }

  /** Take a task out of the trash. It shows when the server has done it. */
  async restore(id: string): Promise<Task> {
    return theOne(await this.batch([{ op: "restore", id }]));
  }

  /** Do up to 100 writes as one: all of them or none, to be undone as one. */
  async batch(operations: readonly Operation[]): Promise<readonly Task[]> {
    return await this.#write(operations, () => this.#client.batch(operations));
  }

  /** Take back this client's last write; the tasks that changed. It shows when the server has done it. */
  async undo(): Promise<readonly Task[]> {
    return await this.#step("undo");
  }

  /** Do again what was undone last. */
  async redo(): Promise<readonly Task[]> {
    return await this.#step("redo");
  }

  async #write(
    operations: readonly Operation[],
    send: (write: PendingWrite) => Promise<Outcome>,
  ): Promise<readonly Task[]> {
    return await this.#send(operations, async (write) => {
      const reached = this.#reached;
      const outcome = await send(write);
      // A write that changed nothing comes back with a revision that was there before.
      if (outcome.revision > reached) this.#history.note(outcome.revision);
      return outcome;
    });
  }

  async #step(direction: "undo" | "redo"): Promise<readonly Task[]> {
    return await this.#send([], async () => {
      const outcome = await this.#history.step(direction, this.#reached, (revision) =>
        this.#client.undo(revision),
      );
      return outcome ?? { revision: 0, results: [] };
    });
  }

  async #send(
    operations: readonly Operation[],
    send: (write: PendingWrite) => Promise<Outcome>,
  ): Promise<readonly Task[]> {
    const outcome = await this.#outbox.add(operations, this.#snapshot, async (write) => {
      const sent = await send(write);
      this.#answered = Math.max(this.#answered, sent.revision);
      return sent;
    });
    this.#outbox.settle(this.revision);
    if (outcome.revision > this.revision && !this.#connected) {
      this.#syncInBackground();
    }
    return outcome.results;
  }

  get #reached(): number {
    return Math.max(this.revision, this.#answered);
  }

  async #pull(): Promise<void> {
    this.#apply(await fetchDelta(this.#client, this.revision, this.#running?.signal));
  }

  #apply(delta: Delta): void {
    if (!leadsOn(this.revision, delta)) {
      // There is something between that was not told, as after starting from everything again.
      if (delta.since !== null && delta.since > this.revision) this.#syncInBackground();
      return;
    }
    if (delta.since === null) {
      // Another history, or one that was cut: what earlier answers said need not hold.
      this.#answered = 0;
      this.#outbox.settle(Number.POSITIVE_INFINITY);
      if (delta.revision < this.revision) this.#history.clear();
    }
    this.#snapshot = advance(this.#snapshot, delta);
    this.#outbox.settle(this.revision);
    this.#stored = this.#stored
      .then(() => this.#store.apply(delta))
      .catch((error: unknown) => this.#report(error));
    this.#changed();
  }

  async #follow(first: Promise<void>, signal: AbortSignal): Promise<void> {
    const { transport, backoff = exponentialBackoff() } = this.#options;
    let synced: Promise<void> | undefined = first;
    let failures = 0;
    while (!signal.aborted) {
      const syncing = synced ?? this.sync();
      synced = undefined;
      try {
        await syncing;
        await followRevisions(this.#client, {
          since: this.revision,
          signal,
          backoff,
          ...(transport === undefined ? {} : { transport }),
          onRevision: (revision) => this.#apply(deltaOf(revision)),
          onConnection: (connected) => {
            if (connected) failures = 0;
            this.#connect(connected);
          },
        });
      } catch (error) {
        this.#report(error);
        failures += 1;
        await pause(backoff(failures), signal).catch(() => {});
      }
    }
  }

  #syncInBackground(): void {
    this.sync().catch((error: unknown) => this.#report(error));
  }

  #connect(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#changed();
  }

  #changed(): void {
    this.#view = null;
    for (const listener of this.#listeners) {
      listener();
    }
  }

  #report(error: unknown): void {
    const isOurs = error instanceof DOMException && error.name === "AbortError";
    if (!isOurs) this.#options.onError?.(error);
  }
}

function theOne(tasks: readonly Task[]): Task {
  const [task] = tasks;
  if (task === undefined) throw new Error("the server answered a write without its task");
  return task;
}
