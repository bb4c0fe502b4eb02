"""Reading tasks: plain functions over plain values.

Each takes the database, the principal who acts and the row type to answer in.
"""

from typing import Generic, TypeVar

import msgspec

from donebook.errors import DatabaseUnavailable, UserUnknown
from donebook.ledger.kinds.facts import read_rows
from donebook.principal import Principal
from donebook.storage.database import Database
from donebook.tasks.selection import Place, Selection
from donebook.tasks.statements import reading, selecting

T = TypeVar("T", bound=msgspec.Struct)

LONGEST_LIST = 1000
"""Tasks that one statement reads."""

_TRIES = 10
_UNSTEADY = "tasks come and go between two statements, again and again"


class Listing(msgspec.Struct, Generic[T], frozen=True):
    """Tasks, the owner's revision they were read at, and how many match in all (where paged)."""

    tasks: list[T]
    revision: int
    total: int | None = None


class ListTooLong(Exception):
    """There are more than `LONGEST_LIST` tasks."""


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page of tasks, the owner's revision they were read at, and where it ended if there is more."""

    tasks: list[T]
    revision: int
    end: Place | None


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
