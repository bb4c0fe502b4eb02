import { exponentialBackoff, pause, type Backoff } from "./backoff.js";
import { ConnectionError, ProblemError, readProblem } from "./errors.js";
import { newId } from "./ids.js";

/**
 * Gives a bearer token, before each request.
 *
 * `refused` is the token that the server has just refused, so that a stored one is not given again.
 */
export type TokenProvider = (refused?: string) => string | Promise<string>;

/** How to reach the server. */
export interface ConnectionOptions {
  /** Where it is: `https://tasks.example.com`. */
  readonly baseUrl: string;
  readonly token: TokenProvider;
  /** How often a request is sent at most while no answer comes (6). */
  readonly attempts?: number;
  /** After how many milliseconds an answer counts as lost (20 000). */
  readonly timeout?: number;
  /** How long to wait between attempts (half a second, then twice as long each time). */
  readonly backoff?: Backoff;
  /** What to send with, in place of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

/** A request. Writes get an `Idempotency-Key`, so that they can be sent again after a lost answer. */
export interface Call {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: object;
  readonly body?: object;
  readonly ifMatch?: string | undefined;
  /** The idempotency key, where the caller wants to choose it. */
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const LONGEST_RETRY_AFTER = 60_000;

/** Sends requests until they are answered, each with one idempotency key however often it is sent. */
export class Connection {
  readonly #base: string;
  readonly #token: TokenProvider;
  readonly #attempts: number;
  readonly #timeout: number;
  readonly #backoff: Backoff;
  readonly #fetch: typeof globalThis.fetch;

  constructor(options: ConnectionOptions) {
    this.#base = options.baseUrl.replace(/\/+$/, "");
    this.#token = options.token;
    this.#attempts = options.attempts ?? 6;
    this.#timeout = options.timeout ?? 20_000;
    this.#backoff = options.backoff ?? exponentialBackoff();
    // Browsers' fetch insists on being called as the window's.
    this.#fetch = options.fetch ?? ((...given) => globalThis.fetch(...given));
  }

  /** The absolute URL of a path with a query. */
  url(path: string, query: object = {}): string {
    const pairs = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      for (const each of Array.isArray(value) ? value : [value]) {
        if (each !== undefined && each !== null) {
          pairs.append(name, String(each));
        }
      }
    }
    const text = pairs.toString();
    return this.#base + path + (text && `?${text}`);
  }

  /** The JSON of the answer (`undefined` where it is empty). Throws `ProblemError`, `ConnectionError`. */
  async request<Answered>(call: Call): Promise<Answered> {
    const key = call.key ?? (call.method === "GET" ? undefined : newId());
    for (let failures = 1; ; failures += 1) {
      let wait = this.#backoff(failures);
      try {
        return await this.#answer<Answered>({ ...call, key });
      } catch (error) {
        call.signal?.throwIfAborted();
        if (error instanceof ProblemError) {
          wait = Math.max(wait, error.retryAfter ?? 0);
          if (!error.isPassing || failures >= this.#attempts || wait > LONGEST_RETRY_AFTER) {
            throw error;
          }
        } else if (failures >= this.#attempts) {
          throw new ConnectionError(error);
        }
      }
      await pause(wait, call.signal);
    }
  }

  /** An answer whose body goes on without end. It is asked for once. Throws `ProblemError`. */
  async stream(path: string, query: object, signal: AbortSignal): Promise<Response> {
    return await this.#send({ method: "GET", path, query }, signal);
  }

  async #answer<Answered>(call: Call): Promise<Answered> {
    const lost = AbortSignal.timeout(this.#timeout);
    const signal = call.signal ? AbortSignal.any([call.signal, lost]) : lost;
    const answer = await this.#send(call, signal);
    const text = await answer.text();
    // The one place where the server is taken at its word; its document and this type are checked to agree.
    return (text ? JSON.parse(text) : undefined) as Answered;
  }

  async #send(call: Call, signal: AbortSignal): Promise<Response> {
    const token = await this.#token();
    let answer = await this.#sendAs(token, call, signal);
    if (answer.status === 401) {
      const another = await this.#token(token);
      if (another !== token) {
        await answer.body?.cancel();
        answer = await this.#sendAs(another, call, signal);
      }
    }
    if (!answer.ok) {
      throw await readProblem(answer);
    }
    return answer;
  }

  async #sendAs(token: string, call: Call, signal: AbortSignal): Promise<Response> {
    const headers = new Headers({ Authorization: `Bearer ${token}` });
    if (call.key !== undefined) headers.set("Idempotency-Key", call.key);
    if (call.ifMatch !== undefined) headers.set("If-Match", call.ifMatch);
    if (call.body !== undefined) headers.set("Content-Type", "application/json");
    const body = call.body === undefined ? null : JSON.stringify(call.body);
    return await this.#fetch(this.url(call.path, call.query), { method: call.method, headers, body, signal });
  }
}
