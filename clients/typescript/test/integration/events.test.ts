import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { EventSource } from "eventsource";

import { followRevisions, type Revision } from "../../src/events.js";
import { byEventSource, byFetch } from "../../src/streams.js";
import { Proxy } from "./proxy.js";
import { beginningOf, clientOf, newUser, until } from "./server.js";

const proxy = await Proxy.start();
before(() => Object.assign(globalThis, { EventSource }));
after(() => proxy.stop());

for (const transport of [byFetch, byEventSource]) {
  test(`over ${transport.name}, broken connections leave no gap and no duplicate`, async () => {
    const user = newUser();
    const writer = clientOf(user);
    const begin = await beginningOf(writer);
    const told: Revision[] = [];
    const over = new AbortController();
    let connections = 0;
    const following = followRevisions(clientOf(user, { baseUrl: proxy.url }), {
      since: begin,
      transport,
      signal: over.signal,
      backoff: () => 5,
      onRevision: (revision) => told.push(revision),
      onConnection: (connected) => {
        connections += Number(connected);
      },
    });
    await until(() => connections === 1);
    for (let round = 1; round <= 6; round += 1) {
      const pair = [`${round} a`, `${round} b`];
      await writer.batch(pair.map((title) => ({ op: "create", task: { title } })));
      if (round === 2 || round === 4) {
        const seen = connections;
        proxy.cut();
        await until(() => connections > seen);
      }
    }
    await until(() => told.at(-1)?.revision === begin + 6);
    over.abort();
    await following;

    assert.deepEqual(
      told.map(({ since, revision, events }) => [since, revision, events.map((each) => each.task?.title)]),
      [1, 2, 3, 4, 5, 6].map((round) => [begin + round - 1, begin + round, [`${round} a`, `${round} b`]]),
    );
    assert.ok(connections >= 3);
  });

  test(`over ${transport.name}, a revision that the server does not know is refused`, async () => {
    const following = followRevisions(clientOf(newUser()), {
      since: Number.MAX_SAFE_INTEGER,
      transport,
      signal: AbortSignal.timeout(30_000),
      onRevision: () => {},
    });

    await assert.rejects(following, { name: "ProblemError", code: "revision_ahead" });
  });
}
