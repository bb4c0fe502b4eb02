"""Delays after wrong guesses at a password, and the networks that have none."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete

from donebook.accounts.model import guess_delays, known_networks
from donebook.accounts.statements.binds import NOW, OWNER, instant, text
from donebook.storage.statement import Statement, upserting

FREE_GUESSES = 5
"""Wrong guesses after which one has to wait."""

DELAYS = (15, 30, 60, 120, 240, 480, 900)
"""Seconds to wait after that one, after the next, and so on; the last for all that follow."""


def _free_at(failures: ColumnElement[int]) -> ColumnElement[Any]:
    """When the next guess is possible, after so many failures."""
    late = len(DELAYS) - 1
    steps = [(failures == FREE_GUESSES + step, instant(f"delay_{step}")) for step in range(late)]
    return case((failures < FREE_GUESSES, NOW), *steps, else_=instant(f"delay_{late}"))


def _take_guess(dialects_insert: Any) -> Any:
    """Count a guess as a failure, unless one has to wait; decided on the one locked row.

    A wait beyond ``horizon`` is from before the clock was set back.
    """
    row = dialects_insert(guess_delays).values(
        key=text("key"), guess=text("guess"), failures=1, free_at=NOW, expires_at=instant("expires_at")
    )
    held = guess_delays.c
    waits = and_(held.free_at > NOW, held.free_at <= instant("horizon"))
    failures = case((held.expires_at <= NOW, 1), else_=held.failures + 1)
    return row.on_conflict_do_update(
        index_elements=[held.key],
        set_={
            "guess": case((waits, held.guess), else_=text("guess")),
            "failures": case((waits, held.failures), else_=failures),
            "free_at": case((waits, held.free_at), else_=_free_at(failures)),
            "expires_at": case((waits, held.expires_at), else_=instant("expires_at")),
        },
    ).returning(held.guess, held.free_at)


TAKE_GUESS = upserting("take_guess", _take_guess)

FORGET_GUESSES = Statement("forget_guesses", delete(guess_delays).where(guess_delays.c.key == text("key")))

PRUNE_GUESSES = Statement(
    "prune_guesses", delete(guess_delays).where(guess_delays.c.expires_at < NOW), varies=True
)

KNOW_NETWORK = upserting(
    "know_network",
    lambda dialects_insert: (
        row := dialects_insert(known_networks).values(user_id=OWNER, network=text("network"), used_at=NOW)
    ).on_conflict_do_update(
        index_elements=[known_networks.c.user_id, known_networks.c.network],
        set_={"used_at": row.excluded.used_at},
    ),
)

PRUNE_NETWORKS = Statement(
    "prune_networks",
    delete(known_networks).where(known_networks.c.used_at < instant("unused_since")),
    crosses_owners=True,
    varies=True,
)
