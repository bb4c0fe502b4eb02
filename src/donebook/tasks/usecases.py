"""What one can do with tasks: plain functions over plain values.

Each takes the database, the principal who acts and the row type to answer in. A write that changes
something takes one new revision of its owner and is committed when the function returns.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from donebook.errors import DatabaseUnavailable, PreconditionFailed, TaskNotFound, UserUnknown
from donebook.principal import Principal
from donebook.storage.database import Database
from donebook.tasks.facts import read_row, read_rows
from donebook.tasks.history import transact_with_room
from donebook.tasks.revisions import OpenRevision, Written
from donebook.tasks.selection import Place, Selection
from donebook.tasks.statements import alone, reading, selecting
from donebook.tasks.values import (
    Aspect,
    Edit,
    Move,
    NewTask,
    TaskKey,
    Writing,
    edit_values,
    kind_of,
    new_task_values,
)

T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")

LONGEST_LIST = 1000
"""Tasks that one statement reads."""

_TRIES = 10
_UNSTEADY = "tasks come and go between two statements, again and again"


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


class ListTooLong(Exception):
    """There are more than `LONGEST_LIST` tasks."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of tasks, the owner's revision they were read at, and where it ended if there is more."""

    tasks: list[T]
    revision: int
    end: Place | None


async def get_task(
    database: Database, principal: Principal, key: TaskKey, into: type[T], *, trashed: bool = False
) -> Found[T]:
    """Raises `TaskNotFound`, for a task of another user too, and for one in the trash unless asked."""
    kind = kind_of(key)
    statement = reading.get_task(kind, into, trashed=trashed)
    rows = await database.read(statement, {"owner": principal.user_id, kind: key})
    if not rows:
        raise TaskNotFound
    row = rows[0]
    return Found(read_row(into, row), row[-1])


async def list_tasks(
    database: Database, principal: Principal, selection: Selection, into: type[T]
) -> Listing[T]:
    """Raises `UserUnknown`; `ListTooLong` for a list without a limit that `read_long_list` has to read."""
    shape = selecting.shape_of(selection)
    statement = reading.list_tasks(shape, into)
    values = selecting.values_of(selection) | {"owner": principal.user_id, "most": LONGEST_LIST + 1}
    for _ in range(_TRIES):
        rows = await database.read(statement, values)
        if rows:
            if selection.limit is None:
                if len(rows) > LONGEST_LIST:
                    raise ListTooLong
                return Listing(read_rows(into, rows), rows[0][-1])
            return Listing(read_rows(into, rows), rows[0][-1], rows[0][-2])
        # No row carries the revision: ask for it together with the count, of one moment.
        counted = await database.read(reading.count_tasks(shape), values)
        if not counted:
            raise UserUnknown
        revision, total = counted[0]
        if total <= selection.offset or selection.limit == 0:
            return Listing([], revision, None if selection.limit is None else total)
    raise DatabaseUnavailable(_UNSTEADY)


async def page_tasks(
    database: Database,
    principal: Principal,
    selection: Selection,
    into: type[T],
    *,
    limit: int,
    after: Place | None = None,
) -> Page[T]:
    """Up to ``limit`` tasks of the selection that come after a place; raises `UserUnknown`.

    Following the ends of the pages meets every task that keeps its place once, whatever is written
    meanwhile.
    """
    start: reading.Start = "first"
    values = selecting.values_of(selection) | {"owner": principal.user_id, "limit": limit + 1}
    if after is not None:
        start = "null" if after.key is None else "value"
        values |= {"after_key": after.key, "after_id": after.number}
    shape = selecting.shape_of(selection)
    statement = reading.page_of_tasks(shape, into, start)
    for _ in range(_TRIES):
        rows = await database.read(statement, values)
        if rows:
            shown, end = rows[:limit], None
            if len(rows) > limit:
                key, number = reading.place_in(selection.sort, into)
                end = Place(shown[-1][key], shown[-1][number])
            return Page(read_rows(into, shown), rows[0][-1], end)
        # As of a list: the revision comes with the count of what there is.
        counted = await database.read(reading.count_tasks(shape, start), values)
        if not counted:
            raise UserUnknown
        revision, total = counted[0]
        if total == 0:
            return Page([], revision, None)
    raise DatabaseUnavailable(_UNSTEADY)


