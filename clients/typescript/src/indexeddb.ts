import { leadsOn, type Delta, type Snapshot, type Store } from "./store.js";
import type { Task } from "./types.js";

const TASKS = "tasks";
const MARKS = "marks";
const REVISION = "revision";

/** Keeps the snapshot in IndexedDB. Several tabs may share one; give each user another name. */
export class IndexedDbStore implements Store {
  readonly #name: string;
  #opened: Promise<IDBDatabase> | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  async load(): Promise<Snapshot> {
    const transaction = await this.#transaction("readonly");
    const [tasks, revision] = await Promise.all([
      settled<Task[]>(transaction.objectStore(TASKS).getAll()),
      readRevision(transaction),
    ]);
    return { tasks: new Map(tasks.map((task) => [task.id, task])), revision };
  }

  async apply(delta: Delta): Promise<number> {
    const transaction = await this.#transaction("readwrite");
    // Together, so that a transaction that fails while it is filled is waited for, too.
    const [kept] = await Promise.all([fill(transaction, delta), finished(transaction)]);
    return kept;
  }

  /** Close the database, for instance to delete it when the user signs out. */
  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    (await opened)?.close();
  }

  async #transaction(mode: IDBTransactionMode): Promise<IDBTransaction> {
    this.#opened ??= open(this.#name);
    try {
      return (await this.#opened).transaction([TASKS, MARKS], mode);
    } catch (error) {
      this.#opened = null; // It was refused or closed; the next one opens it anew.
      throw error;
    }
  }
}

async function open(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(TASKS);
    request.result.createObjectStore(MARKS);
  };
  const database = await settled(request);
  // Whoever wants to delete the database need not wait for this tab.
  database.onversionchange = () => database.close();
  return database;
}

/** Put a delta into what is kept, if it leads on from it; the revision of what is kept then. */
async function fill(transaction: IDBTransaction, delta: Delta): Promise<number> {
  const kept = await readRevision(transaction);
  if (!leadsOn(kept, delta)) return kept;
  try {
    const tasks = transaction.objectStore(TASKS);
    if (delta.since === null) tasks.clear();
    for (const task of delta.tasks) tasks.put(task, task.id);
    for (const id of delta.deleted) tasks.delete(id);
    transaction.objectStore(MARKS).put(delta.revision, REVISION);
  } catch (error) {
    abort(transaction); // Otherwise what was put before it failed would be kept.
    throw error;
  }
  return delta.revision;
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It is aborted already, which may be why it could not be filled.
  }
}

async function readRevision(transaction: IDBTransaction): Promise<number> {
  const found = await settled<number | undefined>(transaction.objectStore(MARKS).get(REVISION));
  return found ?? 0;
}

function settled<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("The transaction was aborted"));
  });
}
