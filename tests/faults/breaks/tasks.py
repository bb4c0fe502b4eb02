"""Mistakes in writing tasks."""

import asyncio
from typing import Any

from tests.faults.breaks.patching import patch


def write_twice() -> None:
    """Send a creation again after it succeeded, as a careless retry does."""
    from donebook.contracts import dialect
    from donebook.ledger.writing.records import create_record

    async def create_twice(*arguments: Any, **options: Any) -> Any:
        await create_record(*arguments, **options)
        return await create_record(*arguments, **options)

    setattr(dialect, "create_record", create_twice)  # noqa: B010 - a type checker would not let us


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
    from donebook.ledger.operations import Writing
    from donebook.ledger.writing.records import edit_record, get_record

    lock = asyncio.Lock()

    async def look_and_edit(database: Any, principal: Any, edit: Any, writing: Any, into: Any) -> Any:
        if writing.if_match is None:
            return await edit_record(database, principal, edit, writing, into)
        async with lock:
            found = await get_record(database, principal, edit.kind, edit.key, into)
            if found.revision != writing.if_match:
                raise PreconditionFailed(found.record, found.revision)
            await asyncio.sleep(0.05)
            return await edit_record(database, principal, edit, Writing(writing.now, writing.via), into)

    patch(dialect, "edit_record", look_and_edit)


def write_whole_tasks() -> None:
    """Read a task, change it, and write all of it, as an object-relational mapper may."""
    from donebook.contracts import dialect
    from donebook.contracts.v2.fields import Task
    from donebook.ledger.operations import Edit
    from donebook.ledger.writing.records import edit_record, get_record
    from donebook.tasks.operations import change

    written = {"title", "description", "priority", "due", "tags"}

    async def edit_whole(database: Any, principal: Any, edit: Any, writing: Any, into: Any) -> Any:
        if edit.aspects <= written:
            task = (await get_record(database, principal, edit.kind, edit.key, Task)).record
            await asyncio.sleep(0.05)
            whole = change(edit.key, {"title": task.title, "description": task.description})
            aspects, values = edit.aspects | whole.aspects, whole.values | edit.values
            edit = Edit(edit.kind, edit.key, aspects, values, edit.action, edit.trashed)
        return await edit_record(database, principal, edit, writing, into)

    patch(dialect, "edit_record", edit_whole)


def bring_back_what_is_edited() -> None:
    """Let an edit find a deleted task, and live again what it finds."""
    from sqlalchemy import null

    from donebook.ledger.statements import in_transaction, single_statement
    from donebook.ledger.statements.parts import edit_of

    def edit_anything(
        kind: Any, key: Any, aspects: Any, *revision: Any, include_trashed: bool, **floor: Any
    ) -> Any:
        if "delete" in aspects:
            return edit_of(kind, key, aspects, *revision, include_trashed=include_trashed, **floor)
        found = edit_of(kind, key, aspects, *revision, include_trashed=True, **floor)
        return found.values(deleted_at=null())

    patch(single_statement, "edit_of", edit_anything)
    patch(in_transaction, "edit_of", edit_anything)
    single_statement.edit_alone.cache_clear()
    in_transaction.edit_step.cache_clear()
