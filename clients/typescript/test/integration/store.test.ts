import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { IDBFactory, IDBObjectStore } from "fake-indexeddb";

import type { DonebookClient } from "../../src/client.js";
import { IndexedDbStore } from "../../src/indexeddb.js";
import { Replica } from "../../src/replica.js";
import { clientOf, newUser, until } from "./server.js";

const NAME = "tasks of ada";
const put = IDBObjectStore.prototype.put;

let client: DonebookClient;
let replica: Replica;
let errors: unknown[];

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  errors = [];
  client = clientOf(newUser());
  await client.createTask({ title: "first" });
  const onError = (error: unknown) => errors.push(error);
  replica = new Replica(client, { store: new IndexedDbStore(NAME), onError, backoff: () => 5 });
  await replica.start();
  await until(() => replica.connected);
  await keeps(["first"]);
});

afterEach(() => {
  IDBObjectStore.prototype.put = put;
  replica.stop();
});

/** Wait until a page that is opened now, without a connection, shows these tasks of this revision. */
async function keeps(titles: string[]): Promise<void> {
  for (;;) {
    const { revision, tasks } = await new IndexedDbStore(NAME).load();
    const found = [...tasks.values()].map(({ title }) => title).sort();
    if (revision === replica.revision && String(found) === String(titles)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("a store that refuses a write catches up by itself, and that is told once", async () => {
  let left = 2;
  IDBObjectStore.prototype.put = function (...given) {
    if (left-- > 0) throw new DOMException("the quota is used up", "QuotaExceededError");
    return put.apply(this, given);
  };
  await client.createTask({ title: "second" });
  await client.createTask({ title: "third" });
  await until(() => replica.tasks.length === 3);

  await keeps(["first", "second", "third"]);
  assert.deepEqual(
    errors.map((error) => (error as Error).name),
    ["QuotaExceededError"],
  );
});

test("a store whose data are cleared while it is open catches up, and that is told once", async () => {
  const clearing = indexedDB.deleteDatabase(NAME);
  await new Promise((resolve) => {
    clearing.onsuccess = resolve;
  });
  await client.createTask({ title: "second" });
  await until(() => replica.tasks.length === 2);

  await keeps(["first", "second"]);
  assert.equal(errors.length, 1);
});
