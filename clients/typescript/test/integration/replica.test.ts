import assert from "node:assert/strict";
import { after, afterEach, beforeEach, describe, test } from "node:test";

import type { DonebookClient } from "../../src/client.js";
import { keepMine, keepTheirs } from "../../src/guarded.js";
import { Replica, type ReplicaOptions } from "../../src/replica.js";
import { MemoryStore } from "../../src/store.js";
import type { Task } from "../../src/types.js";
import { aTask } from "../tasks.js";
import { Proxy } from "./proxy.js";
import { beginningOf, clientOf, newUser, tasksOf, titles, until } from "./server.js";

const proxy = await Proxy.start();
after(() => proxy.stop());

let user: string;
let other: DonebookClient;
let begin: number;
const running: Replica[] = [];

beforeEach(async () => {
  user = newUser();
  other = clientOf(user);
  begin = await beginningOf(other);
  proxy.fate = () => "deliver";
});

afterEach(() => {
  for (const replica of running.splice(0)) replica.stop();
});

/** A replica at the other end of the bad line, up to date and connected. */
async function startReplica(options: ReplicaOptions = {}): Promise<Replica> {
  const client = clientOf(user, { baseUrl: proxy.url });
  const replica = new Replica(client, { backoff: () => 5, ...options });
  running.push(replica);
  await replica.start();
  await until(() => replica.connected);
  return replica;
}

describe("synchronisation", () => {
  test("what is there comes first, and what others do comes as they do it", async () => {
    const { id } = await other.createTask({ title: "early" });
    const replica = await startReplica();
    assert.deepEqual(titles(replica), ["early"]);

    await other.batch([
      { op: "update", id, task: { title: "later" } },
      { op: "create", task: { title: "new" } },
    ]);
    await until(() => replica.revision === begin + 2);
    assert.deepEqual(titles(replica), ["later", "new"]);

    await other.deleteTask(id);
    await until(() => replica.revision === begin + 3);
    assert.deepEqual(titles(replica), ["new"]);
  });

  test("what was missed while the page was closed is caught up with", async () => {
    const store = new MemoryStore();
    const doomed = await other.createTask({ title: "doomed" });
    const first = await startReplica({ store });
    first.stop();
    await other.deleteTask(doomed.id);
    await other.createTask({ title: "new" });
    const second = await startReplica({ store });

    assert.deepEqual(titles(second), ["new"]);
    assert.equal((await store.load()).revision, begin + 3);
  });

  test("what was missed while the line was down is caught up with", async () => {
    const replica = await startReplica();
    const restore = proxy.hold();
    proxy.cut();
    await until(() => !replica.connected);
    await other.createTask({ title: "meanwhile" });
    restore();
    await until(() => titles(replica).includes("meanwhile"));
    await until(() => replica.connected);
  });

  for (const [what, revision] of [
    ["another database, which is further", Number.MAX_SAFE_INTEGER],
    ["a database that was made again", 3],
  ] as const) {
    test(`a store of ${what} is replaced`, async () => {
      const store = new MemoryStore();
      await store.apply({ since: null, revision, tasks: [aTask({ id: "ghost" })], deleted: [] });
      await other.createTask({ title: "real" });
      const errors: unknown[] = [];
      const replica = await startReplica({ store, onError: (error) => errors.push(error) });

      assert.deepEqual(titles(replica), ["real"]);
      assert.equal((await store.load()).revision, begin + 1);
      assert.deepEqual(errors, []);
    });
  }

  test("a store from before deletions that are forgotten is replaced", async () => {
    // The user whose tombstones were swept away up to revision 3, by whoever started the server.
    user = "swept";
    const store = new MemoryStore();
    await store.apply({ since: null, revision: 1, tasks: [aTask({ id: "ghost" })], deleted: [] });
    const replica = await startReplica({ store });

    assert.deepEqual(titles(replica), ["kept"]);
  });
});

