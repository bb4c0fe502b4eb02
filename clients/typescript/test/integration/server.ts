/** The server under test, as its users see it. */

import { createHmac, randomUUID } from "node:crypto";

import { DonebookClient } from "../../src/client.js";
import type { ConnectionOptions } from "../../src/http.js";
import type { Replica } from "../../src/replica.js";
import type { Task } from "../../src/types.js";

/** Where the server is. */
export const SERVER = setting("DONEBOOK_URL");

const SECRET = setting("DONEBOOK_SECRET");

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} says where the server is that is tested against`);
  return value;
}

/** A token that ends after so many seconds. */
export function tokenOf(user: string, seconds = 3600): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { sub: user, jti: randomUUID(), exp: Math.floor(Date.now() / 1000) + seconds };
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}

/** A user that nobody else is. */
export function newUser(): string {
  return `user-${randomUUID()}`;
}

/** A client of the user, impatient enough for a test. */
export function clientOf(user: string, options: Partial<ConnectionOptions> = {}): DonebookClient {
  const token = tokenOf(user);
  return new DonebookClient({ baseUrl: SERVER, token: () => token, backoff: () => 10, ...options });
}

/** Where the ledger of a user begins who has written nothing yet. */
export async function beginningOf(client: DonebookClient): Promise<number> {
  return (await client.sync()).revision;
}

/** All tasks as the server has them. */
export async function tasksOf(client: DonebookClient): Promise<Task[]> {
  const tasks = [];
  for await (const task of client.tasks()) tasks.push(task);
  return tasks;
}

/** Wait until it is so; the test's own limit ends it if it never is. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The titles of a replica's tasks, as they are arranged. */
export function titles(replica: Replica): string[] {
  return replica.tasks.map((task) => task.title);
}
