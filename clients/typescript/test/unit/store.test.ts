import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { IDBFactory } from "fake-indexeddb";

import { IndexedDbStore } from "../../src/indexeddb.js";
import { leadsOn, MemoryStore, type Delta, type Store } from "../../src/store.js";
import { aTask } from "../tasks.js";

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

const [a, b, newA] = [aTask({ id: "a" }), aTask({ id: "b" }), aTask({ id: "a", title: "new" })];

async function titles(store: Store): Promise<[number, string[]]> {
  const { revision, tasks } = await store.load();
  return [revision, [...tasks.values()].map((task) => task.title).sort()];
}

test("a delta leads on from where it begins or later, to beyond where one is", () => {
  const from = (since: number | null, revision: number): Delta => ({
    since,
    revision,
    tasks: [],
    deleted: [],
  });

  assert.equal(leadsOn(5, from(5, 6)), true);
  assert.equal(leadsOn(5, from(3, 6)), true);
  assert.equal(leadsOn(5, from(6, 7)), false, "it would leave a gap");
  assert.equal(leadsOn(5, from(3, 5)), false, "it would lead back");
  assert.equal(leadsOn(5, from(null, 3)), true, "everything is everything");
});

for (const [name, create] of [
  ["memory", () => new MemoryStore()],
  ["IndexedDB", () => new IndexedDbStore("tasks of ada")],
] as const) {
  describe(`in ${name}`, () => {
    test("nothing is there at first", async () => {
      assert.deepEqual(await titles(create()), [0, []]);
    });

    test("deltas add, replace and delete tasks", async () => {
      const store = create();
      await store.apply({ since: null, revision: 2, tasks: [a, b], deleted: [] });
      await store.apply({ since: 2, revision: 4, tasks: [newA], deleted: ["b"] });

      assert.deepEqual(await titles(store), [4, ["new"]]);
    });

    test("a delta that does not lead on does nothing", async () => {
      const store = create();
      await store.apply({ since: null, revision: 2, tasks: [a], deleted: [] });
      await store.apply({ since: 3, revision: 4, tasks: [b], deleted: ["a"] });
      await store.apply({ since: 1, revision: 2, tasks: [b], deleted: ["a"] });

      assert.deepEqual(await titles(store), [2, ["a"]]);
    });

    test("everything replaces what was there", async () => {
      const store = create();
      await store.apply({ since: null, revision: 9, tasks: [a], deleted: [] });
      await store.apply({ since: null, revision: 3, tasks: [b], deleted: [] });

      assert.deepEqual(await titles(store), [3, ["b"]]);
    });
  });
}

test("IndexedDB keeps it from one page to the next, and shares it between tabs", async () => {
  const [tab, other] = [new IndexedDbStore("ada"), new IndexedDbStore("ada")];
  await tab.apply({ since: null, revision: 1, tasks: [a], deleted: [] });
  await other.apply({ since: 1, revision: 3, tasks: [b], deleted: [] });
  await tab.apply({ since: 1, revision: 2, tasks: [newA], deleted: [] });
  await tab.close();

  assert.deepEqual(await titles(new IndexedDbStore("ada")), [3, ["a", "b"]]);
  assert.deepEqual(await titles(new IndexedDbStore("eve")), [0, []]);
});
