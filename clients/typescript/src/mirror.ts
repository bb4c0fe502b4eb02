import { exponentialBackoff, pause, type Backoff } from "./backoff.js";
import type { DonebookClient } from "./client.js";
import { deltaOf, followRevisions } from "./events.js";
import { StoreWriter } from "./keeping.js";
import { advance, EMPTY, leadsOn, MemoryStore, type Delta, type Snapshot, type Store } from "./store.js";
import type { Transport } from "./streams.js";
import { beginsAnew, fetchDelta } from "./sync.js";

/** How the server's tasks are kept up to date. */
export interface MirrorOptions {
  /** Where tasks are kept while the page is not open; by default nowhere. */
  readonly store?: Store;
  /** Told what goes wrong in the background; it goes on trying. */
  readonly onError?: (error: unknown) => void;
  readonly transport?: Transport;
  readonly backoff?: Backoff;
}

/** Who is told of changes. */
export interface Observer {
  /** The snapshot is another one, or `connected` is. */
  changed(): void;
  /** The snapshot is about to be replaced by one that did not come from it. */
  replacing(): void;
}

/** What the server had at some revision, brought up to date by synchronising and by events. */
export class Mirror {
  readonly #client: DonebookClient;
  readonly #options: MirrorOptions;
  readonly #observer: Observer;
  readonly #backoff: Backoff;
  readonly #store: StoreWriter;

  #snapshot = EMPTY;
  #connected = false;
  #running: AbortController | null = null;
  #syncing: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | null = null;

  constructor(client: DonebookClient, options: MirrorOptions, observer: Observer) {
    this.#client = client;
    this.#options = options;
    this.#observer = observer;
    this.#backoff = options.backoff ?? exponentialBackoff();
    const store = options.store ?? new MemoryStore();
    this.#store = new StoreWriter(store, this.#backoff, (error) => options.onError?.(error));
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Whether changes arrive as they happen. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Load what was stored, synchronise, and follow the events until `stop`. */
  async start(): Promise<void> {
    if (this.#running) return;
    const running = new AbortController();
    this.#running = running;
    const loaded = await this.#store.load();
    if (loaded.revision > this.#snapshot.revision) {
      this.#snapshot = loaded;
      this.#observer.changed();
    }
    const first = this.sync();
    void this.#follow(first, running.signal);
    await first;
  }

  /** Synchronise and follow no longer. */
  stop(): void {
    this.#running?.abort();
    this.#running = null;
  }

  /** Learn what is new; not necessary while `connected`. */
  sync(): Promise<void> {
    // One that has begun may have missed what the caller wants to know, so that another one follows it.
    this.#nextSync ??= this.#syncing.catch(() => {}).then(() => {
      this.#nextSync = null;
      this.#syncing = this.#pull();
      return this.#syncing;
    });
    return this.#nextSync;
  }

  /** Learn what is new, when there is time. */
  syncInBackground(): void {
    this.sync().catch((error: unknown) => this.#report(error));
  }

  async #pull(): Promise<void> {
    this.#apply(await fetchDelta(this.#client, this.#snapshot.revision, this.#running?.signal));
  }

  #apply(delta: Delta): void {
    if (!leadsOn(this.#snapshot.revision, delta)) {
      // There is something between that was not told, as after starting from everything again.
      if (delta.since !== null && delta.since > this.#snapshot.revision) this.syncInBackground();
      return;
    }
    if (delta.since === null) this.#observer.replacing();
    this.#snapshot = advance(this.#snapshot, delta);
    this.#store.write(delta, this.#snapshot, this.#running?.signal);
    this.#observer.changed();
  }

  async #follow(first: Promise<void>, signal: AbortSignal): Promise<void> {
    const { transport } = this.#options;
    const backoff = this.#backoff;
    let synced: Promise<void> | undefined = first;
    let failures = 0;
    while (!signal.aborted) {
      const syncing = synced ?? this.sync();
      synced = undefined;
      try {
        await syncing;
        await followRevisions(this.#client, {
          since: this.#snapshot.revision,
          signal,
          backoff,
          ...(transport === undefined ? {} : { transport }),
          onRevision: (revision) => this.#apply(deltaOf(revision)),
          onConnection: (connected) => {
            if (connected) failures = 0;
            this.#connect(connected);
          },
        });
      } catch (error) {
        // The next synchronisation makes up for it, whatever the reason that what was known is void.
        if (!beginsAnew(error)) this.#report(error);
        failures += 1;
        await pause(backoff(failures), signal).catch(() => {});
      }
    }
  }

  #connect(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#observer.changed();
  }

  #report(error: unknown): void {
    const isOurs = error instanceof DOMException && error.name === "AbortError";
    if (!isOurs) this.#options.onError?.(error);
  }
}
