// A front end's server: its Better Auth and, if it has one, its route that mints tokens.
//
//   node front_end.mjs <directory of the project> <port>
//
// Prints "listening <port>" when it is ready.
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { toNodeHandler } from "better-auth/node";
import { load } from "./project.mjs";

const [project, port] = process.argv.slice(2);
const ROUTE = "app/api/token/route.ts";

const { auth } = await load(project, "auth.ts");
const handle = toNodeHandler(auth);
const route = existsSync(join(project, ROUTE)) ? await load(project, ROUTE) : null;

const server = createServer(async (request, response) => {
  if (route === null || request.url !== "/api/token") return handle(request, response);
  const { origin } = new URL(auth.options.baseURL);
  const answer = await route.GET(new Request(origin + request.url, { headers: request.headers }));
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(await answer.text());
});
server.listen(Number(port), "localhost", () => console.log(`listening ${port}`));

// The tests hold the other end: a server does not outlive a test run that was killed.
process.stdin.on("end", () => process.exit(1)).resume();
