import { exponentialBackoff, pause, type Backoff } from "./backoff.js";
import type { DonebookClient } from "./client.js";
import { ProblemError } from "./errors.js";
import type { Message } from "./sse.js";
import type { Delta } from "./store.js";
import { byEventSourceOrFetch, type Transport } from "./streams.js";
import type { Task, TaskEvent } from "./types.js";

/** All that one request did. */
export interface Revision {
  /** The revision that it was told after: nothing lies between the two. */
  readonly since: number;
  readonly revision: number;
  readonly events: readonly TaskEvent[];
}

/** What to follow, and how. */
export interface FollowOptions {
  /** Tell of what came after this revision. */
  readonly since: number;
  /** Called once for each revision, in order. */
  readonly onRevision: (revision: Revision) => void;
  /** Called when a connection stands, or stands no more. */
  readonly onConnection?: (connected: boolean) => void;
  /** Ends it: the promise then resolves. */
  readonly signal: AbortSignal;
  readonly transport?: Transport;
  readonly backoff?: Backoff;
}

/**
 * Follow what happens to the user's tasks, through whichever client and contract: each revision once.
 *
 * Goes on over broken connections, stopping servers and expired tokens. Rejects with `ProblemError` if the
 * server says that it cannot go on from here: `resync_required` and `revision_ahead` ask for a
 * synchronisation, status 401 for another sign-in.
 */
export async function followRevisions(
  client: DonebookClient,
  options: FollowOptions,
): Promise<void> {
  const { signal, onConnection, transport = byEventSourceOrFetch } = options;
  const backoff = options.backoff ?? exponentialBackoff();
  const revisions = new RevisionReader(options.since, options.onRevision);
  let failures = 0;
  const listener = {
    opened() {
      failures = 0;
      onConnection?.(true);
    },
    message: (message: Message) => revisions.take(message),
  };
  while (!signal.aborted) {
    revisions.forgetPart();
    try {
      await transport(client, revisions.reached, listener, signal);
    } catch (error) {
      if (error instanceof ProblemError && !error.isPassing && error.status < 500) throw error;
    } finally {
      onConnection?.(false);
    }
    failures += 1;
    await pause(backoff(failures), signal).catch(() => {});
  }
}

/** The delta that a revision is. */
export function deltaOf({ since, revision, events }: Revision): Delta {
  const tasks: Task[] = [];
  const deleted: string[] = [];
  for (const { id, task } of events) {
    // Without a task it has been deleted for good by now.
    if (task === null || task.deleted_at !== null) deleted.push(id);
    else tasks.push(task);
  }
  return { since, revision, tasks, deleted };
}

/** Puts revisions together again from their events, and hands on those that are whole. */
class RevisionReader {
  #events: TaskEvent[] = [];

  constructor(
    public reached: number,
    readonly onRevision: (revision: Revision) => void,
  ) {}

  take({ id, data }: Message): void {
    this.#events.push(JSON.parse(data) as TaskEvent);
    // The id of all but a revision's last event has a dot: there one is in the midst of it.
    if (!id.includes(".")) {
      const whole = { since: this.reached, revision: Number(id), events: this.#events };
      this.#events = [];
      this.reached = whole.revision;
      this.onRevision(whole);
    }
  }

  /** Forget what was not whole when the connection broke: it is told again. */
  forgetPart(): void {
    this.#events = [];
  }
}
