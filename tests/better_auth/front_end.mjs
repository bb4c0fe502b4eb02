// A front end's server as Next.js would run it: instrumentation.ts first, then the route handlers.
//
//   node front_end.mjs <directory of the project> <port>
//
// Prints "listening <port>" when it is ready.
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { load } from "./project.mjs";

const [project, port] = process.argv.slice(2);
const TOKEN_ROUTE = "app/api/token/route.ts";

const { auth } = await load(project, "auth.ts");
process.env.NEXT_RUNTIME = "nodejs";
await (await load(project, "instrumentation.ts")).register();
const all = await load(project, "app/api/auth/[...all]/route.ts");
const token = existsSync(join(project, TOKEN_ROUTE)) ? await load(project, TOKEN_ROUTE) : null;
const { origin } = new URL(auth.options.baseURL);

const server = createServer(async (incoming, outgoing) => {
  const handlers = incoming.url === "/api/token" ? token : all;
  const { method, headers } = incoming;
  const body = method === "GET" ? undefined : Readable.toWeb(incoming);
  const request = new Request(origin + incoming.url, { method, headers, body, duplex: "half" });
  const answer = (await handlers?.[method]?.(request)) ?? new Response(null, { status: 404 });
  outgoing.statusCode = answer.status;
  answer.headers.forEach((value, name) => name === "set-cookie" || outgoing.setHeader(name, value));
  outgoing.setHeader("set-cookie", answer.headers.getSetCookie());
  outgoing.end(await answer.text());
});
server.listen(Number(port), "localhost", () => console.log(`listening ${port}`));

// The tests hold the other end: a server does not outlive a test run that was killed.
process.stdin.on("end", () => process.exit(1)).resume();
