import type { DonebookClient } from "./client.js";
import { remove, update, type Ground, type Resolver } from "./guarded.js";
import { UndoHistory } from "./history.js";
import { newId } from "./ids.js";
import { Mirror, type MirrorOptions } from "./mirror.js";
import { Outbox, type PendingWrite } from "./outbox.js";
import type { NewTask, Operation, Outcome, Place, Task, TaskPatch } from "./types.js";

/** How a replica behaves. */
export interface ReplicaOptions extends MirrorOptions {
  /** Asked about updates of fields that others changed meanwhile; by default such an update fails. */
  readonly resolve?: Resolver;
}

/**
 * A user's tasks, here: what the server had at some revision, with one's own writes done already.
 *
 * Writes show at once. They are sent in order, one at a time. One that fails is taken back and its promise
 * rejects: with `ProblemError` if the server refused it, `ConflictError` if somebody else was faster,
 * `ConnectionError` if no answer came. What others write is merged in below one's own.
 */
export class Replica {
  readonly #client: DonebookClient;
  readonly #mirror: Mirror;
  readonly #ground: Ground;
  readonly #history = new UndoHistory();
  readonly #outbox = new Outbox(() => this.#changed());
  readonly #listeners = new Set<() => void>();

  #view: readonly Task[] | null = null;
  #answered = 0;

  constructor(client: DonebookClient, options: ReplicaOptions = {}) {
    this.#client = client;
    this.#mirror = new Mirror(client, options, {
      changed: () => {
        this.#outbox.settle(this.revision);
        this.#changed();
      },
      replacing: () => this.#replacing(),
    });
    this.#ground = {
      client,
      resolve: options.resolve ?? (() => null),
      known: (id) => this.#outbox.known(this.#mirror.snapshot, id),
      sync: () => this.sync(),
      revise: (write, task) => this.#outbox.revise(write, task),
    };
  }

  /** The tasks as they are arranged. The same array until something changes. */
  get tasks(): readonly Task[] {
    this.#view ??= this.#outbox.view(this.#mirror.snapshot);
    return this.#view;
  }

  /** The revision that the server's part of it is of. */
  get revision(): number {
    return this.#mirror.snapshot.revision;
  }

  /** Whether changes arrive as they happen. */
  get connected(): boolean {
    return this.#mirror.connected;
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
    await this.#mirror.start();
  }

  /** Synchronise and follow no longer. What is here stays, and writes on their way go on. */
  stop(): void {
    this.#mirror.stop();
  }

  /** Learn what is new; not necessary while `connected`. */
  async sync(): Promise<void> {
    await this.#mirror.sync();
  }

  /** Create a task at the end of the list. */
  async create(task: NewTask): Promise<Task> {
    return theOne(await this.batch([{ op: "create", task }]));
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
    const named = operations.map(withId);
    return await this.#write(named, () => this.#client.batch(named));
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
    const outcome = await this.#outbox.add(operations, this.#mirror.snapshot, async (write) => {
      const sent = await send(write);
      this.#answered = Math.max(this.#answered, sent.revision);
      return sent;
    });
    this.#outbox.settle(this.revision);
    if (outcome.revision > this.revision && !this.connected) {
      this.#mirror.syncInBackground();
    }
    return outcome.results;
  }

  get #reached(): number {
    return Math.max(this.revision, this.#answered);
  }

  /** What comes is another history, or one that was cut: what answers said need not hold. */
  #replacing(): void {
    this.#answered = 0;
    this.#outbox.settle(Number.POSITIVE_INFINITY);
    if (this.revision > 0) this.#history.clear();
  }

  #changed(): void {
    this.#view = null;
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

/** The operation with the id by which what it creates can be shown before it is there. */
function withId(operation: Operation): Operation {
  if (operation.op !== "create") return operation;
  return { op: "create", task: { ...operation.task, id: operation.task.id ?? newId() } };
}

function theOne(tasks: readonly Task[]): Task {
  const [task] = tasks;
  if (task === undefined) throw new Error("the server answered a write without its task");
  return task;
}
