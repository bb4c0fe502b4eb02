"""Forgetting the oldest history of a space: for its age, or to make room for new."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from donebook.errors import HistoryQuotaExceeded
from donebook.ledger.kinds.registry import all_kinds
from donebook.ledger.statements import pruning
from donebook.principal import Principal
from donebook.spaces.quotas import ENTRY_BYTES
from donebook.storage.database import Database, Transaction, Work
from donebook.storage.joined import JoinedDatabase
from donebook.storage.statement import Row

T = TypeVar("T")

_SLICE = 1000
"""How many versions a transaction looks at, so that it is short."""
_SHARE = 16
"""To make room, this part of the quota is freed at once: not for every write, and no more than must be."""


@dataclass(frozen=True, slots=True)
class _Pruned:
    versions: int
    more: bool


async def forget_before(database: Database, owner: str, before: datetime) -> int:
    """Forget the changes of a space before a moment; how many versions were deleted."""
    versions = 0
    while True:
        pruned = await database.transact(lambda transaction: _forget_before(transaction, owner, before))
        versions += pruned.versions
        if not pruned.more:
            return versions


async def transact_with_room(database: Database, principal: Principal, work: Work[T]) -> T:
    """Do the work in a transaction; while history has reached its quota, forget the oldest and do it again.

    Another writer may take the room before this one comes to it. The forgetting is committed by itself:
    work that is refused even then is not to look through the same history again. Within a larger
    transaction that is left to whoever began it. Raises `HistoryQuotaExceeded`, and what the work raises.
    """
    while True:
        try:
            return await database.transact(work)
        except HistoryQuotaExceeded as refused:
            if isinstance(database, JoinedDatabase):
                raise
            if not await _make_room(database, principal.user_id, refused.quota):
                raise


async def _make_room(database: Database, owner: str, quota: int) -> bool:
    """Forget the oldest changes until the history is below its quota; whether it is."""
    while True:
        room = await database.transact(lambda transaction: _forget_slice(transaction, owner, quota))
        if room is not None:
            return room


async def _forget_slice(transaction: Transaction, owner: str, quota: int) -> bool | None:
    rows = await transaction.fetch(pruning.FLOORS, {"owner": owner})
    if not rows:
        return False
    head, floor, kept = rows[0]
    if kept < quota:
        return True
    if floor >= head:
        return False
    await _prune(transaction, owner, (floor, head), room=quota // _SHARE)
    return None


async def _forget_before(transaction: Transaction, owner: str, before: datetime) -> _Pruned:
    rows = await transaction.fetch(pruning.FLOORS, {"owner": owner})
    if not rows:
        return _Pruned(0, more=False)
    floor = rows[0][1]
    old = {"owner": owner, "after": floor, "before": before}
    found = [(await transaction.fetch(pruning.newest_before(kind), old))[0][0] for kind in all_kinds()]
    newest = max((revision for revision in found if revision is not None), default=None)
    if newest is None:
        return _Pruned(0, more=False)
    return await _prune(transaction, owner, (floor, newest))


async def _prune(
    transaction: Transaction, owner: str, bounds: tuple[int, int], room: int | None = None
) -> _Pruned:
    """Forget a slice of the revisions above one and up to another.

    To make ``room`` for so many bytes, no more than holds as many; and then the tombstones, too.
    """
    floor, last = bounds
    values = {"owner": owner, "after": floor, "limit": _SLICE}
    oldest = [await transaction.fetch(pruning.oldest_versions(kind), values) for kind in all_kinds()]
    upto = min(_end_of(oldest, room, last), last)
    values["upto"] = upto
    versions: list[Row] = []
    for kind in all_kinds():
        for statement in (pruning.prune_versions(kind), pruning.prune_blanks(kind)):
            versions += await transaction.fetch(statement, values)
    forgotten: Sequence[Row] = ()
    if room is not None:
        forgotten = await transaction.fetch(pruning.FORGET_BURIED, values)
    freed = sum(row[0] for row in versions) + ENTRY_BYTES * len(forgotten)
    lowered = {"freed": freed, "floor": max((row[0] for row in forgotten), default=0)}
    await transaction.fetch(pruning.FORGET_HISTORY, values | lowered)
    return _Pruned(len(versions), more=upto < last)


def _end_of(oldest: Sequence[Sequence[Row]], room: int | None, last: int) -> int:
    """The revision that a slice ends with, by the oldest versions of each kind; it goes as a whole."""
    # Beyond the last version of a kind of which there are more, nothing is known of that kind.
    known: int = min((versions[-1][0] for versions in oldest if len(versions) == _SLICE), default=last)
    held = 0
    for revision, size in sorted((row[0], row[1]) for versions in oldest for row in versions):
        held += size
        if room is not None and held >= room:
            end: int = min(revision, known)
            return end
    return known
