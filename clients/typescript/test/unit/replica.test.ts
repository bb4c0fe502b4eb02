import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import { IDBFactory, IDBObjectStore } from "fake-indexeddb";

import { DonebookClient } from "../../src/client.js";
import { ProblemError } from "../../src/errors.js";
import { IndexedDbStore } from "../../src/indexeddb.js";
import { Replica } from "../../src/replica.js";
import { MemoryStore, type Store } from "../../src/store.js";
import type { Listener, Transport } from "../../src/streams.js";
import type { Problem, SyncDelta, Task } from "../../src/types.js";
import { aTask } from "../tasks.js";

const put = IDBObjectStore.prototype.put;

/** A server with the tasks of one user, as far as a replica asks. */
class FakeServer {
  revision = 0;
  floor = 0;
  tasks: Task[] = [];
  stream: { listener: Listener; end: (error?: Error) => void } | null = null;
  afterPage: () => void = () => {};
  pageSize = Number.POSITIVE_INFINITY;

  readonly client = new DonebookClient({
    baseUrl: "https://tasks.example.com",
    token: () => "",
    backoff: () => 0,
    fetch: async (url) => this.#answer(new URL(String(url))),
  });

  readonly transport: Transport = async (_client, since, listener, signal) => {
    this.#require(since);
    listener.opened();
    await new Promise<void>((resolve, reject) => {
      this.stream = { listener, end: (error) => (error ? reject(error) : resolve()) };
      signal.addEventListener("abort", () => resolve());
    });
  };

  create(title: string): void {
    this.revision += 1;
    const task = aTask({ id: title, revision: this.revision });
    this.tasks.push(task);
    const { revision, tasks } = this;
    const told = { id: title, number: tasks.length, revision, action: "created", contract: "v2", task };
    this.stream?.listener.message({ id: String(revision), data: JSON.stringify({ ...told, at: "" }) });
  }

  /** Other tasks under other numbers, as when a backup was restored. */
  renew(revision: number, titles: string[]): void {
    this.tasks = titles.map((title) => aTask({ id: title, revision: 1 }));
    this.revision = revision;
    this.floor = revision;
    this.stream?.end();
  }

  #require(since: number): void {
    if (since > this.revision) throw new ProblemError(problem(400, "revision_ahead"));
    if (since !== 0 && since < this.floor) throw new ProblemError(problem(410, "resync_required"));
  }

  #answer(url: URL): Response {
    const since = Number(url.searchParams.get("since") ?? 0);
    try {
      this.#require(since);
    } catch (error) {
      const { problem: told } = error as ProblemError;
      return Response.json(told, { status: told.status });
    }
    const changed = this.tasks.filter((task) => task.revision > since);
    const tasks = changed.slice(0, this.pageSize);
    const more = tasks.length < changed.length;
    const revision = more ? (tasks.at(-1)?.revision ?? 0) : this.revision;
    const page: SyncDelta = { tasks, deleted: [], revision, more };
    this.afterPage();
    return Response.json(page);
  }
}

function problem(status: number, code: string): Problem {
  return { type: "about:blank", title: code, status, code, instance: "" } as Problem;
}

let server: FakeServer;
let replica: Replica;
let errors: unknown[];

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  server = new FakeServer();
  errors = [];
});

afterEach(() => {
  replica.stop();
  IDBObjectStore.prototype.put = put;
});

async function start(store: Store): Promise<void> {
  const { client, transport } = server;
  const onError = (error: unknown) => errors.push(error);
  replica = new Replica(client, { store, transport, onError, backoff: () => 1 });
  await replica.start();
  await until(() => replica.connected);
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 1));
}

const shown = () => replica.tasks.map(({ title }) => title).sort();

async function kept(store: Store): Promise<string[]> {
  return [...(await store.load()).tasks.keys()].sort();
}

test("after a write that its store refused, the next page finds everything all the same", async () => {
  const store = new IndexedDbStore("ada");
  server.create("a");
  await start(store);
  await until(async () => (await kept(store)).length === 1);
  let refused = 0;
  IDBObjectStore.prototype.put = function (...given) {
    if (refused++ === 0) throw new DOMException("the quota is used up", "QuotaExceededError");
    return put.apply(this, given);
  };
  server.create("b");
  server.create("c");

  const nextPage = new IndexedDbStore("ada");
  await until(async () => (await kept(nextPage)).length === 3);
  assert.deepEqual((await nextPage.load()).revision, 3);
  assert.deepEqual(errors.map(String), ["QuotaExceededError: the quota is used up"]);
});

test("after its site's data were cleared, the next page finds everything all the same", async () => {
  const store = new IndexedDbStore("ada");
  server.create("a");
  await start(store);
  await until(async () => (await kept(store)).length === 1);
  const clearing = indexedDB.deleteDatabase("ada");
  await new Promise((resolve) => {
    clearing.onsuccess = resolve;
  });
  server.create("b");

  const nextPage = new IndexedDbStore("ada");
  await until(async () => (await kept(nextPage)).length === 2);
  assert.equal(errors.length, 1);
});

describe("when the server's history was renewed, it begins anew by itself", () => {
  for (const [what, revision] of [
    ["and is beyond what was known", 1_000_000],
    ["and has not reached what was known", 2],
  ] as const) {
    test(what, async () => {
      const store = new MemoryStore();
      for (const title of ["a", "b", "lost"]) server.create(title);
      await start(store);
      server.renew(revision, ["a", "b", "other"]);

      await until(() => shown().includes("other"));
      await until(() => replica.connected);
      assert.deepEqual(shown(), ["a", "b", "other"]);
      assert.equal(replica.revision, revision);
      await until(async () => (await store.load()).revision === revision);
      assert.deepEqual(await kept(store), ["a", "b", "other"]);
      assert.deepEqual(errors, []);
    });
  }

  test("between two pages of everything, too", async () => {
    for (const title of ["a", "b", "lost"]) server.create(title);
    server.pageSize = 1;
    server.afterPage = () => {
      server.afterPage = () => {};
      server.pageSize = Number.POSITIVE_INFINITY;
      server.renew(1_000_000, ["a", "other"]);
    };
    await start(new MemoryStore());

    assert.deepEqual(shown(), ["a", "other"]);
    assert.deepEqual(errors, []);
  });
});
