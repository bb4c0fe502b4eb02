"""Writes that can be sent again: the effect and the answer are one transaction's, under a key.

A record is of one user, and lasts `LIFETIME`. Only what succeeded is recorded: after a failure the
same key may be used for a request that is mended.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from donebook.errors import KeyReused, UserUnknown
from donebook.ledger.statements import records
from donebook.principal import Principal
from donebook.storage.database import Database, Transaction
from donebook.storage.joined import JoinedDatabase
from donebook.tasks.statements.steps import LOCK_OWNER

LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Once:
    """A request that is to have its effect once: its key, and what tells it from others with the key."""

    key: str
    fingerprint: str


async def perform_once(
    database: Database,
    principal: Principal,
    once: Once,
    now: datetime,
    perform: Callable[[Database], Awaitable[bytes]],
) -> tuple[bytes, bool]:
    """The bytes that ``perform`` returned for this request, and whether that was an earlier time.

    ``perform`` is given the database to work on and may await nothing else. The owner's row is locked
    before the record is looked for, so that of several requests at once one performs and the others
    wait for it. Raises `UserUnknown`, `KeyReused`, and whatever ``perform`` raises.
    """
    named = {"owner": principal.user_id, "key": once.key}

    async def work(transaction: Transaction) -> tuple[bytes, bool]:
        if not await transaction.fetch(LOCK_OWNER, named):
            raise UserUnknown
        found = await transaction.fetch(records.FIND_RECORD, {**named, "since": now - LIFETIME})
        if found:
            fingerprint, answer = found[0]
            if fingerprint != once.fingerprint:
                raise KeyReused
            return answer, True
        answer = await perform(JoinedDatabase(transaction))
        await transaction.fetch(records.DROP_RECORD, named)
        await transaction.fetch(
            records.ADD_RECORD,
            {**named, "fingerprint": once.fingerprint, "answer": answer, "now": now},
        )
        return answer, False

    return await database.transact(work)
