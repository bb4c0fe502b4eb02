"""An exact limit: so many attempts in any window of time, whoever counts them.

The count is in the database, in one row for each key and decided in one statement, so that it is the
same for every worker and survives them all.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from donebook.accounts.statements import attempts as statements
from donebook.settings import Rate
from donebook.storage.database import Database


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the limit says to one attempt: whether it passes, how many more would, and when that changes.

    ``seconds`` is until the next attempt becomes possible that is not now; whole and at least one.
    """

    allowed: bool
    remaining: int
    seconds: int


async def take_attempt(database: Database, key: str, rate: Rate, now: datetime) -> Allowance:
    """Count an attempt, if the rate allows it: one that it does not allow does not count.

    Raises `DatabaseUnavailable`.
    """
    window = timedelta(seconds=rate.seconds)
    length = statements.ENTRY_LENGTH
    entry = _stamp(now) + secrets.token_hex((length - statements.TIME_DIGITS) // 2)
    cutoff, horizon = _stamp(now - window), _stamp(now + window)
    values = {
        "key": key,
        "entry": entry,
        "full": length * rate.amount,
        "kept": length * (rate.amount - 1),
        "cutoff": cutoff,
        "horizon": horizon,
        "expires_at": now + window,
    }
    rows = await database.write(statements.TAKE_ATTEMPT, values)
    entries: str = rows[0][0]
    times = [entries[start : start + statements.TIME_DIGITS] for start in range(0, len(entries), length)]
    counting = [time for time in times[-rate.amount :] if cutoff < time <= horizon]
    # Another worker's attempt may have been stamped after ours and counted before it.
    wait = min((int(min(counting)) - int(cutoff)) / 1_000_000, rate.seconds)
    return Allowance(entries.endswith(entry), rate.amount - len(counting), max(1, ceil(wait)))


def _stamp(moment: datetime) -> str:
    microseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return f"{microseconds:0{statements.TIME_DIGITS}}"
