"""The trash: deleting for good what was deleted."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from donebook.errors import PreconditionFailed, TaskNotFound, UserUnknown
from donebook.ledger.kinds.facts import read_row
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.operations import Key, Writing, column_of
from donebook.ledger.statements import erasing
from donebook.ledger.writing.revision import OpenRevision, in_revision
from donebook.principal import Principal
from donebook.storage.database import Database

T = TypeVar("T", bound=msgspec.Struct)


async def erase_record(
    database: Database, principal: Principal, key: Key, writing: Writing, into: type[T], *, kind: Kind
) -> None:
    """Delete a record in the trash for good, with all that was ever written in it.

    What stays is that it was there: its ids, and when something was done to it. Raises `TaskNotFound`
    for a record that is not in the trash, `PreconditionFailed`.
    """
    owner, column = principal.user_id, column_of(key)

    async def erase(taken: OpenRevision) -> None:
        found = erasing.find_trashed(kind, column, into)
        rows = await taken.transaction.fetch(found, {"owner": owner, column: key})
        if not rows:
            raise TaskNotFound
        number, revision = rows[0][-2:]
        if not writing.allows(revision):
            raise PreconditionFailed(read_row(into, rows[0]), revision)
        await erase_records(taken, kind, [number], writing)

    try:
        await in_revision(database, principal, writing, erase)
    except UserUnknown:
        raise TaskNotFound from None


async def erase_records(taken: OpenRevision, kind: Kind, numbers: Sequence[int], writing: Writing) -> None:
    """Delete records for good within a revision; there is no way back."""
    values = {
        "owner": taken.owner,
        "numbers": list(numbers),
        "revision": taken.number,
        "now": writing.now,
        "via": writing.via,
        "erased": len(numbers),
    }
    for statement in erasing.in_order(kind):
        await taken.transaction.fetch(statement, values)
    taken.keep(kind)
