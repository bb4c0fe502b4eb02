import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox, type PendingWrite } from "../../src/outbox.js";
import type { Snapshot } from "../../src/store.js";
import type { Operation, Outcome, Task } from "../../src/types.js";
import { aTask } from "../tasks.js";

/** A server that does what it is told, when it is told. */
class Office {
  readonly outbox = new Outbox(() => {});
  #answers: { resolve(outcome: Outcome): void; reject(error: Error): void }[] = [];

  constructor(public snapshot: Snapshot) {}

  write(...operations: Operation[]): Promise<Outcome> {
    const sent = this.outbox.add(operations, this.snapshot, (write) => {
      this.sent.push(write);
      return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
    });
    sent.catch(() => {});
    return sent;
  }

  readonly sent: PendingWrite[] = [];

  async accept(revision: number, ...results: Task[]): Promise<void> {
    await turn();
    this.#answers.shift()?.resolve({ revision, results });
    await turn();
  }

  async refuse(): Promise<void> {
    await turn();
    this.#answers.shift()?.reject(new Error("refused"));
    await turn();
  }

  titles(): string[] {
    return this.outbox.view(this.snapshot).map((task) => task.title);
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const a = aTask({ id: "a", position: "81" });
const b = aTask({ id: "b", position: "82" });
const c = aTask({ id: "c", position: "83" });
const atSeven = (...tasks: Task[]): Snapshot => ({
  revision: 7,
  tasks: new Map(tasks.map((task) => [task.id, task])),
});
const update = (id: string, title: string): Operation => ({ op: "update", id, task: { title } });

test("writes show at once, on top of each other", () => {
  const office = new Office(atSeven(c, b, a));
  void office.write({ op: "create", task: { id: "d", title: " d " } });
  void office.write(update("a", "A"), { op: "delete", id: "b" });
  void office.write({ op: "move", id: "d", before: "a" });

  assert.deepEqual(office.titles(), ["d", "A", "c"]);
});

test("each kind of write shows what it will come to", () => {
  const office = new Office(atSeven(a, { ...b, completed: true, completed_at: b.created_at }));
  void office.write({ op: "complete", id: "a" }, { op: "reopen", id: "b" });
  void office.write({
    op: "update",
    id: "a",
    task: { description: "text", due: { at: "2026-12-01T08:00:00Z" }, tags: ["x", "x"], priority: null },
  });
  const [shownA, shownB] = office.outbox.view(office.snapshot);

  assert.equal(shownA?.completed, true);
  assert.notEqual(shownA?.completed_at, null);
  assert.deepEqual(shownA?.due, { at: "2026-12-01T08:00:00Z", time_zone: null });
  assert.deepEqual(shownA?.tags, ["x"]);
  assert.deepEqual([shownB?.completed, shownB?.completed_at], [false, null]);
});

test("tasks are moved to either end and beside others", () => {
  const orders: [Operation, string[]][] = [
    [{ op: "move", id: "c", to: "first" }, ["c", "a", "b"]],
    [{ op: "move", id: "a", to: "last" }, ["b", "c", "a"]],
    [{ op: "move", id: "c", before: "b" }, ["a", "c", "b"]],
    [{ op: "move", id: "a", after: "b" }, ["b", "a", "c"]],
    [{ op: "move", id: "a", after: "gone" }, ["a", "b", "c"]],
  ];
  for (const [operation, order] of orders) {
    const office = new Office(atSeven(a, b, c));
    void office.write(operation);
    assert.deepEqual(office.titles(), order);
  }
});

test("a refused write is taken back, and those after it stay", async () => {
  const office = new Office(atSeven(a, b));
  const refused = office.write(update("a", "A"));
  void office.write(update("b", "B"));
  await office.refuse();

  assert.deepEqual(office.titles(), ["a", "B"]);
  await assert.rejects(refused, { message: "refused" });
});

test("writes are sent in order, one at a time", async () => {
  const office = new Office(atSeven(a));
  void office.write(update("a", "1"));
  void office.write(update("a", "2"));
  await turn();
  assert.equal(office.sent.length, 1);

  await office.refuse();
  assert.equal(office.sent.length, 2);
  assert.equal(office.outbox.unanswered, 1);
});

test("an answer shows in the server's words until the snapshot has it", async () => {
  const office = new Office(atSeven(a));
  void office.write(update("a", " mine "));
  await office.accept(9, { ...a, title: "mine", revision: 9 });
  assert.deepEqual(office.titles(), ["mine"]);

  office.snapshot = { revision: 8, tasks: new Map([["a", { ...a, title: "theirs" }]]) };
  office.outbox.settle(8);
  assert.deepEqual(office.titles(), ["mine"], "revision 8 was before it");

  office.snapshot = { revision: 9, tasks: new Map([["a", { ...a, title: "as of 9" }]]) };
  office.outbox.settle(9);
  assert.deepEqual(office.titles(), ["as of 9"]);
});

test("what an answer restores or deletes is shown so", async () => {
  const office = new Office(atSeven(a, c));
  void office.write({ op: "restore", id: "b" }, { op: "complete", id: "a" });
  await office.accept(8, b, { ...a, deleted_at: "2026-01-02T00:00:00Z" });

  assert.deepEqual(office.titles(), ["b", "c"]);
});

test("writes are rebased on what others did meanwhile", () => {
  const office = new Office(atSeven(a));
  void office.write(update("a", "mine"));
  office.snapshot = { revision: 8, tasks: new Map([["a", { ...a, description: "theirs" }], ["b", b]]) };
  const [shown] = office.outbox.view(office.snapshot);

  assert.deepEqual([shown?.title, shown?.description], ["mine", "theirs"]);
  assert.deepEqual(office.titles(), ["mine", "b"]);
});

test("what was seen in a field is what the write before made of it", async () => {
  const office = new Office(atSeven(a));
  void office.write(update("a", " one "));
  void office.write(update("a", "two"));
  await office.accept(9, { ...a, title: "one" });

  assert.equal(office.sent[1]?.seen("a", "title"), "one");
  assert.equal(office.sent[1]?.seen("a", "priority"), null);
});

test("what was seen in a field that a refused write gave is what there was before", async () => {
  const office = new Office(atSeven(a));
  void office.write({ op: "complete", id: "a" });
  void office.write(update("a", "no"));
  void office.write({ op: "update", id: "a", task: { title: "yes", completed: false } });
  await office.accept(8, { ...a, completed: true });
  await office.refuse();

  assert.equal(office.sent[2]?.seen("a", "title"), "a");
  assert.equal(office.sent[2]?.seen("a", "completed"), true);
});
