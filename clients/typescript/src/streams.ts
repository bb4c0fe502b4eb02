import type { DonebookClient } from "./client.js";
import { MessageReader, type Message } from "./sse.js";

/** Who takes what comes along a connection. */
export interface Listener {
  /** The connection stands. */
  opened(): void;
  message(message: Message): void;
}

/**
 * A way to the events after a revision, by one connection.
 *
 * Resolves when the server ends it, or when it has been silent for too long; rejects with `ProblemError` if
 * the server refuses, with the signal's reason if that says so, and with anything else if it breaks.
 */
export type Transport = (
  client: DonebookClient,
  since: number,
  listener: Listener,
  signal: AbortSignal,
) => Promise<void>;

const ACTIONS = ["created", "updated", "completed", "reopened", "deleted", "restored", "moved"];

// The server breaks every silence of 20 seconds with a comment.
const SILENCE = 45_000;

// EventSource does not show comments, so that only a new connection can tell a quiet one from a dead one.
const EVENT_SOURCE_SILENCE = 5 * 60_000;

/** `EventSource` where there is one, else `fetch`. */
export const byEventSourceOrFetch: Transport = async (...given) => {
  const transport = "EventSource" in globalThis ? byEventSource : byFetch;
  await transport(...given);
};

/** `fetch`, which sends the token in a header and notices a dead connection within 45 seconds. */
export const byFetch: Transport = async (client, since, listener, signal) => {
  const silence = new Silence(SILENCE, signal);
  try {
    const answer = await client.openEvents(since, silence.signal);
    listener.opened();
    const messages = new MessageReader();
    const bytes = answer.body?.getReader();
    for (let part = await bytes?.read(); part && !part.done; part = await bytes?.read()) {
      silence.broken();
      for (const message of messages.read(part.value)) {
        listener.message(message);
      }
    }
  } catch (error) {
    silence.rethrowUnlessSilent(error);
  } finally {
    silence.over();
  }
};

/** `EventSource` with a ticket. It is closed when the connection breaks: its ticket is good once. */
export const byEventSource: Transport = async (client, since, listener, signal) => {
  const { ticket } = await client.issueEventTicket(signal);
  const silence = new Silence(EVENT_SOURCE_SILENCE, signal);
  const source = new EventSource(client.eventsUrl(since, ticket));
  let stood = false;
  try {
    await new Promise<void>((resolve, reject) => {
      silence.signal.addEventListener("abort", () => reject(silence.signal.reason));
      source.onopen = () => {
        stood = true;
        listener.opened();
      };
      source.onerror = () => resolve();
      for (const action of ACTIONS) {
        source.addEventListener(`task.${action}`, ({ lastEventId: id, data }: MessageEvent<string>) => {
          silence.broken();
          listener.message({ id, data });
        });
      }
    });
  } catch (error) {
    silence.rethrowUnlessSilent(error);
  } finally {
    silence.over();
    source.close();
  }
  if (!stood) {
    // Why, EventSource does not tell. Asked in another way, the server does.
    const answer = await client.openEvents(since, signal);
    await answer.body?.cancel();
  }
};

/** Ends a connection that has been silent for too long, by its signal. */
class Silence {
  readonly #ending = new AbortController();
  readonly #milliseconds: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly signal: AbortSignal;

  constructor(milliseconds: number, outer: AbortSignal) {
    this.#milliseconds = milliseconds;
    this.signal = AbortSignal.any([this.#ending.signal, outer]);
    this.broken();
  }

  broken(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ending.abort(), this.#milliseconds);
  }

  rethrowUnlessSilent(error: unknown): void {
    if (!this.#ending.signal.aborted) throw error;
  }

  /** End the connection, however it came to be over. */
  over(): void {
    clearTimeout(this.#timer);
    this.#ending.abort();
  }
}
