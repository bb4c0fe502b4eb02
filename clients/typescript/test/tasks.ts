import type { Task } from "../src/types.js";

/** A task as the server would show it. */
export function aTask(given: Partial<Task> & { id: string }): Task {
  return {
    number: 1,
    title: given.id,
    description: null,
    completed: false,
    completed_at: null,
    priority: null,
    due: null,
    tags: [],
    position: "8000000000000001",
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
    deleted_at: null,
    revision: 1,
    ...given,
  };
}
