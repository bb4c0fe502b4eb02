import assert from "node:assert/strict";
import { after, test } from "node:test";

import { ConflictError, ProblemError } from "../../src/errors.js";
import { followRevisions } from "../../src/events.js";
import { keepMine } from "../../src/guarded.js";
import { Replica } from "../../src/replica.js";
import { byFetch } from "../../src/streams.js";
import type { Task } from "../../src/types.js";
import { Proxy } from "./proxy.js";
import { beginningOf, clientOf, newUser, tasksOf, until } from "./server.js";

const WRITES = 60;
const SEED = Number(process.env["DONEBOOK_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

const proxy = await Proxy.start();
after(() => proxy.stop());

/** Random numbers below 1 that the seed decides (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test(`two clients on a bad line come to the same (DONEBOOK_SEED=${SEED})`, async () => {
  const random = randomNumbers(SEED);
  const pick = <Value>(values: readonly Value[]): Value | undefined =>
    values[Math.floor(random() * values.length)];
  const user = newUser();
  const replicas = await Promise.all(
    [1, 2].map(async () => {
      const client = clientOf(user, { baseUrl: proxy.url, attempts: Number.POSITIVE_INFINITY });
      const replica = new Replica(client, { backoff: () => 5, resolve: keepMine });
      await replica.start();
      return replica;
    }),
  );
  const over = new AbortController();
  const revisions: number[] = [];
  const begin = await beginningOf(clientOf(user));
  const following = followRevisions(clientOf(user, { baseUrl: proxy.url }), {
    since: begin,
    transport: byFetch,
    signal: over.signal,
    backoff: () => 5,
    onRevision: ({ revision }) => revisions.push(revision),
  });
  proxy.fate = () => (random() < 0.2 ? "lose" : "deliver");

  const write = async (replica: Replica, number: number): Promise<unknown> => {
    const task: Task | undefined = pick(replica.tasks);
    const kind = random();
    if (task === undefined || kind < 0.3) return await replica.create({ title: `task ${number}` });
    if (kind < 0.5) return await replica.update(task.id, { title: `title ${number}` });
    if (kind < 0.6) return await replica.update(task.id, { tags: [`tag ${number}`], completed: true });
    if (kind < 0.7) return await replica.move(task.id, { before: pick(replica.tasks)?.id ?? task.id });
    if (kind < 0.8) return await replica.remove(task.id, { ifUnchanged: random() < 0.5 });
    if (kind < 0.9) return await replica.undo();
    return await replica.complete(task.id);
  };
  const refusals: unknown[] = [];
  const writes = [];
  for (let number = 0; number < WRITES; number += 1) {
    const replica = pick(replicas);
    assert.ok(replica);
    writes.push(write(replica, number).catch((error: unknown) => refusals.push(error)));
    if (random() < 0.1) proxy.cut();
    if (random() < 0.5) await writes.at(-1);
  }
  await Promise.all(writes);
  proxy.fate = () => "deliver";

  const server = clientOf(user);
  const { revision } = await server.sync();
  await until(() => revisions.at(-1) === revision && replicas.every((each) => each.revision === revision));
  over.abort();
  await following;
  for (const replica of replicas) {
    replica.stop();
    assert.deepEqual(replica.tasks, await tasksOf(server));
  }
  assert.deepEqual(revisions, Array.from({ length: revision - begin }, (_, index) => begin + index + 1));
  for (const error of refusals) {
    const expected =
      error instanceof ConflictError || (error instanceof ProblemError && [404, 409].includes(error.status));
    assert.ok(expected, String(error));
  }
  assert.ok(revision - begin > WRITES / 3, "most writes did something");
});