describe("optimistic writes", () => {
  test("a write shows at once, and for good when it is answered", async () => {
    const replica = await startReplica();
    const release = proxy.hold();
    const creating = replica.create({ title: " Buy groceries " });
    assert.deepEqual(titles(replica), ["Buy groceries"]);
    assert.equal(replica.unanswered, 1);

    release();
    const task = await creating;
    assert.equal(replica.unanswered, 0);
    assert.deepEqual(replica.tasks, [task]);
    await until(() => replica.revision === task.revision);
    assert.deepEqual(replica.tasks, await tasksOf(other));
  });

  test("writes of a task that is still on its way are sent after it", async () => {
    const replica = await startReplica();
    const creating = replica.create({ title: "a" });
    const id = replica.tasks[0]?.id ?? "";
    await Promise.all([
      replica.update(id, { title: "b" }),
      replica.complete(id),
      replica.update(id, { title: "c", completed: false }),
      creating,
    ]);
    await until(() => replica.revision === begin + 4);

    assert.deepEqual(replica.tasks, await tasksOf(other));
    assert.deepEqual(titles(replica), ["c"]);
  });

  test("a refused write is taken back", async () => {
    const { id } = await other.createTask({ title: "there" });
    const replica = await startReplica();
    const views: string[][] = [];
    replica.subscribe(() => views.push(titles(replica)));
    const writing = replica.update(id, { title: "x".repeat(501) });
    assert.deepEqual(titles(replica), ["x".repeat(501)]);

    await assert.rejects(writing, { name: "ProblemError", code: "invalid" });
    assert.deepEqual(titles(replica), ["there"]);
    assert.deepEqual(views.at(-1), ["there"]);
  });

  test("a write to what is gone is taken back", async () => {
    const { id } = await other.createTask({ title: "there" });
    const replica = await startReplica();
    const release = proxy.hold();
    const completing = replica.complete(id);
    await other.deleteTask(id);
    release();

    await assert.rejects(completing, { name: "ProblemError", code: "task_not_found" });
    await until(() => replica.tasks.length === 0);
  });

  test("a write is done once, however many answers are lost", async () => {
    const replica = await startReplica();
    proxy.loseAnswers(3);
    const task = await replica.create({ title: "once" });
    proxy.loseAnswers(3);
    await replica.update(task.id, { title: "twice" });
    await until(() => replica.revision === begin + 2);

    assert.deepEqual(replica.tasks, await tasksOf(other));
  });

  test("a batch is one, and undone as one", async () => {
    const [a, b] = [await other.createTask({ title: "a" }), await other.createTask({ title: "b" })];
    const replica = await startReplica();
    const done = replica.batch([
      { op: "move", id: b.id, to: "first" },
      { op: "delete", id: a.id },
    ]);
    assert.deepEqual(titles(replica), ["b"]);
    await done;
    await replica.undo();

    assert.deepEqual(titles(replica), ["a", "b"]);
  });
});

