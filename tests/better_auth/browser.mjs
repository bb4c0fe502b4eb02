// A page of a front end in a browser: two people use it one after the other.
//
//   NEXT_PUBLIC_API_URL=… node browser.mjs <directory of the project> <origin of the front end>
//
// Prints what happened, as JSON.
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { load } from "./project.mjs";

const [project, origin] = process.argv.slice(2);
const send = globalThis.fetch;
const cookies = new Map();
const asked = [];
let spoilNextToken = false;

globalThis.window = { location: { origin, href: `${origin}/` } };
globalThis.fetch = async (resource, options) => {
  const url = new URL(resource.url ?? resource, origin);
  const request = new Request(url, options);
  request.headers.set("origin", origin);
  asked.push(url.pathname);
  if (url.origin !== origin) return crossOrigin(request);
  request.headers.set("cookie", [...cookies].map((pair) => pair.join("=")).join("; "));
  const answer = await send(request);
  for (const cookie of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
    cookies.set(name, value);
  }
  return answer;
};

// Only what the other origin allows to this one, as browsers have it.
async function crossOrigin(request) {
  const names = [...request.headers.keys()].filter((name) => name !== "origin");
  const preflight = await send(request.url, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": request.method,
      "access-control-request-headers": names.join(","),
    },
  });
  const allowed = (name) => preflight.headers.get(`access-control-allow-${name}`) ?? "";
  const named = allowed("headers").toLowerCase().split(/, */);
  if (
    !preflight.ok ||
    allowed("origin") !== origin ||
    !allowed("methods").includes(request.method) ||
    !names.every((name) => named.includes(name))
  )
    throw new TypeError(`not allowed to ${origin}: ${request.method} ${request.url} with ${names}`);
  if (spoilNextToken) {
    request.headers.set("authorization", "Bearer run.out.now");
    spoilNextToken = false;
  }
  const answer = await send(request);
  if (answer.headers.get("access-control-allow-origin") !== origin) throw new TypeError("not allowed to read");
  return answer;
}

const { api, authClient } = await load(project, "lib/api.ts");

const tokens = () => asked.filter((path) => path.endsWith("/token")).length;
const titles = async () => (await (await api("/api/v1/tasks")).json()).map((task) => task.title);
const create = async (title) =>
  (
    await api("/api/v1/tasks", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ title }),
    })
  ).status;

// Better Auth tells the page a moment after it has answered that somebody else is signed in.
async function settled(answered) {
  let told = 0;
  const changed = new Promise((resolve) =>
    // The first call is of how things are.
    authClient.$store.listen("$sessionSignal", () => ++told === 2 && resolve()),
  );
  const answer = await answered();
  await changed;
  return answer;
}

async function signUp(name) {
  const account = { name, email: `${randomUUID()}@example.com`, password: "Correct-horse-7-battery" };
  const { error } = await settled(() => authClient.signUp.email(account));
  if (error) throw new Error(`${name} cannot sign up: ${JSON.stringify(error)}`);
}

const failure = async (attempt) => attempt.then(() => null, (problem) => problem.message);

const report = {};
report.nobody = await failure(titles());

await signUp("Ada");
report.ada = [await create("Buy groceries"), await create("Call Zoë"), await titles()];
report.tokensAtFirst = tokens() - 1; // nobody's was the first

spoilNextToken = true;
report.afterItRanOut = await titles();
report.tokensAfterItRanOut = tokens() - 1;

await settled(() => authClient.signOut());
report.afterSignOut = await failure(titles());

await signUp("Bob");
report.bob = [await titles(), await create("Bob's own"), await titles()];

if (existsSync(join(project, "lib/tasks.ts"))) {
  const { openTasks } = await load(project, "lib/tasks.ts");
  const tasks = openTasks();
  const shown = () => tasks.tasks.map((task) => task.title);
  await tasks.start();
  const before = shown();
  spoilNextToken = true;
  await tasks.create({ title: "By the client" });
  report.client = [before, shown()];
  tasks.stop();
}

console.log(JSON.stringify(report));
process.exit(0);
