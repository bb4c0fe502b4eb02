"""The numbers of revisions, made so that none ever stands for two states.

A ledger begins at a number made of the time, and is raised to one when its history may have lost its end:
a backup was restored, a standby took over that lacked the last writes. As long as a ledger takes fewer than
65,536 revisions a second, such a number is above all that were ever taken. The floor goes with it: a number
below it may be of the lost history.
"""

from datetime import datetime

from donebook.spaces.statements import FOUND_SPACE, RENEW_EVERY_SPACE, RENEW_SPACES, SPACES_AFTER
from donebook.storage.database import Database, Transaction
from donebook.storage.statement import Statement, Values

PER_SECOND = 2**16
_BATCH = 200


def revision_at(now: datetime) -> int:
    """The number of a moment."""
    return int(now.timestamp() * PER_SECOND)


def first_revision(now: datetime) -> int:
    """Where a ledger begins that is made now."""
    return revision_at(now)


async def found_space(transaction: Transaction, owner: str, now: datetime) -> None:
    """Make the owner's personal space, unless there is one."""
    values = {"owner": owner, "first": first_revision(now)}
    await transaction.fetch(FOUND_SPACE, values)


def renewal(now: datetime) -> tuple[Statement, Values]:
    """What `renew_revisions` does, for a database that nobody else uses."""
    return RENEW_EVERY_SPACE, {"to": revision_at(now)}


async def renew_revisions(database: Database, now: datetime, lost: int = 0) -> int:
    """Raise all ledgers above what clients may have seen of a history that was lost; how many there are.

    ``lost`` is the highest revision of that history, where it is known. Writes may go on meanwhile: each
    comes before or after the step of its ledger. Followers are ended, and told to begin anew, when their
    worker looks, within five seconds.
    """
    to, count, after = max(revision_at(now), lost + 1), 0, ""
    while found := await database.read(SPACES_AFTER, {"after": after, "limit": _BATCH}):
        values = {"after": after, "upto": found[-1][0], "to": to}
        count += len(await database.write(RENEW_SPACES, values))
        after = values["upto"]
    return count
