import { ProblemError } from "./errors.js";
import type { Outcome } from "./types.js";

/** The revisions that this client made, the last one first to be undone. */
export class UndoHistory {
  #done: number[] = [];
  #undone: number[] = [];

  /** How many revisions can be undone. */
  get undoable(): number {
    return this.#done.length;
  }

  /** How many undos can be undone. */
  get redoable(): number {
    return this.#undone.length;
  }

  /** A write took a revision: what was undone before it cannot be redone any more. */
  note(revision: number): void {
    this.#done.push(revision);
    this.#undone = [];
  }

  /**
   * Undo the last revision, or the last undo.
   *
   * What can never be undone (404, 409) is not tried again.
   *
   * @param reached a revision below which nothing new can have been made.
   * @returns what it came to; `null` if there is nothing to undo.
   */
  async step(
    direction: "undo" | "redo",
    reached: number,
    undo: (revision: number) => Promise<Outcome>,
  ): Promise<Outcome | null> {
    const [from, to] =
      direction === "undo" ? [this.#done, this.#undone] : [this.#undone, this.#done];
    const revision = from.at(-1);
    if (revision === undefined) return null;
    try {
      const outcome = await undo(revision);
      from.pop();
      if (outcome.revision > reached) to.push(outcome.revision);
      return outcome;
    } catch (error) {
      if (error instanceof ProblemError && [404, 409].includes(error.status)) from.pop();
      throw error;
    }
  }

  /** Forget everything: the revisions are those of another history. */
  clear(): void {
    this.#done = [];
    this.#undone = [];
  }
}
