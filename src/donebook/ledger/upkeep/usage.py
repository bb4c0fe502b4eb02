"""How much is in each space, and whether its counters say so."""

from dataclasses import dataclass

from donebook.ledger.kinds.registry import all_kinds
from donebook.ledger.statements import counting
from donebook.spaces.statements import SPACES_AFTER
from donebook.storage.database import Database, Transaction

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Usage:
    """What a space holds of what has a quota."""

    space: str
    tasks: int
    history_bytes: int
    answer_bytes: int


async def largest_spaces(database: Database, limit: int) -> list[Usage]:
    """The spaces that hold the most; raises `DatabaseUnavailable`."""
    return [Usage(*row) for row in await database.read(counting.LARGEST_SPACES, {"limit": limit})]


async def recount(database: Database, space: str) -> bool:
    """Count what is in a space anew, and mend its counters; whether they were wrong."""
    values = {"owner": space}

    async def work(transaction: Transaction) -> bool:
        counted = await transaction.fetch(counting.COUNTERS, values)
        if not counted:
            return False
        tasks, history_bytes, answer_bytes = (
            await transaction.fetch(counting.count_anew(all_kinds()), values)
        )[0]
        right = {"tasks": tasks, "history_bytes": history_bytes, "answer_bytes": answer_bytes}
        if tuple(counted[0]) == tuple(right.values()):
            return False
        await transaction.fetch(counting.SET_COUNTERS, values | right)
        return True

    return await database.transact(work)


async def recount_all(database: Database) -> int:
    """Count anew what is in every space; the number of spaces whose counters were mended."""
    mended, after = 0, ""
    while spaces := await database.read(SPACES_AFTER, {"after": after, "limit": _PAGE}):
        for (space,) in spaces:
            mended += await recount(database, space)
        after = spaces[-1][0]
    return mended
