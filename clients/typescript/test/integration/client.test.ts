import assert from "node:assert/strict";
import { after, test } from "node:test";

import { ProblemError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import { Proxy } from "./proxy.js";
import { clientOf, newUser, tasksOf, tokenOf } from "./server.js";

const proxy = await Proxy.start();
after(() => proxy.stop());

test("a write whose answer is lost is done once", async () => {
  const user = newUser();
  const client = clientOf(user, { baseUrl: proxy.url });
  proxy.loseAnswers(2);
  const created = await client.createTask({ title: "Buy groceries" });
  proxy.loseAnswers(2);
  await client.batch([{ op: "create", task: { title: "Call Zoë" } }]);

  assert.deepEqual(
    (await tasksOf(clientOf(user))).map((task) => task.title),
    ["Buy groceries", "Call Zoë"],
  );
  assert.deepEqual(
    (await client.listChanges({ since: 0 })).items.map(({ revision }) => revision),
    [created.revision, created.revision + 1],
  );
});

test("every endpoint answers as its type says", async () => {
  const client = clientOf(newUser());
  const id = newId();
  const [bread, milk] = [
    await client.createTask({ id, title: "bread", due: { date: "2026-12-01" }, tags: ["shop"] }),
    await client.createTask({ title: "milk" }),
  ];
  assert.equal(bread.id, id);
  assert.equal((await client.updateTask(id, { priority: "high" })).priority, "high");
  assert.equal((await client.completeTask(id)).completed, true);
  assert.equal((await client.reopenTask(id)).completed_at, null);
  assert.ok((await client.moveTask(id, { after: milk.id })).position > milk.position);
  assert.deepEqual((await client.listTasks({ tag: ["shop"], priority: ["high"] })).items.length, 1);
  assert.equal((await client.getTask(id)).title, "bread");
  await client.deleteTask(milk.id);
  assert.equal((await client.listTrash()).items[0]?.id, milk.id);
  const restored = await client.restoreTask(milk.id);
  assert.equal((await client.undo(restored.revision)).results[0]?.id, milk.id);
  await client.eraseTask(milk.id);
  const { items } = await client.listChanges({ task: id, limit: 1 });
  assert.deepEqual(items[0]?.changes[0]?.action, "moved");
  assert.deepEqual((await client.sync()).tasks.map((task) => task.id), [id]);
  assert.equal((await client.issueEventTicket()).expires_in, 60);
});

test("all tasks of a query come page after page", async () => {
  const client = clientOf(newUser());
  const wanted = Array.from({ length: 5 }, (_, index) => `task ${index}`);
  await client.batch(wanted.map((title) => ({ op: "create", task: { title } })));
  const found: string[] = [];
  for await (const task of client.tasks({ limit: 2, sort: "-title" })) {
    found.push(task.title);
  }

  assert.deepEqual(found, wanted.toReversed());
});

test("a refusal carries the server's facts", async () => {
  const client = clientOf(newUser());
  const task = await client.createTask({ title: "seen" });
  await client.updateTask(task.id, { title: "theirs" });
  const refused = async (write: Promise<unknown>) => {
    const error: unknown = await write.then(() => null, (reason: unknown) => reason);
    assert.ok(error instanceof ProblemError);
    return error;
  };

  const stale = await refused(client.completeTask(task.id, { ifMatch: task.revision }));
  assert.deepEqual([stale.code, stale.problem.task?.title], ["precondition_failed", "theirs"]);

  const conflict = await refused(client.updateTask(task.id, { title: "mine" }, { base: 1 }));
  assert.deepEqual(
    [conflict.code, conflict.problem.conflicts],
    ["conflict", [{ field: "title", yours: "mine", current: "theirs" }]],
  );

  const batch = await refused(
    client.batch([{ op: "complete", id: task.id }, { op: "complete", id: newId() }]),
  );
  assert.deepEqual([batch.code, batch.problem.operation], ["task_not_found", 1]);

  assert.equal((await refused(client.createTask({ title: " " }))).code, "invalid");
});

test("a token that has expired is replaced", async () => {
  const user = newUser();
  const client = clientOf(user, {
    token: (refused) => (refused === undefined ? tokenOf(user, -600) : tokenOf(user)),
  });

  assert.deepEqual(await tasksOf(client), []);
});
