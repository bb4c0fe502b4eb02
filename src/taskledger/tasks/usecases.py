"""What one can do with tasks: plain functions over plain values.

Each takes the database, the principal who acts and the row type to answer in. A write that changes
something takes one new revision of its owner and is committed when the function returns.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from taskledger.errors import PreconditionFailed, TaskNotFound, UserUnknown
from taskledger.principal import Principal
from taskledger.storage.database import Database
from taskledger.tasks import statements
from taskledger.tasks.facts import read_row, read_rows
from taskledger.tasks.revisions import OpenRevision, Writing, Written, edit_values, new_task_values
from taskledger.tasks.values import Edit, NewTask, Selection, TaskKey, fold, kind_of

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A task and the revision it stands at."""

    task: T
    revision: int


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Tasks, the owner's revision they were read at, and how many match in all (where paged)."""

    tasks: list[T]
    revision: int
    total: int | None = None


async def get_task(database: Database, principal: Principal, key: TaskKey, into: type[T]) -> Found[T]:
    """Raises `TaskNotFound`, for a task of another user too."""
    kind = kind_of(key)
    rows = await database.read(statements.get_task(kind, into), {"owner": principal.user_id, kind: key})
    if not rows:
        raise TaskNotFound
    row = rows[0]
    return Found(read_row(into, row), row[-1])


async def list_tasks(
    database: Database, principal: Principal, selection: Selection, into: type[T]
) -> Listing[T]:
    """Raises `UserUnknown`."""
    shape = statements.shape_of(selection)
    statement = statements.list_tasks(shape, into)
    values = {
        "owner": principal.user_id,
        "priority": selection.priority,
        "search": None if selection.search is None else fold(selection.search),
        "limit": selection.limit,
        "offset": selection.offset,
    }
    while True:
        rows = await database.read(statement, values)
        if rows:
            if selection.limit is None:
                return Listing(read_rows(into, rows), rows[0][-1])
            return Listing(read_rows(into, rows), rows[0][-1], rows[0][-2])
        # No row carries the revision: ask for it together with the count, of one moment.
        counted = await database.read(statements.count_tasks(shape), values)
        if not counted:
            raise UserUnknown
        revision, total = counted[0]
        if total <= selection.offset or selection.limit == 0:
            return Listing([], revision, None if selection.limit is None else total)


async def owner_revision(database: Database, principal: Principal) -> int:
    """The revision that everything of the principal stands at; raises `UserUnknown`."""
    rows = await database.read(statements.OWNER_REVISION, {"owner": principal.user_id})
    if not rows:
        raise UserUnknown
    revision: int = rows[0][0]
    return revision


async def create_task(
    database: Database, principal: Principal, new: NewTask, writing: Writing, into: type[T]
) -> Written[T]:
    """Raises `UserUnknown`, `PreconditionFailed`."""
    if database.dialect != "postgresql":
        return await database.transact(
            lambda transaction: OpenRevision.take(
                transaction, principal, writing, lambda revision: revision.create(new, into)
            )
        )
    statement = statements.create_task_alone(into, guarded=writing.if_match is not None)
    values = new_task_values(principal, new, writing) | {"action": "created", "via": writing.via}
    rows = await database.write(statement, values)
    if not rows:
        raise PreconditionFailed(None, await owner_revision(database, principal))
    row = rows[0]
    return Written(read_row(into, row), row[-1], changed=True)


async def edit_task(
    database: Database, principal: Principal, edit: Edit, writing: Writing, into: type[T]
) -> Written[T]:
    """Raises `TaskNotFound`, `PreconditionFailed`; an edit that would change nothing changes nothing."""
    if not edit.aspects:
        found = await get_task(database, principal, edit.key, into)
        if writing.if_match not in {None, found.revision}:
            raise PreconditionFailed(found.task, found.revision)
        return Written(found.task, found.revision, changed=False)
    if database.dialect == "postgresql":
        kind, guard = kind_of(edit.key), writing.if_match
        statement = statements.edit_task_alone(kind, edit.aspects, into, guarded=guard is not None)
        rows = await database.write(statement, edit_values(principal, edit, writing))
        if not rows:
            raise TaskNotFound
        row = rows[0]
        if row[-1] != statements.STALE:
            revision = row[-2]
            if row[-1] == statements.KEPT and guard not in {None, revision}:
                raise PreconditionFailed(read_row(into, row), revision)
            return Written(read_row(into, row), revision, changed=row[-1] == statements.WRITTEN)
    try:
        return await database.transact(
            lambda transaction: OpenRevision.take(
                transaction, principal, writing, lambda revision: revision.edit(edit, into)
            )
        )
    except UserUnknown:
        raise TaskNotFound from None
