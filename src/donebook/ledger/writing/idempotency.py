"""Writes that can be sent again: the effect and the answer are one transaction's, under a key.

A record is of one user, and lasts `LIFETIME`. Only what succeeded is recorded: after a failure the
same key may be used for a request that is mended.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from donebook.errors import AnswerQuotaExceeded, KeyReused, UserUnknown
from donebook.ledger.kinds.registry import all_kinds
from donebook.ledger.statements import records
from donebook.ledger.statements.in_transaction import LOCK_OWNER
from donebook.ledger.writing.pruning import transact_with_room
from donebook.principal import Principal
from donebook.spaces.quotas import ENTRY_BYTES, UNLIMITED, Quotas
from donebook.storage.database import Database, Transaction
from donebook.storage.joined import JoinedDatabase

LIFETIME = timedelta(hours=24)
_UTMOST = 2
"""How many times their quota the answers to deletions may fill. Beyond it none is stored, so that there is an
end to deleting and restoring the same tasks again and again."""


@dataclass(frozen=True, slots=True)
class Once:
    """A request that is to have its effect once: its key, and what tells it from others with the key."""

    key: str
    fingerprint: str
    deletes: bool = False
    """Whether it can only delete, which no quota refuses. Other requests are judged by what they did."""


async def perform_once(
    database: Database,
    principal: Principal,
    once: Once,
    now: datetime,
    perform: Callable[[Database], Awaitable[bytes]],
    *,
    quotas: Quotas = UNLIMITED,
) -> tuple[bytes, bool]:
    """The bytes that ``perform`` returned for this request, and whether that was an earlier time.

    ``perform`` is given the database to work on and may await nothing else. The owner's row is locked
    before the record is looked for, so that of several requests at once one performs and the others
    wait for it. Where the stored answers have reached their quota, the request is performed all the same
    and taken back unless it only deleted. Raises `UserUnknown`, `KeyReused`, `QuotaExceeded`, and
    whatever ``perform`` raises.
    """
    since = now - LIFETIME
    named = {"owner": principal.user_id, "key": once.key}

    async def work(transaction: Transaction) -> tuple[bytes, bool]:
        space = await transaction.fetch(LOCK_OWNER, named)
        if not space:
            raise UserUnknown
        found = await transaction.fetch(records.FIND_RECORD, named)
        if found and found[0][2] > since:
            fingerprint, answer, _ = found[0]
            if fingerprint != once.fingerprint:
                raise KeyReused
            return answer, True
        revision, _, tasks, _, stored = space[0]
        quota = quotas.answer_bytes
        if found or stored >= quota:
            stored -= (await drop_answers(transaction, principal.user_id, since))[1]
        answer = await perform(JoinedDatabase(transaction))
        if stored >= quota and not once.deletes:
            before = {"owner": principal.user_id, "after": revision, "tasks": tasks}
            if not (await transaction.fetch(records.only_deleted(all_kinds()), before))[0][0]:
                raise AnswerQuotaExceeded(quota)
        if stored >= _UTMOST * quota:
            return answer, False
        await transaction.fetch(
            records.ADD_RECORD,
            {**named, "fingerprint": once.fingerprint, "answer": answer, "now": now},
        )
        added = ENTRY_BYTES + len(once.key.encode()) + len(answer)
        await transaction.fetch(records.COUNT_ANSWERS, {**named, "added": added})
        return answer, False

    return await transact_with_room(database, principal, work)


async def drop_answers(transaction: Transaction, owner: str, since: datetime) -> tuple[int, int]:
    """Drop the answers given up to a moment, whose space is locked; how many, and the bytes freed."""
    values = {"owner": owner, "since": since}
    dropped = await transaction.fetch(records.DROP_RECORDS, values)
    freed = sum(row[0] for row in dropped)
    await transaction.fetch(records.COUNT_ANSWERS, {"owner": owner, "added": -freed})
    return len(dropped), freed
