import assert from "node:assert/strict";
import { test } from "node:test";

import { DonebookClient } from "../../src/client.js";
import { ProblemError } from "../../src/errors.js";
import { deltaOf, followRevisions, type Revision } from "../../src/events.js";
import type { Listener, Transport } from "../../src/streams.js";
import type { TaskEvent } from "../../src/types.js";
import { aTask } from "../tasks.js";

const client = new DonebookClient({ baseUrl: "https://tasks.example.com", token: () => "" });

function event(revision: number, id: string, given: Partial<TaskEvent> = {}): TaskEvent {
  const at = "2026-01-01T00:00:00Z";
  const task = aTask({ id, revision });
  return { id, number: 1, revision, action: "updated", contract: "v2", at, task, ...given };
}

/** Connections that say and do these things one after the other, and then no more. */
async function follow(since: number, connections: ((listener: Listener) => void)[]) {
  const told: Revision[] = [];
  const asked: number[] = [];
  const over = new AbortController();
  const transport: Transport = async (_client, from, listener) => {
    asked.push(from);
    const connection = connections.shift();
    if (connection === undefined) return over.abort();
    listener.opened();
    connection(listener);
  };
  await followRevisions(client, {
    since,
    transport,
    signal: over.signal,
    backoff: () => 0,
    onRevision: (revision) => told.push(revision),
  });
  return { told, asked };
}

const message = (id: string, data: TaskEvent) => ({ id, data: JSON.stringify(data) });

test("revisions are told when they are whole, each with the one before it", async () => {
  const { told } = await follow(41, [
    (listener) => {
      listener.message(message("41.7", event(42, "a")));
      listener.message(message("42", event(42, "b")));
      listener.message(message("43", event(43, "a")));
    },
  ]);

  assert.deepEqual(
    told.map(({ since, revision, events }) => [since, revision, events.map(({ id }) => id)]),
    [
      [41, 42, ["a", "b"]],
      [42, 43, ["a"]],
    ],
  );
});

test("a connection that breaks within a revision goes on before it", async () => {
  const { told, asked } = await follow(41, [
    (listener) => listener.message(message("41.7", event(42, "a"))),
    (listener) => {
      listener.message(message("41.7", event(42, "a")));
      listener.message(message("42", event(42, "b")));
      throw new TypeError("network error");
    },
  ]);

  assert.deepEqual(asked, [41, 41, 42]);
  assert.deepEqual(
    told.map(({ events }) => events.map(({ id }) => id)),
    [["a", "b"]],
  );
});

test("attempts are further and further apart, until a connection stands", async () => {
  const waits: number[] = [];
  const over = new AbortController();
  const outcomes = [false, false, true, false];
  await followRevisions(client, {
    since: 0,
    signal: over.signal,
    onRevision: () => {},
    transport: async (_client, _since, listener) => {
      const stands = outcomes.shift();
      if (stands === undefined) over.abort();
      if (stands) listener.opened();
      throw new TypeError("network error");
    },
    backoff: (failures) => {
      waits.push(failures);
      return 0;
    },
  });

  assert.deepEqual(waits.slice(0, 4), [1, 2, 1, 2]);
});

test("it ends when the server says that it cannot go on", async () => {
  const refusal = new ProblemError({
    type: "about:blank",
    title: "",
    status: 410,
    code: "resync_required",
    instance: "",
  });
  const refused = follow(3, [
    () => {
      throw refusal;
    },
  ]);

  await assert.rejects(refused, refusal);
});

test("deleted tasks and those that are gone for good are deletions", () => {
  const trashed = aTask({ id: "b", deleted_at: "2026-01-01T00:00:00Z" });
  const delta = deltaOf({
    since: 1,
    revision: 2,
    events: [event(2, "a"), event(2, "b", { task: trashed }), event(2, "c", { task: null })],
  });

  assert.deepEqual([delta.tasks.map(({ id }) => id), delta.deleted], [["a"], ["b", "c"]]);
});
