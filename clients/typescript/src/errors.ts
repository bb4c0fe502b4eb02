import type { FieldConflict, Problem, Task } from "./types.js";

/** The server refused the request. It did nothing. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  /** @param retryAfter what the `Retry-After` header asks for, in milliseconds. */
  constructor(
    readonly problem: Problem,
    readonly retryAfter: number | null = null,
  ) {
    super(`${problem.status} ${problem.code}: ${problem.title}`);
  }

  /** What it is, for programs: `task_not_found`, `conflict`, … */
  get code(): string {
    return this.problem.code;
  }

  /** The status of the answer. */
  get status(): number {
    return this.problem.status;
  }

  /** Whether the same request may well succeed later. */
  get isPassing(): boolean {
    return isPassing(this.status);
  }
}

/** No answer came, not even after several attempts. A write may have been done or not. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";

  constructor(cause: unknown) {
    super("The server did not answer", { cause });
  }
}

/** The task was changed meanwhile, in fields that the write was made of; the write was not done. */
export class ConflictError extends Error {
  override readonly name = "ConflictError";

  /** @param task the task as it is now. */
  constructor(
    readonly task: Task,
    readonly conflicts: readonly FieldConflict[],
  ) {
    super(`Changed meanwhile: ${conflicts.map((each) => each.field).join(", ")}`);
  }
}

/** Whether a status says that the same request may well succeed later. */
export function isPassing(status: number): boolean {
  return [408, 425, 429, 502, 503, 504].includes(status);
}

/** The refusal in an answer, whoever gave it: a proxy's has no problem in it. */
export async function readProblem(answer: Response): Promise<ProblemError> {
  const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
  const retryAfter = Number.isFinite(seconds) ? seconds * 1000 : null;
  const body: unknown = await answer.json().catch(() => null);
  return new ProblemError(isProblem(body) ? body : unknownProblem(answer), retryAfter);
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && "status" in body;
}

function unknownProblem(answer: Response): Problem {
  const instance = answer.headers.get("x-request-id") ?? "";
  const title = answer.statusText || "The answer is not one of Donebook's";
  return { type: "about:blank", title, status: answer.status, code: "unknown", instance };
}
