"""The trash: deleting for good what was deleted."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from donebook.errors import PreconditionFailed, TaskNotFound, UserUnknown
from donebook.ledger.statements import erasing
from donebook.principal import Principal
from donebook.storage.database import Database, Transaction
from donebook.tasks.facts import read_row
from donebook.tasks.revisions import OpenRevision
from donebook.tasks.values import TaskKey, Writing, kind_of

T = TypeVar("T", bound=msgspec.Struct)


async def erase_task(
    database: Database, principal: Principal, key: TaskKey, writing: Writing, into: type[T]
) -> None:
    """Delete a task in the trash for good, with all that was ever written in it.

    What stays is that it was there: its ids, and when something was done to it. Raises `TaskNotFound`
    for a task that is not in the trash, `PreconditionFailed`.
    """
    owner, kind = principal.user_id, kind_of(key)

    async def work(transaction: Transaction) -> None:
        async def erase(taken: OpenRevision) -> None:
            rows = await transaction.fetch(erasing.find_trashed(kind, into), {"owner": owner, kind: key})
            if not rows:
                raise TaskNotFound
            number, revision = rows[0][-2:]
            if not writing.allows(revision):
                raise PreconditionFailed(read_row(into, rows[0]), revision)
            await erase_tasks(transaction, taken, owner, [number], writing)

        await OpenRevision.take(transaction, principal, writing, erase)

    try:
        await database.transact(work)
    except UserUnknown:
        raise TaskNotFound from None


async def erase_tasks(
    transaction: Transaction, taken: OpenRevision, owner: str, numbers: Sequence[int], writing: Writing
) -> None:
    """Delete tasks for good within a revision; there is no way back."""
    values = {
        "owner": owner,
        "numbers": list(numbers),
        "revision": taken.number,
        "now": writing.now,
        "via": writing.via,
        "erased": len(numbers),
    }
    for statement in erasing.IN_ORDER:
        await transaction.fetch(statement, values)
    taken.keep()
