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

  async apply(delta: Delta): Promise<void> {
    const transaction = await this.#transaction("readwrite");
    const done = finished(transaction);
    if (leadsOn(await readRevision(transaction), delta)) {
      const tasks = transaction.objectStore(TASKS);
      if (delta.since === null) tasks.clear();
      for (const task of delta.tasks) tasks.put(task, task.id);
      for (const id of delta.deleted) tasks.delete(id);
      transaction.objectStore(MARKS).put(delta.revision, REVISION);
    }
    await done;
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
    transaction.onabort = () => reject(transaction.error);
  });
}
