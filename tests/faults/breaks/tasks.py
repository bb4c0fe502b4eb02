"""Mistakes in writing tasks."""

import asyncio
from typing import Any

from tests.faults.breaks.patching import patch


def write_twice() -> None:
    """Send a creation again after it succeeded, as a careless retry does."""
    from taskledger.contracts import dialect
    from taskledger.tasks.usecases import create_task

    async def create_twice(*arguments: Any, **options: Any) -> Any:
        await create_task(*arguments, **options)
        return await create_task(*arguments, **options)

    setattr(dialect, "create_task", create_twice)  # noqa: B010 - a type checker would not let us


def let_time_run_backwards() -> None:
    """Stamp a change with the clock, whatever the task was stamped with before."""
    from sqlalchemy.ext.compiler import compiles

    from taskledger.storage.types import later

    later.inherit_cache = False
    for dialect in ("postgresql", "sqlite"):
        compiles(later, dialect)(_the_clock_alone)


def _the_clock_alone(element: Any, compiler: Any, **options: Any) -> str:
    text: str = compiler.process(next(iter(element.clauses)), **options)
    return text


def ignore_conditions() -> None:
    """Write whatever the revision is that the client names."""
    from taskledger.contracts import dialect

    writing_of = dialect.writing_of
    patch(dialect, "writing_of", lambda call, if_match=None: writing_of(call))


def write_whole_tasks() -> None:
    """Read a task, change it, and write all of it, as an object-relational mapper may."""
    from taskledger.contracts import dialect
    from taskledger.tasks.usecases import edit_task, get_task
    from taskledger.tasks.values import Aspect, Edit

    async def edit_whole(database: Any, principal: Any, edit: Any, writing: Any, into: Any) -> Any:
        kept = {"title": Aspect.TITLE, "description": Aspect.DESCRIPTION}
        if edit.aspects <= {*kept.values(), Aspect.PRIORITY, Aspect.DUE, Aspect.TAGS}:
            task = (await get_task(database, principal, edit.key, into)).task
            await asyncio.sleep(0.05)
            values = {name: getattr(task, name) for name in kept} | dict(edit.values)
            aspects = edit.aspects | set(kept.values())
            edit = Edit(edit.key, aspects, values, edit.action, edit.trashed)
        return await edit_task(database, principal, edit, writing, into)

    patch(dialect, "edit_task", edit_whole)


def bring_back_what_is_edited() -> None:
    """Let an edit find a deleted task, and live again what it finds."""
    from sqlalchemy import null

    from taskledger.tasks.statements import alone, steps
    from taskledger.tasks.statements.parts import edit_of
    from taskledger.tasks.values import Aspect

    def edit_anything(kind: Any, aspects: Any, revision: Any, guard: Any, *, trashed: bool) -> Any:
        if Aspect.DELETE in aspects:
            return edit_of(kind, aspects, revision, guard, trashed=trashed)
        return edit_of(kind, aspects, revision, guard, trashed=True).values(deleted_at=null())

    patch(alone, "edit_of", edit_anything)
    patch(steps, "edit_of", edit_anything)
    alone.edit_task_alone.cache_clear()
    steps.edit_task_step.cache_clear()
