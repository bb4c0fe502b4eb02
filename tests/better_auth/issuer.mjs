// A genuine Better Auth on a loopback port, with its memory adapter kept in a file between runs.
//
//   node issuer.mjs '{"algorithm":"EdDSA","port":0,"secret":"…","state":"/path","cookieCache":"secret"}'
//
// Prints "listening <port>" when it is ready. What only tests may do is under /test/.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { deserialize, serialize } from "node:v8";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { bearer, createJwk, jwt } from "better-auth/plugins";

const options = JSON.parse(process.argv[2]);
const database = existsSync(options.state)
  ? deserialize(readFileSync(options.state))
  : { user: [], session: [], account: [], verification: [], jwks: [] };
const jwtOptions = {
  jwks: { keyPairConfig: { alg: options.algorithm } },
  sessionCookieCache: options.cookieCache === "jwks",
};
let verificationToken = null;

function start(port) {
  const auth = betterAuth({
    baseURL: `http://127.0.0.1:${port}`,
    secret: options.secret,
    database: memoryAdapter(database),
    emailAndPassword: { enabled: true },
    emailVerification: {
      sendVerificationEmail: async ({ token }) => {
        verificationToken = token;
      },
    },
    session: { cookieCache: { enabled: options.cookieCache !== null, strategy: "jwt" } },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    plugins: [jwt(jwtOptions), bearer()],
  });
  const handle = toNodeHandler(auth);
  const forTests = {
    "/test/rotate": async () => {
      await createJwk({ context: await auth.$context }, jwtOptions);
    },
    "/test/withdraw": async () => {
      // The newest key alone stays, as after Better Auth's grace period.
      database.jwks.splice(0, database.jwks.length - 1);
    },
    "/test/verification-token": async () => verificationToken,
  };
  return async (request, response) => {
    const action = forTests[request.url];
    if (action === undefined) return handle(request, response);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify((await action()) ?? null));
  };
}

const server = createServer();
server.listen(options.port, "127.0.0.1", () => {
  const { port } = server.address();
  server.on("request", start(port));
  console.log(`listening ${port}`);
});

process.on("SIGTERM", () => {
  writeFileSync(options.state, serialize(database));
  process.exit(0);
});

// The tests hold the other end: an issuer does not outlive a test run that was killed.
process.stdin.on("end", () => process.exit(1)).resume();
