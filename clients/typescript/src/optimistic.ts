/** What the list looks like with writes that the server has not done yet. */

import type { NewTask, Operation, Task, TaskPatch } from "./types.js";

/** The position of tasks that are not created yet: behind all that the server gives out. */
const LAST = "~";

type Given = Extract<Operation, { op: "create" }>["task"];
type Move = Extract<Operation, { op: "move" }>;

/** Tasks as they are arranged. */
export function arranged(tasks: Iterable<Task>): Task[] {
  return [...tasks].sort(inPosition);
}

/** The list after an operation, as far as that can be told beforehand. */
export function foresee(tasks: readonly Task[], operation: Operation): readonly Task[] {
  switch (operation.op) {
    case "create":
      return tasks.some((task) => task.id === operation.task.id)
        ? tasks
        : [...tasks, draft(operation.task)];
    case "update":
      return mapped(tasks, operation.id, (task) => ({ ...task, ...normalized(operation.task, task) }));
    case "complete":
      return mapped(tasks, operation.id, (task) => ({ ...task, ...completion(true, task) }));
    case "reopen":
      return mapped(tasks, operation.id, (task) => ({ ...task, ...completion(false, task) }));
    case "delete":
      return tasks.filter((task) => task.id !== operation.id);
    case "move":
      return moved(tasks, operation);
    case "restore":
      return tasks; // What is in the trash is not known here.
  }
}

/** The list with tasks as the server says that they are. */
export function corrected(tasks: readonly Task[], results: readonly Task[]): readonly Task[] {
  const told = new Map(results.map((task) => [task.id, task]));
  const list: Task[] = [];
  for (const task of tasks) {
    const result = told.get(task.id) ?? task;
    const isThere = task.position === LAST || task.position === result.position;
    if (isThere && result.deleted_at === null) {
      list.push(result);
      told.delete(task.id);
    }
  }
  for (const result of told.values()) {
    if (result.deleted_at === null) {
      const next = list.findIndex((task) => inPosition(result, task) < 0);
      list.splice(next < 0 ? list.length : next, 0, result);
    }
  }
  return list;
}

function inPosition(one: Task, other: Task): number {
  if (one.position !== other.position) {
    return one.position < other.position ? -1 : 1;
  }
  return one.number - other.number;
}

function mapped(tasks: readonly Task[], id: string, change: (task: Task) => Task): readonly Task[] {
  return tasks.map((task) => (task.id === id ? change(task) : task));
}

function draft(given: NewTask): Task {
  const now = new Date().toISOString();
  const blank: Task = {
    id: given.id ?? "",
    number: 0,
    title: "",
    description: null,
    completed: false,
    completed_at: null,
    priority: null,
    due: null,
    tags: [],
    position: LAST,
    created_at: now,
    updated_at: now,
    deleted_at: null,
    revision: 0,
  };
  return { ...blank, ...normalized(given, blank) };
}

/** The fields as the server will show them. */
function normalized(given: Given | TaskPatch, before: Task): Partial<Task> {
  const { title, description, completed, priority, due, tags } = given;
  return {
    ...(title === undefined ? {} : { title: title.trim() }),
    ...(description === undefined ? {} : { description }),
    ...(priority === undefined ? {} : { priority }),
    ...(due === undefined ? {} : { due: due && "at" in due ? { time_zone: null, ...due } : due }),
    ...(tags === undefined ? {} : { tags: [...new Set(tags)] }),
    ...(completed === undefined ? {} : completion(completed, before)),
  };
}

function completion(completed: boolean, before: Task): Partial<Task> {
  if (completed === before.completed) return {};
  return { completed, completed_at: completed ? new Date().toISOString() : null };
}

function moved(tasks: readonly Task[], { id, before, after, to }: Move): readonly Task[] {
  const task = tasks.find((each) => each.id === id);
  const others = tasks.filter((each) => each.id !== id);
  const anchor = others.findIndex((each) => each.id === (before ?? after));
  if (task === undefined || (to === undefined && anchor < 0)) return tasks;
  const last = to === "last" ? others.length : 0;
  const index = to === undefined ? anchor + (before === undefined ? 1 : 0) : last;
  return others.toSpliced(index, 0, task);
}