describe("somebody else is faster", () => {
  /** The replica writes while the other client does, which comes first. */
  async function race<Written>(
    options: ReplicaOptions,
    theirs: (task: Task) => Promise<unknown>,
    mine: (replica: Replica, id: string) => Promise<Written>,
  ): Promise<{ replica: Replica; outcome: Written | Error }> {
    const task = await other.createTask({ title: "title", description: "description" });
    const replica = await startReplica(options);
    const release = proxy.hold();
    const writing = mine(replica, task.id).catch((error: Error) => error);
    await theirs(task);
    release();
    const outcome = await writing;
    await replica.sync();
    return { replica, outcome };
  }

  const retitled = (task: Task) => other.updateTask(task.id, { title: "theirs" });

  test("in another field: both changes stay", async () => {
    const { replica } = await race({}, retitled, (mine, id) => mine.update(id, { description: "mine" }));

    assert.deepEqual(replica.tasks, await tasksOf(other));
    assert.deepEqual([replica.tasks[0]?.title, replica.tasks[0]?.description], ["theirs", "mine"]);
  });

  test("in the same field: mine is taken back, and both values are told", async () => {
    const { replica, outcome } = await race({}, retitled, (mine, id) =>
      mine.update(id, { title: "mine", priority: "high" }),
    );

    assert.deepEqual(
      { ...(outcome as Error) },
      {
        name: "ConflictError",
        task: replica.tasks[0],
        conflicts: [{ field: "title", yours: "mine", current: "theirs" }],
      },
    );
    assert.deepEqual(replica.tasks, await tasksOf(other));
    assert.deepEqual([replica.tasks[0]?.title, replica.tasks[0]?.priority], ["theirs", null]);
  });

  for (const [resolve, title] of [
    [keepMine, "mine"],
    [keepTheirs, "theirs"],
  ] as const) {
    test(`in the same field, with ${resolve.name}`, async () => {
      const { replica } = await race({ resolve }, retitled, (mine, id) =>
        mine.update(id, { title: "mine", priority: "high" }),
      );

      assert.deepEqual(replica.tasks, await tasksOf(other));
      assert.deepEqual([replica.tasks[0]?.title, replica.tasks[0]?.priority], [title, "high"]);
    });
  }

  test("one's own write before is no conflict, but theirs before it is", async () => {
    const describe = (task: Task) => other.updateTask(task.id, { description: "theirs" });
    const { replica, outcome } = await race({}, describe, async (mine, id) => {
      const first = mine.update(id, { title: "one" });
      const second = mine.update(id, { title: "two", description: "mine" });
      await first;
      return await second;
    });

    assert.match((outcome as Error).message, /^Changed meanwhile: description$/);
    assert.deepEqual([replica.tasks[0]?.title, replica.tasks[0]?.description], ["one", "theirs"]);
  });

  test("a task that they moved is removed, one that they changed only if that does not matter", async () => {
    await other.createTask({ title: "zero" });
    const moved = (task: Task) => other.moveTask(task.id, { to: "first" });
    const remove = (mine: Replica, id: string) => mine.remove(id, { ifUnchanged: true });
    const first = await race({}, moved, remove);
    assert.deepEqual(titles(first.replica), ["zero"]);
    await first.replica.undo();
    assert.deepEqual(titles(first.replica), ["title", "zero"]);

    const second = await race({}, retitled, remove);
    assert.equal((second.outcome as Error).name, "ConflictError");
    assert.deepEqual(titles(second.replica), ["title", "zero", "theirs"]);

    const third = await race({}, retitled, (mine, id) => mine.remove(id));
    assert.deepEqual(titles(third.replica), ["title", "zero", "theirs"]);
  });
});

describe("undo", () => {
  test("goes back write by write, and forth again", async () => {
    const replica = await startReplica();
    const { id } = await replica.create({ title: "one" });
    await replica.update(id, { title: "two" });
    await replica.complete(id);
    const states: unknown[] = [];
    const note = () => states.push(replica.tasks.map(({ title, completed }) => [title, completed]));
    for (const step of ["undo", "undo", "undo", "redo", "redo", "redo"] as const) {
      await replica[step]();
      note();
    }

    assert.deepEqual(states, [
      [["two", false]],
      [["one", false]],
      [],
      [["one", false]],
      [["two", false]],
      [["two", true]],
    ]);
    assert.deepEqual([replica.canUndo, replica.canRedo], [true, false]);
    assert.deepEqual(await replica.redo(), []);
  });

  test("a new write ends what can be redone", async () => {
    const replica = await startReplica();
    await replica.create({ title: "one" });
    await replica.undo();
    assert.equal(replica.canRedo, true);
    await replica.create({ title: "two" });

    assert.equal(replica.canRedo, false);
  });

  test("a write that changed nothing is not what is undone", async () => {
    const replica = await startReplica();
    const { id } = await replica.create({ title: "one" });
    await replica.complete(id);
    await replica.complete(id);
    await replica.undo();

    assert.deepEqual(replica.tasks.map(({ completed }) => completed), [false]);
  });

  test("what others changed since is not undone", async () => {
    const replica = await startReplica();
    const { id } = await replica.create({ title: "one" });
    await replica.update(id, { title: "two" });
    await other.updateTask(id, { title: "theirs" });

    await assert.rejects(replica.undo(), { name: "ProblemError", code: "undo_conflict" });
    await until(() => titles(replica)[0] === "theirs");
  });

  test("a lost answer does not undo twice", async () => {
    const replica = await startReplica();
    const { id } = await replica.create({ title: "one" });
    await replica.update(id, { title: "two" });
    proxy.loseAnswers(2);
    await replica.undo();

    assert.deepEqual(titles(replica), ["one"]);
  });
});
