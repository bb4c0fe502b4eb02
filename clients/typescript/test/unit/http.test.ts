import assert from "node:assert/strict";
import { test } from "node:test";

import { DonebookClient } from "../../src/client.js";
import { ConnectionError, ProblemError } from "../../src/errors.js";
import type { ConnectionOptions } from "../../src/http.js";
import { aTask } from "../tasks.js";

type Step = Response | Error;

/** A client of a server that answers so, one step for each request, and what it was sent. */
function against(steps: Step[], options: Partial<ConnectionOptions> = {}) {
  const requests: Request[] = [];
  const client = new DonebookClient({
    baseUrl: "https://tasks.example.com/",
    token: () => "token",
    backoff: () => 0,
    fetch: async (input, init) => {
      requests.push(new Request(input, init));
      const step = steps.shift();
      if (step instanceof Response) return step;
      throw step ?? new Error("one request too many");
    },
    ...options,
  });
  return { client, requests };
}

const lost = () => new TypeError("fetch failed");
const json = (status: number, body: object, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });
const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  json(status, { type: "about:blank", title: "No", status, code, instance: "1" }, headers);

test("a write without an answer is sent again under its key", async () => {
  const task = aTask({ id: "a" });
  const { client, requests } = against([lost(), problem(503, "overloaded"), json(201, task)]);

  assert.deepEqual(await client.createTask({ title: "a" }), task);

  const keys = requests.map((request) => request.headers.get("idempotency-key"));
  assert.equal(keys.length, 3);
  assert.equal(new Set(keys).size, 1);
  assert.match(keys[0] ?? "", /^[0-9a-f-]{36}$/);
});

test("each write has a key of its own, or the caller's", async () => {
  const answers = Array.from({ length: 3 }, () => json(200, aTask({ id: "a" })));
  const { client, requests } = against(answers);
  await client.completeTask("a");
  await client.completeTask("a");
  await client.completeTask("a", { key: "mine" });

  const keys = requests.map((request) => request.headers.get("idempotency-key"));
  assert.equal(new Set(keys).size, 3);
  assert.equal(keys[2], "mine");
});

test("an answer that is cut off counts as lost", async () => {
  const cut = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"id":'));
      controller.error(new TypeError("terminated"));
    },
  });
  const { client } = against([new Response(cut), json(200, aTask({ id: "a" }))]);

  assert.equal((await client.getTask("a")).id, "a");
});

test("without any answer it gives up, and says that it does not know", async () => {
  const { client, requests } = against([lost(), lost()], { attempts: 2 });

  await assert.rejects(client.createTask({ title: "a" }), ConnectionError);
  assert.equal(requests.length, 2);
});

test("a refusal is an error with the server's code, and is not tried again", async () => {
  const refusal = json(422, {
    type: "about:blank",
    title: "The request breaks a rule",
    status: 422,
    code: "invalid",
    instance: "1",
    errors: [{ type: "missing", loc: ["body", "title"], msg: "Field required" }],
  });
  const { client, requests } = against([refusal]);

  await assert.rejects(client.createTask({ title: "" }), (error) => {
    assert.ok(error instanceof ProblemError);
    assert.equal(error.code, "invalid");
    assert.deepEqual(error.problem.errors?.[0]?.loc, ["body", "title"]);
    return true;
  });
  assert.equal(requests.length, 1);
});

test("a refusal that is no problem document is an error, too", async () => {
  const { client } = against([new Response("<h1>Forbidden</h1>", { status: 403 })]);

  await assert.rejects(client.getTask("a"), { name: "ProblemError", code: "unknown", status: 403 });
});

test("what is refused for now and for long is not waited for", async () => {
  const busy = problem(429, "too_many_requests", { "retry-after": "3600" });
  const { client } = against([busy]);

  await assert.rejects(client.getTask("a"), { code: "too_many_requests", retryAfter: 3_600_000 });
});

test("a refused token is asked for anew, once", async () => {
  const tokens: (string | undefined)[] = [];
  const { client, requests } = against(
    [problem(401, "token_expired"), json(200, aTask({ id: "a" }))],
    {
      token: (refused) => {
        tokens.push(refused);
        return refused === undefined ? "old" : "new";
      },
    },
  );
  await client.getTask("a");

  assert.deepEqual(tokens, [undefined, "old"]);
  assert.equal(requests[1]?.headers.get("authorization"), "Bearer new");
});

test("a token that stays refused is an error", async () => {
  const { client } = against([problem(401, "token_revoked")]);

  await assert.rejects(client.getTask("a"), { code: "token_revoked" });
});

test("queries repeat what is a list and leave out what is not given", async () => {
  const page = { items: [], next_cursor: null, revision: 0 };
  const { client, requests } = against([json(200, page)]);
  await client.listTasks({ tag: ["a b", "c"], overdue: false, q: null });

  const url = "https://tasks.example.com/api/v2/tasks?tag=a+b&tag=c&overdue=false";
  assert.equal(requests[0]?.url, url);
});

test("conditions are sent as the contract has them", async () => {
  const { client, requests } = against([json(200, aTask({ id: "a" }))]);
  await client.updateTask("a", { title: "b" }, { base: 3, ifMatch: 7 });

  assert.equal(requests[0]?.url, "https://tasks.example.com/api/v2/tasks/a?base=3");
  assert.equal(requests[0]?.headers.get("if-match"), '"7"');
});

test("who has lost interest is not kept waiting", async () => {
  const { client } = against([lost()], { backoff: () => 60_000 });
  const interest = new AbortController();
  const asked = client.getTask("a", interest.signal);
  interest.abort(new Error("left the page"));

  await assert.rejects(asked, { message: "left the page" });
});