async def owner_revision(database: Database, principal: Principal) -> int:
    """The revision that everything of the principal stands at; raises `UserUnknown`."""
    rows = await database.read(reading.OWNER_REVISION, {"owner": principal.user_id})
    if not rows:
        raise UserUnknown
    revision: int = rows[0][0]
    return revision


async def create_task(
    database: Database, principal: Principal, new: NewTask, writing: Writing, into: type[T]
) -> Written[T]:
    """Create a task, or return the one that already has the UUID which the client chose.

    Raises `UserUnknown`, `PreconditionFailed`, `TaskErased`, `QuotaExceeded`.
    """
    if database.dialect == "postgresql":
        chosen = new.uuid is not None
        creation = alone.create_chosen_task_alone if chosen else alone.create_task_alone
        statement = creation(into, guarded=writing.if_match is not None)
        values = new_task_values(principal.user_id, new, writing) | {"action": "created", "via": writing.via}
        rows = await database.write(statement, values)
        if rows:
            return Written(read_row(into, rows[0]), rows[0][-1], changed=True)
        if not chosen and writing.if_match is not None:
            revision = await owner_revision(database, principal)
            if revision != writing.if_match:
                raise PreconditionFailed(None, revision)
    return await _in_revision(database, principal, writing, lambda revision: revision.create(new, into))


async def edit_task(
    database: Database, principal: Principal, edit: Edit, writing: Writing, into: type[T]
) -> Written[T]:
    """Apply an edit; one that would change nothing changes nothing.

    Raises `TaskNotFound`, `PreconditionFailed`, `QuotaExceeded`.
    """
    if not edit.aspects:
        found = await get_task(database, principal, edit.key, into, trashed=edit.trashed)
        if not writing.allows(found.revision):
            raise PreconditionFailed(found.task, found.revision)
        return Written(found.task, found.revision, changed=False)
    if database.dialect == "postgresql":
        statement = alone.edit_task_alone(
            kind_of(edit.key), edit.aspects, into, writing.guard_kind, trashed=edit.trashed
        )
        rows = await database.write(statement, edit_values(principal.user_id, edit, writing))
        if not rows:
            raise TaskNotFound
        row = rows[0]
        revision, outcome = row[-2:]
        if outcome != alone.STALE:
            if outcome == alone.KEPT and not writing.allows(revision):
                raise PreconditionFailed(read_row(into, row), revision)
            return Written(read_row(into, row), revision, outcome == alone.WRITTEN)
    try:
        return await _in_revision(database, principal, writing, lambda revision: revision.edit(edit, into))
    except UserUnknown:
        raise TaskNotFound from None


async def move_task(
    database: Database, principal: Principal, move: Move, writing: Writing, into: type[T]
) -> Written[T]:
    """Give a task a new place; one that is there already stays as it is.

    Raises `TaskNotFound`, `NeighbourNotFound`, `PreconditionFailed`, `QuotaExceeded`.
    """
    if move.anchor is None and database.dialect == "postgresql":
        aspect = Aspect.FIRST if move.side == "before" else Aspect.LAST
        edit = Edit(move.key, frozenset({aspect}), action="moved")
        return await edit_task(database, principal, edit, writing, into)
    try:
        return await _in_revision(database, principal, writing, lambda revision: revision.move(move, into))
    except UserUnknown:
        raise TaskNotFound from None


async def _in_revision(
    database: Database,
    principal: Principal,
    writing: Writing,
    work: Callable[[OpenRevision], Awaitable[R]],
) -> R:
    return await transact_with_room(
        database, principal, lambda transaction: OpenRevision.take(transaction, principal, writing, work)
    )
