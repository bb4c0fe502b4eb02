import { pause, type Backoff } from "./backoff.js";
import { EMPTY, type Delta, type Snapshot, type Store } from "./store.js";

/**
 * Brings a store up to the newest snapshot, one write after the other.
 *
 * A store may refuse a write, for instance because the quota is used up, and it may lose what it kept, for
 * instance because the site's data were cleared. Then it is given the whole snapshot. A refused write is
 * repeated until it succeeds, and told once.
 */
export class StoreWriter {
  readonly #store: Store;
  readonly #backoff: Backoff;
  readonly #onError: (error: unknown) => void;

  #latest: Snapshot = EMPTY;
  #writing: Promise<void> = Promise.resolve();
  #failures = 0;
  #replaces = false;
  #retrying = false;

  constructor(store: Store, backoff: Backoff, onError: (error: unknown) => void) {
    this.#store = store;
    this.#backoff = backoff;
    this.#onError = onError;
  }

  /** What the store kept; `EMPTY` if it cannot say. */
  async load(): Promise<Snapshot> {
    try {
      return await this.#store.load();
    } catch (error) {
      this.#onError(error);
      return EMPTY;
    }
  }

  /**
   * Write a delta, after those before it, and the snapshot that it led to if the delta is not enough.
   *
   * @param signal for how long a refused write is repeated; without one, the next write makes up for it.
   */
  write(delta: Delta, snapshot: Snapshot, signal?: AbortSignal): void {
    this.#latest = snapshot;
    this.#enqueue(delta, signal);
  }

  #enqueue(delta: Delta, signal: AbortSignal | undefined): void {
    this.#writing = this.#writing.then(() => this.#attempt(delta, signal));
  }

  async #attempt(delta: Delta, signal: AbortSignal | undefined): Promise<void> {
    // Until a refused replacement is made up for, the store may keep another history.
    this.#replaces ||= delta.since === null;
    try {
      const next = this.#replaces ? wholeOf(this.#latest) : delta;
      const kept = await this.#store.apply(next);
      // It was emptied, or another tab's write is missing in it.
      if (kept < next.revision) await this.#store.apply(wholeOf(this.#latest));
      this.#replaces = false;
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      if (this.#failures === 1) this.#onError(error);
      if (signal !== undefined) void this.#retry(signal);
    }
  }

  async #retry(signal: AbortSignal): Promise<void> {
    if (this.#retrying) return;
    this.#retrying = true;
    const waited = await pause(this.#backoff(this.#failures), signal).then(
      () => true,
      () => false,
    );
    this.#retrying = false;
    if (waited && this.#failures > 0) this.#enqueue(probeOf(this.#latest), signal);
  }
}

/** The delta that leads from anything to a snapshot. */
function wholeOf({ revision, tasks }: Snapshot): Delta {
  return { since: null, revision, tasks: [...tasks.values()], deleted: [] };
}

/** A delta without content: the store answers how far it is. */
function probeOf({ revision }: Snapshot): Delta {
  return { since: revision, revision, tasks: [], deleted: [] };
}
