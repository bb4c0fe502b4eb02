"""Mistakes with what one user may take of a process."""

from typing import Any

from tests.faults.breaks.patching import patch


def hold_any_number_of_bodies() -> None:
    """Keep whatever arrives of bodies in memory."""
    from donebook.http.bounds.bodies import HeldBody

    def grow(self: Any, size: int) -> None:
        del self, size

    patch(HeldBody, "grow", grow)


def keep_answers_in_memory() -> None:
    """Keep answers in memory until they are sent, however long they are."""
    from donebook.http.bounds.answers import KeptAnswer

    patch(KeptAnswer, "_has_memory_for", lambda self, size: True)


def take_all_that_one_user_sends() -> None:
    """Let a user have all connections there are, with whatever is sent."""
    from donebook.http.bounds.turns import UserTurns

    hold_any_number_of_bodies()

    patch(UserTurns, "enter", lambda self, user_id: True)
    patch(UserTurns, "leave", lambda self, user_id: None)


def follow_without_a_limit() -> None:
    """Let a user have as many event streams as a worker has."""
    from donebook.ledger.events.feed import Feed

    create = Feed.__init__

    def create_generous(self: Any, *arguments: Any, **options: Any) -> None:
        create(self, *arguments, **options | {"limit_per_user": 10_000})

    patch(Feed, "__init__", create_generous)


def redeem_late_tickets() -> None:
    """Take a ticket whose token has ended."""
    from datetime import timedelta

    from donebook.contracts.v2 import events
    from donebook.ledger.events.tickets import redeem_ticket

    async def redeem(database: Any, ticket: str, now: Any) -> Any:
        return await redeem_ticket(database, ticket, now - timedelta(seconds=30))

    patch(events, "redeem_ticket", redeem)


def read_every_fault() -> None:
    """Read a body whatever is in it, and tell all that is wrong."""
    from donebook.http import requests

    patch(requests, "_has_too_many_values", lambda body: False)
    patch(requests, "MOST_PROBLEMS", 10**9)
    patch(requests, "_COUNTED_PROBLEMS", 10**9)
