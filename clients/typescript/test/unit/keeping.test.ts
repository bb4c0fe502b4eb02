import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import { IDBFactory, IDBObjectStore } from "fake-indexeddb";

import { IndexedDbStore } from "../../src/indexeddb.js";
import { StoreWriter } from "../../src/keeping.js";
import { advance, EMPTY, MemoryStore, type Delta, type Snapshot, type Store } from "../../src/store.js";
import { aTask } from "../tasks.js";

const NAME = "tasks of ada";
const put = IDBObjectStore.prototype.put;

let errors: unknown[];
let stopping: AbortController;
let snapshot: Snapshot;

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  errors = [];
  stopping = new AbortController();
  snapshot = EMPTY;
});

afterEach(() => {
  IDBObjectStore.prototype.put = put;
  stopping.abort();
});

function writerFor(store: Store): StoreWriter {
  return new StoreWriter(store, () => 1, (error) => errors.push(error));
}

/** The next revision, which creates the task of this name; of everything if it begins at `null`. */
function created(title: string, since: number | null = snapshot.revision): Delta {
  return { since, revision: (since ?? 0) + 1, tasks: [aTask({ id: title })], deleted: [] };
}

function write(writer: StoreWriter, delta: Delta): void {
  snapshot = advance(snapshot, delta);
  writer.write(delta, snapshot, stopping.signal);
}

/** Whether another page would find this revision and these tasks, sooner or later. */
async function keeps(store: Store, revision: number, titles: string[]): Promise<void> {
  for (;;) {
    const found = await store.load();
    if (found.revision === revision) {
      assert.deepEqual([...found.tasks.keys()].sort(), titles);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const ways: [string, (times: number) => void][] = [
  [
    "by an error",
    (times) => {
      let left = times;
      IDBObjectStore.prototype.put = function (...given) {
        if (left-- > 0) throw new DOMException("the quota is used up", "QuotaExceededError");
        return put.apply(this, given);
      };
    },
  ],
  [
    "by aborting the transaction",
    (times) => {
      let left = times;
      IDBObjectStore.prototype.put = function (...given) {
        const request = put.apply(this, given);
        if (left-- > 0) this.transaction.abort();
        return request;
      };
    },
  ],
];

for (const [way, refuse] of ways) {
  describe(`a write that IndexedDB refuses ${way}`, () => {
    test("is made up for by itself, and told once", async () => {
      const store = new IndexedDbStore(NAME);
      const writer = writerFor(store);
      write(writer, created("a"));
      await keeps(store, 1, ["a"]);
      refuse(3);
      write(writer, created("b"));

      await keeps(new IndexedDbStore(NAME), 2, ["a", "b"]);
      assert.equal(errors.length, 1);
    });

    test("is made up for by those that come meanwhile, and told once", async () => {
      const store = new IndexedDbStore(NAME);
      const writer = writerFor(store);
      write(writer, created("a"));
      refuse(1);
      write(writer, created("b"));
      write(writer, created("c"));
      write(writer, created("d"));

      await keeps(new IndexedDbStore(NAME), 4, ["a", "b", "c", "d"]);
      assert.equal(errors.length, 1);
    });

    test("leaves nothing half done", async () => {
      const store = new IndexedDbStore(NAME);
      await store.apply({ since: null, revision: 1, tasks: [aTask({ id: "a" })], deleted: [] });
      let calls = 0;
      IDBObjectStore.prototype.put = function (...given) {
        if (++calls === 2) throw new DOMException("the quota is used up", "QuotaExceededError");
        return put.apply(this, given);
      };
      const both = [aTask({ id: "b" }), aTask({ id: "c" })];
      await assert.rejects(store.apply({ since: 1, revision: 2, tasks: both, deleted: ["a"] }));

      await keeps(store, 1, ["a"]);
    });
  });
}

test("a second trouble after a good while is told again", async () => {
  const store = new IndexedDbStore(NAME);
  const writer = writerFor(store);
  for (const [revision, title] of ["a", "b"].entries()) {
    ways[0]?.[1](2);
    write(writer, created(title));
    await keeps(new IndexedDbStore(NAME), revision + 1, ["a", "b"].slice(0, revision + 1));
  }

  assert.equal(errors.length, 2);
});

test("a store whose data are cleared while it is open is filled again, and that is told once", async () => {
  const store = new IndexedDbStore(NAME);
  const writer = writerFor(store);
  write(writer, created("a"));
  await keeps(store, 1, ["a"]);
  const clearing = indexedDB.deleteDatabase(NAME);
  await new Promise((resolve) => {
    clearing.onsuccess = resolve;
  });
  write(writer, created("b"));

  await keeps(new IndexedDbStore(NAME), 2, ["a", "b"]);
  assert.equal(errors.length, 1);
});

test("a store that lost everything without a word is filled again", async () => {
  const store = new MemoryStore();
  const writer = writerFor(store);
  write(writer, created("a"));
  await keeps(store, 1, ["a"]);
  await store.apply({ since: null, revision: 0, tasks: [], deleted: [] });
  write(writer, created("b"));

  await keeps(store, 2, ["a", "b"]);
  assert.deepEqual(errors, []);
});

test("a store that another tab has brought further is left alone", async () => {
  const store = new MemoryStore();
  const writer = writerFor(store);
  write(writer, created("a"));
  await keeps(store, 1, ["a"]);
  await store.apply({ since: 1, revision: 9, tasks: [aTask({ id: "theirs" })], deleted: [] });
  write(writer, created("b"));
  await new Promise((resolve) => setTimeout(resolve, 5));

  await keeps(store, 9, ["a", "theirs"]);
});

test("another history that is refused replaces the one that is kept all the same", async () => {
  const store = new IndexedDbStore(NAME);
  await store.apply({ since: null, revision: 1000, tasks: [aTask({ id: "ghost" })], deleted: [] });
  ways[0]?.[1](1);
  write(writerFor(store), created("real", null));

  await keeps(new IndexedDbStore(NAME), 1, ["real"]);
});

test("a writer that is stopped does not go on trying", async () => {
  const store = new IndexedDbStore(NAME);
  ways[0]?.[1](Number.POSITIVE_INFINITY);
  let attempts = 0;
  const counting: Store = {
    load: () => store.load(),
    apply: (delta) => {
      attempts += 1;
      return store.apply(delta);
    },
  };
  const writer = writerFor(counting);
  write(writer, created("a"));
  while (errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  stopping.abort();
  const then = attempts;
  await new Promise((resolve) => setTimeout(resolve, 20));

  assert.ok(attempts <= then + 1);
});
