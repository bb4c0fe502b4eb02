"""Ending followers whose leave to follow has ended before its time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from donebook.errors import DatabaseUnavailable, Unauthenticated
from donebook.ledger.events.feed import Feed
from donebook.principal import Principal

Judge = Callable[[Principal], Awaitable[object]]
"""Raises `Unauthenticated` for a principal whose token is accepted no more; `DatabaseUnavailable`."""

REVOKED = "the token is no longer valid"
_RETRY_SECONDS = 1.0


class FollowerAdmission:
    """What remembers of tokens that they were good: here, by the followers that came with them.

    Where a token is revoked, its followers end. Where tokens are to be judged anew, their followers
    are, and those that are found wanting end.
    """

    def __init__(self, feed: Feed[Any], judge: Judge) -> None:
        self._feed = feed
        self._judge = judge
        self._doubtful: dict[tuple[str, str], Principal] = {}
        self._judging: asyncio.Task[None] | None = None

    def forget(self, token_id: str) -> None:
        """End the followers that came with the token with this id."""
        self._feed.end(lambda principal: principal.token_id == token_id, REVOKED)

    def forget_user(self, user_id: str) -> None:
        """Judge the followers of this user anew."""
        self._doubt(principal for principal in self._feed.principals() if principal.user_id == user_id)

    def forget_all(self) -> None:
        """Judge all followers anew."""
        self._doubt(self._feed.principals())

    def end_all(self) -> None:
        """End all followers: their tokens' signatures may hold no longer."""
        self._feed.end(lambda _: True, REVOKED)

    async def aclose(self) -> None:
        """Give up what is under way."""
        if self._judging is not None:
            self._judging.cancel()
            await asyncio.gather(self._judging, return_exceptions=True)

    def _end(self, principal: Principal) -> None:
        who = (principal.user_id, principal.token_id)
        self._feed.end(lambda each: (each.user_id, each.token_id) == who, REVOKED)

    def _doubt(self, principals: Iterable[Principal]) -> None:
        self._doubtful.update(((each.user_id, each.token_id), each) for each in principals)
        if self._doubtful and (self._judging is None or self._judging.done()):
            self._judging = asyncio.create_task(self._judge_doubtful(), name="judge-followers")

    async def _judge_doubtful(self) -> None:
        while self._doubtful:
            # Taken out first: whoever is doubted again while they are judged has to be judged again.
            who, principal = self._doubtful.popitem()
            try:
                await self._judge(principal)
            except Unauthenticated:
                self._end(principal)
            except DatabaseUnavailable:
                # What cannot be judged cannot be told anything either: events come from there, too.
                self._doubtful.setdefault(who, principal)
                await asyncio.sleep(_RETRY_SECONDS)
