"""Lists of any length, a page at a time."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from donebook.errors import UserUnknown
from donebook.ledger.kinds.facts import read_rows
from donebook.principal import Principal
from donebook.storage.database import Database, Transaction
from donebook.tasks.selection import Selection
from donebook.tasks.statements import reading, selecting

T = TypeVar("T", bound=msgspec.Struct)

_FIRST_PAGE = 100
_LARGEST_PAGE = 1000
_PAGE_BYTES = 1024 * 1024


async def read_long_list(
    database: Database,
    principal: Principal,
    selection: Selection,
    into: type[T],
    take: Callable[[list[T]], Awaitable[int]],
) -> tuple[int, int]:
    """Give ``take`` all selected tasks, in order and of one moment; the owner's revision and their number.

    ``take`` says how many bytes it made of a page, by which the next is measured. It may suspend only
    where an event loop is running: see `Database.view`. Raises `UserUnknown`.
    """
    shape = selecting.shape_of(selection)
    values = selecting.values_of(selection) | {"owner": principal.user_id}

    async def work(transaction: Transaction) -> tuple[int, int]:
        counted = await transaction.fetch(reading.count_tasks(shape), values)
        if not counted:
            raise UserUnknown
        revision, total = counted[0]
        start: reading.Start = "first"
        place: dict[str, object] = {}
        size, taken = _FIRST_PAGE, 0
        while taken < total:
            statement = reading.page_of_tasks(shape, into, start)
            rows = await transaction.fetch(statement, {**values, **place, "limit": size})
            made = await take(read_rows(into, rows))
            taken += len(rows)
            key, number = (rows[-1][index] for index in reading.place_in(selection.sort, into))
            start = "null" if key is None else "value"
            place = {"after_key": key, "after_id": number}
            size = max(1, min(_LARGEST_PAGE, _PAGE_BYTES * len(rows) // max(made, 1)))
        return revision, total

    return await database.view(work)
