"""Guesses at the password of one account: after some that were wrong, one has to wait, longer each time.

The count is by e-mail, whether it has an account or not, in one row decided in one statement: it is the
same for every worker, survives them all, and tells nobody which accounts there are.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

from donebook.accounts.events import Origin
from donebook.accounts.statements import guesses as statements
from donebook.errors import GuessedTooOften
from donebook.storage.database import Database, Transaction

_REMEMBERED = timedelta(days=1)

KNOWN_FOR = timedelta(days=180)
"""How long a network counts as known after the account's last log-in from it."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A guess that was counted as a failure; `forgive` takes that back once it proved right."""

    key: str

    async def forgive(self, transaction: Transaction) -> None:
        """The guess was right: whoever comes next begins anew."""
        await transaction.fetch(statements.FORGET_GUESSES, {"key": self.key})


def network_digest(email: str, origin: Origin) -> str:
    """Stands for the client's network in the rows of the account with this (normalised) e-mail."""
    return _digest("network", email, origin.network or origin.address or "")


async def take_guess(
    database: Database, email: str, origin: Origin, now: datetime, *, known: bool, user_id: str | None
) -> Guess:
    """Count a guess at the password of this (normalised) e-mail.

    ``known`` says that the account has logged in from this network before: guesses from elsewhere do not
    hold it up. Raises `GuessedTooOften`.
    """
    # The same work in either case: its time is not to tell from where an account logs in.
    key = network_digest(email, origin) if known else email_digest(email)
    guess = secrets.token_hex(8)
    delays = {
        f"delay_{step}": now + timedelta(seconds=seconds) for step, seconds in enumerate(statements.DELAYS)
    }
    values = {
        "key": key,
        "guess": guess,
        "now": now,
        "horizon": now + timedelta(seconds=statements.DELAYS[-1]),
        "expires_at": now + _REMEMBERED,
        **delays,
    }
    ((last, free_at),) = await database.write(statements.TAKE_GUESS, values)
    if last != guess and not known:
        raise GuessedTooOften(ceil((free_at - now).total_seconds()), user_id)
    return Guess(key)


async def know_network(
    transaction: Transaction, user_id: str, email: str, origin: Origin, now: datetime
) -> None:
    """Remember that the account has logged in from this network."""
    values = {"owner": user_id, "network": network_digest(email, origin), "now": now}
    await transaction.fetch(statements.KNOW_NETWORK, values)


async def forget_guesses(transaction: Transaction, email: str) -> None:
    """Forget how often the password of this (normalised) e-mail was guessed wrongly."""
    await transaction.fetch(statements.FORGET_GUESSES, {"key": email_digest(email)})


def email_digest(email: str) -> str:
    """Stands for an e-mail in the rows of guesses."""
    return _digest("email", email)


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
