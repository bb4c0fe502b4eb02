import type { DonebookClient } from "./client.js";
import { ProblemError } from "./errors.js";
import type { Delta } from "./store.js";
import type { Task } from "./types.js";

const TRIES = 3;

/**
 * Whether a refusal says that what one has is void: deletions since are forgotten, or the revision is not
 * one of this history, as after a backup was restored.
 */
export function beginsAnew(error: unknown): boolean {
  return error instanceof ProblemError && ["resync_required", "revision_ahead"].includes(error.code);
}

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
  let from = since === 0 ? null : since;
  for (let tries = 1; ; tries += 1) {
    try {
      return await gather(client, from, signal);
    } catch (error) {
      // It may also happen between two pages of everything.
      if (!beginsAnew(error) || tries === TRIES) throw error;
      from = null;
    }
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
  // Whoever has nothing says where it began, so that no page is larger than the others.
  let began = since === null ? 0 : undefined;
  let more = true;
  while (more) {
    const from = revision === 0 ? {} : { since: revision };
    const page = await client.sync(began === undefined ? from : { ...from, began }, signal);
    for (const task of page.tasks) {
      tasks.set(task.id, task);
      deleted.delete(task.id);
    }
    for (const { id } of page.deleted) {
      tasks.delete(id);
      deleted.add(id);
    }
    if (began === 0) began = page.newest ?? undefined;
    ({ revision, more } = page);
  }
  return { since, revision, tasks: [...tasks.values()], deleted: [...deleted] };
}
