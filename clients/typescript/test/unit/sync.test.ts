import assert from "node:assert/strict";
import { test } from "node:test";

import { DonebookClient } from "../../src/client.js";
import { fetchDelta } from "../../src/sync.js";
import { aTask } from "../tasks.js";

/** A client of a server that answers these, in turn; and the queries that it was asked. */
function clientOf(...answers: object[]) {
  const asked: string[] = [];
  const client = new DonebookClient({
    baseUrl: "https://tasks.example.com",
    token: () => "",
    fetch: async (input) => {
      asked.push(new URL(String(input)).search);
      return Response.json(answers.shift());
    },
  });
  return { client, asked };
}

const page = (revision: number, more: boolean, rest: object = {}) => ({
  tasks: [aTask({ id: `task ${revision}` })],
  deleted: [],
  revision,
  more,
  ...rest,
});

test("everything is read in pages that say where the first one was read", async () => {
  const { client, asked } = clientOf(
    page(3, true, { newest: 9 }),
    page(6, true, { newest: 10 }),
    page(10, false, { newest: 10 }),
  );

  const delta = await fetchDelta(client, 0);

  assert.deepEqual(asked, ["?began=0", "?since=3&began=9", "?since=6&began=9"]);
  assert.deepEqual(
    delta.tasks.map((task) => task.id),
    ["task 3", "task 6", "task 10"],
  );
  assert.deepEqual([delta.since, delta.revision], [null, 10]);
});

test("what is new since a revision is asked for by that alone, as is everything of an older server", async () => {
  const later = clientOf(page(8, true), page(9, false));
  await fetchDelta(later.client, 7);
  const older = clientOf(page(3, true), page(9, false));
  await fetchDelta(older.client, 0);

  assert.deepEqual(later.asked, ["?since=7", "?since=8"]);
  assert.deepEqual(older.asked, ["?began=0", "?since=3"]);
});
