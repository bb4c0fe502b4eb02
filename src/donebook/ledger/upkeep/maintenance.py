"""Housekeeping: the trash is emptied, tombstones and old versions go, answers are repeated no longer.

Whatever is deleted here can be deleted twice or late without harm; that one worker does it spares work.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from donebook.errors import DatabaseUnavailable, UserUnknown
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.kinds.registry import all_kinds
from donebook.ledger.model import BEGUN
from donebook.ledger.operations import Writing
from donebook.ledger.statements import erasing, sweeping
from donebook.ledger.statements.in_transaction import LOCK_OWNER
from donebook.ledger.writing.idempotency import LIFETIME, drop_answers
from donebook.ledger.writing.pruning import forget_before
from donebook.ledger.writing.revision import OpenRevision, in_revision
from donebook.ledger.writing.trash import erase_records
from donebook.principal import Principal
from donebook.settings import Settings
from donebook.spaces.quotas import ENTRY_BYTES
from donebook.storage.database import Database, Transaction

log = logging.getLogger("donebook.maintenance")

INTERVAL = timedelta(hours=1)
_LOOK_SECONDS = 300.0
_OWNERS = 100
_TASKS = 100
VIA = "maintenance"


@dataclass(frozen=True, slots=True)
class Retention:
    """For how long what is gone or past is kept: trash, tombstones, and versions of tasks."""

    trash: timedelta
    tombstones: timedelta
    history: timedelta


def retention_of(settings: Settings) -> Retention:
    """The retention that the settings ask for."""
    return Retention(
        trash=timedelta(days=settings.trash_days),
        tombstones=timedelta(days=settings.tombstone_days),
        history=timedelta(days=settings.history_days),
    )


@dataclass(slots=True)
class Swept:
    """How much a run of maintenance removed."""

    tasks: int = 0
    tombstones: int = 0
    versions: int = 0
    answers: int = 0
    tickets: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{getattr(self, each.name)} {each.name}" for each in fields(self))


async def claim_maintenance(database: Database, now: datetime, interval: timedelta) -> bool:
    """Whether the caller is the one of all workers to do it: nobody began within the interval."""
    values = {"name": BEGUN, "now": now, "before": now - interval}
    return bool(await database.write(sweeping.MOVE_MARK, values))


async def maintain(database: Database, retention: Retention, now: datetime) -> Swept:
    """Remove what is older than the retention; raises `DatabaseUnavailable`."""
    swept = Swept()
    await _empty_trash(database, now - retention.trash, now, swept)
    await _forget_tombstones(database, now - retention.tombstones, swept)
    await _forget_history(database, now - retention.history, swept)
    await _drop_answers(database, now - LIFETIME, swept)
    swept.tickets = len(await database.write(sweeping.DROP_OLD_TICKETS, {"now": now}))
    return swept


async def _empty_trash(database: Database, before: datetime, now: datetime, swept: Swept) -> None:
    values = {"before": before, "limit": _OWNERS}
    for kind in all_kinds():
        while owners := await database.read(sweeping.owners_with_trash(kind), values):
            for (owner,) in owners:
                swept.tasks += await _erase_oldest(database, owner, kind, before, Writing(now, VIA))


async def _erase_oldest(
    database: Database, owner: str, kind: Kind, before: datetime, writing: Writing
) -> int:
    async def erase(taken: OpenRevision) -> int:
        values = {"owner": owner, "before": before, "limit": _TASKS}
        rows = await taken.transaction.fetch(erasing.trashed_before(kind), values)
        if rows:
            await erase_records(taken, kind, [row[0] for row in rows], writing)
        return len(rows)

    try:
        return await in_revision(database, Principal(owner), writing, erase)
    except UserUnknown:
        # Their account went meanwhile, and all that was theirs with it.
        return 0


async def _forget_tombstones(database: Database, before: datetime, swept: Swept) -> None:
    values = {"before": before, "limit": _OWNERS}
    while owners := await database.read(sweeping.OWNERS_WITH_TOMBSTONES, values):
        for (owner,) in owners:
            swept.tombstones += await _forget_tombstones_of(database, owner, before)


async def _forget_tombstones_of(database: Database, owner: str, before: datetime) -> int:
    values = {"owner": owner, "before": before}

    async def work(transaction: Transaction) -> int:
        await transaction.fetch(LOCK_OWNER, values)
        await transaction.fetch(sweeping.RAISE_FLOOR, values)
        forgotten = len(await transaction.fetch(sweeping.FORGET_TOMBSTONES, values))
        await transaction.fetch(sweeping.LOWER_HISTORY, values | {"freed": ENTRY_BYTES * forgotten})
        return forgotten

    return await database.transact(work)


async def _forget_history(database: Database, before: datetime, swept: Swept) -> None:
    values = {"before": before, "limit": _OWNERS}
    for kind in all_kinds():
        after, old = "", sweeping.owners_with_old_history(kind)
        while owners := await database.read(old, values | {"after": after}):
            for (owner,) in owners:
                swept.versions += await forget_before(database, owner, before)
            after = owners[-1][0]


async def _drop_answers(database: Database, before: datetime, swept: Swept) -> None:
    values = {"before": before, "limit": _OWNERS}
    while owners := await database.read(sweeping.OWNERS_WITH_OLD_RECORDS, values):
        for (owner,) in owners:
            swept.answers += await _drop_answers_of(database, owner, before)


async def _drop_answers_of(database: Database, owner: str, before: datetime) -> int:
    async def work(transaction: Transaction) -> int:
        await transaction.fetch(LOCK_OWNER, {"owner": owner})
        return (await drop_answers(transaction, owner, before))[0]

    return await database.transact(work)


class Maintainer:
    """Has a worker of the service look every few minutes whether maintenance is due."""

    def __init__(self, database: Database, retention: Retention, now: Callable[[], datetime]) -> None:
        self._database = database
        self._retention = retention
        self._now = now
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._persist())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _persist(self) -> None:
        while True:
            # Workers that were started together look one after the other.
            await asyncio.sleep(_LOOK_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            try:
                now = self._now()
                if await claim_maintenance(self._database, now, INTERVAL):
                    log.info("maintenance removed %s", await maintain(self._database, self._retention, now))
            except DatabaseUnavailable as failure:
                log.warning("maintenance is put off: %s", failure)
            except Exception:
                log.exception("maintenance failed")
