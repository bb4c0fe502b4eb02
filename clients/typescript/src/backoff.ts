/** How many milliseconds to wait before the attempt after `failures` failed ones (1 or more). */
export type Backoff = (failures: number) => number;

/** Twice as long each time, up to a limit, and never quite the same for all clients. */
export function exponentialBackoff(first = 500, most = 30_000): Backoff {
  return (failures) => Math.min(most, first * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}

/** Wait; no longer once the browser is online again. Rejects with the signal's reason. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const over = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, milliseconds);
      over.signal.addEventListener("abort", () => clearTimeout(timer));
      signal?.addEventListener("abort", () => reject(signal.reason), { signal: over.signal });
      if ("addEventListener" in globalThis) {
        globalThis.addEventListener("online", () => resolve(), { signal: over.signal });
      }
    });
  } finally {
    over.abort();
  }
}
