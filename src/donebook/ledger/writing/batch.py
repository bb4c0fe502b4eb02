"""Several writes as one: all of them take effect, under one revision, or none."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from donebook.errors import Failure, OperationFailed
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.operations import Creation, Edit, Move, Writing
from donebook.ledger.writing.outcome import Outcome, read_records
from donebook.ledger.writing.revision import OpenRevision, in_revision
from donebook.principal import Principal
from donebook.storage.database import Database

T = TypeVar("T", bound=msgspec.Struct)

Operation = Creation | Edit | Move


class _Number(msgspec.Struct):
    id: int


async def apply_batch(
    database: Database,
    principal: Principal,
    operations: Sequence[Operation],
    writing: Writing,
    into: type[T],
    *,
    kind: Kind,
) -> Outcome[T]:
    """Do the operations, all on one kind, in order; the records, one for each, as they are at the end.

    An operation sees what those before it did. ``writing.if_match`` is the owner's revision. Raises
    `OperationFailed`, `PreconditionFailed`, `QuotaExceeded`, `UserUnknown`.
    """

    async def apply(taken: OpenRevision) -> Outcome[T]:
        taken.require_owner_at(writing.if_match)
        numbers: list[int] = []
        for index, operation in enumerate(operations):
            try:
                numbers.append(await _apply(taken, operation))
            except Failure as failure:
                raise OperationFailed(index, failure) from failure
        return Outcome(
            taken.reached, await read_records(taken.transaction, principal.user_id, kind, numbers, into)
        )

    return await in_revision(database, principal, writing.unconditional(), apply)


async def _apply(taken: OpenRevision, operation: Operation) -> int:
    if isinstance(operation, Creation):
        written = await taken.create(operation, _Number)
    elif isinstance(operation, Move):
        written = await taken.move(operation, _Number)
    else:
        written = await taken.edit(operation, _Number)
    return written.record.id
