import type { DonebookClient } from "./client.js";
import { ProblemError } from "./errors.js";
import type { Delta } from "./store.js";
import type { Task } from "./types.js";

/**
 * What leads from a revision (0: nothing) to the newest one, however many pages that takes.
 *
 * Where the server cannot say what changed since, because it has forgotten what was deleted or does not
 * know the revision, it is everything there is: a delta from `null`.
 */
export async function fetchDelta(
  client: DonebookClient,
  since: number,
  signal?: AbortSignal,
): Promise<Delta> {
  try {
    return await gather(client, since === 0 ? null : since, signal);
  } catch (error) {
    const code = error instanceof ProblemError ? error.code : "";
    if (code === "resync_required" || code === "revision_ahead") {
      return await gather(client, null, signal);
    }
    throw error;
  }
}

async function gather(
  client: DonebookClient,
  since: number | null,
  signal: AbortSignal | undefined,
): Promise<Delta> {
  const tasks = new Map<string, Task>();
  const deleted = new Set<string>();
  let revision = since ?? 0;
  let more = true;
  while (more) {
    const page = await client.sync(revision === 0 ? {} : { since: revision }, signal);
    for (const task of page.tasks) {
      tasks.set(task.id, task);
      deleted.delete(task.id);
    }
    for (const { id } of page.deleted) {
      tasks.delete(id);
      deleted.add(id);
    }
    ({ revision, more } = page);
  }
  return { since, revision, tasks: [...tasks.values()], deleted: [...deleted] };
}
