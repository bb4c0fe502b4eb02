"""Mistakes in writing tasks."""

import asyncio
from typing import Any

from tests.faults.breaks.patching import patch


def write_twice() -> None:
    """Send a creation again after it succeeded, as a careless retry does."""
    from donebook.contracts import dialect
    from donebook.tasks.usecases import create_task

    async def create_twice(*arguments: Any, **options: Any) -> Any:
        await create_task(*arguments, **options)
        return await create_task(*arguments, **options)

    setattr(dialect, "create_task", create_twice)  # noqa: B010 - a type checker would not let us


def let_time_run_backwards() -> None:
    """Stamp a change with the clock, whatever the task was stamped with before."""
    from sqlalchemy.ext.compiler import compiles

    from donebook.storage.types import later

    later.inherit_cache = False
    for dialect in ("postgresql", "sqlite"):
        compiles(later, dialect)(_the_clock_alone)


def _the_clock_alone(element: Any, compiler: Any, **options: Any) -> str:
    text: str = compiler.process(next(iter(element.clauses)), **options)
    return text


def ignore_conditions() -> None:
    """Write whatever the revision is that the client names."""
    from donebook.contracts import dialect

    writing_of = dialect.writing_of
    patch(dialect, "writing_of", lambda call, if_match=None: writing_of(call))


def check_conditions_in_one_process() -> None:
    """Look whether a condition holds, under a lock of this process's own, and write then."""
    from donebook.contracts import dialect
    from donebook.errors import PreconditionFailed
    from donebook.tasks.usecases import edit_task, get_task
    from donebook.tasks.values import Writing

    lock = asyncio.Lock()

    async def look_and_edit(database: Any, principal: Any, edit: Any, writing: Any, into: Any) -> Any:
        if writing.if_match is None:
            return await edit_task(database, principal, edit, writing, into)
        async with lock:
            found = await get_task(database, principal, edit.key, into)
            if found.revision != writing.if_match:
                raise PreconditionFailed(found.task, found.revision)
            await asyncio.sleep(0.05)
            return await edit_task(database, principal, edit, Writing(writing.now, writing.via), into)

    patch(dialect, "edit_task", look_and_edit)


def write_whole_tasks() -> None:
    """Read a task, change it, and write all of it, as an object-relational mapper may."""
    from donebook.contracts import dialect
    from donebook.contracts.v2.fields import Task
    from donebook.tasks.usecases import edit_task, get_task
    from donebook.tasks.values import Aspect, Edit, change

    written = {Aspect.TITLE, Aspect.DESCRIPTION, Aspect.PRIORITY, Aspect.DUE, Aspect.TAGS}

    async def edit_whole(database: Any, principal: Any, edit: Any, writing: Any, into: Any) -> Any:
        if edit.aspects <= written:
            task = (await get_task(database, principal, edit.key, Task)).task
            await asyncio.sleep(0.05)
            whole = change(edit.key, {"title": task.title, "description": task.description})
            aspects, values = edit.aspects | whole.aspects, whole.values | edit.values
            edit = Edit(edit.key, aspects, values, edit.action, edit.trashed)
        return await edit_task(database, principal, edit, writing, into)

    patch(dialect, "edit_task", edit_whole)


def bring_back_what_is_edited() -> None:
    """Let an edit find a deleted task, and live again what it finds."""
    from sqlalchemy import null

    from donebook.tasks.statements import alone, steps
    from donebook.tasks.statements.parts import edit_of
    from donebook.tasks.values import Aspect

    def edit_anything(kind: Any, aspects: Any, *revision: Any, trashed: bool, **floor: Any) -> Any:
        if Aspect.DELETE in aspects:
            return edit_of(kind, aspects, *revision, trashed=trashed, **floor)
        return edit_of(kind, aspects, *revision, trashed=True, **floor).values(deleted_at=null())

    patch(alone, "edit_of", edit_anything)
    patch(steps, "edit_of", edit_anything)
    alone.edit_task_alone.cache_clear()
    steps.edit_task_step.cache_clear()
