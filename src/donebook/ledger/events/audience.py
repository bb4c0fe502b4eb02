"""Those who follow one user, and the latest events, which they share."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from donebook.errors import DatabaseUnavailable, ResyncRequired, UserUnknown
from donebook.ledger.events.position import Position
from donebook.principal import Principal

LAG_LIMIT = 256 * 1024
"""How many bytes a follower may be behind the newest event before it has to read by itself."""

ERASED = "the user is gone"
FORGOTTEN = "what happened since is not known any more; synchronise from the start"

Told = tuple[Position, bytes]
"""A rendered event and the place after it."""


@dataclass(frozen=True, slots=True)
class Page:
    """Events in order, the place they reach to, and whether there may be more behind it."""

    events: Sequence[Told]
    end: Position
    more: bool

    def after(self, place: Position) -> bytes:
        """The rendered events after a place."""
        return b"".join(data for at, data in self.events if at > place)


Read = Callable[[str, Position], Awaitable[Page]]
"""Reads an owner's events after a position."""


class FeedEnded(Exception):
    """There will be no more events here; the message says why, in words for the client."""


class _Batch:
    """Events told at once. A batch points to the next, so it is gone when every follower is past it."""

    __slots__ = ("_data", "_page", "_start", "following", "total")

    def __init__(self, start: Position, page: Page, told_before: int) -> None:
        self._start = start
        self._page = page
        self._data = b"".join(data for _, data in page.events)
        self.total = told_before + len(self._data)
        self.following: _Batch | None = None

    @property
    def end(self) -> Position:
        return self._page.end

    def after(self, place: Position) -> bytes:
        return self._data if place <= self._start else self._page.after(place)


class Audience:
    """The followers of one user.

    ``place`` is how far the user's events have been read for them all; ``None`` until it is known.
    """

    __slots__ = ("_newest", "arriving", "followers", "owner", "place", "reading", "stale")

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.followers: set[Follower] = set()
        self.arriving = 0
        self.place: Position | None = None
        self.reading = False
        self.stale = False
        self._newest: _Batch | None = None

    @property
    def deserted(self) -> bool:
        """Whether nobody follows or is about to."""
        return not self.followers and not self.arriving

    def begin(self, place: Position) -> None:
        """Tell of everything after ``place``, unless that has begun already."""
        if self.place is None:
            self.place = place
            self._newest = _Batch(place, Page((), place, more=False), 0)

    def tell(self, page: Page) -> None:
        """Hand on what was read after the present place."""
        assert self.place is not None
        assert self._newest is not None
        if page.events:
            batch = _Batch(self.place, page, self._newest.total)
            self._newest.following = batch
            self._newest = batch
            for follower in self.followers:
                follower.hear(batch.total)
        self.place = page.end

    def end(self, reason: str) -> None:
        """End all followers."""
        for follower in self.followers:
            follower.end(reason)

    def newest_at(self, place: Position) -> _Batch | None:
        """The end of the chain, for a follower that has missed nothing before it."""
        assert self.place is not None
        return self._newest if place >= self.place else None


class Follower:
    """One client's way through a user's events: first what it missed, then what is new, each once."""

    __slots__ = ("_batch", "_place", "_read", "_reason", "_waiting", "audience", "expiry", "principal")

    def __init__(self, audience: Audience, principal: Principal, place: Position, read: Read) -> None:
        self.audience = audience
        self.principal = principal
        self.expiry: asyncio.TimerHandle | None = None
        self._read = read
        self._place = place
        self._batch = audience.newest_at(place)
        self._waiting: asyncio.Future[bool] | None = None
        self._reason: str | None = None

    @property
    def place(self) -> Position:
        """The place after the last event that was taken."""
        return self._place

    async def take(self, seconds: float) -> bytes:
        """The next events as they were rendered; nothing where none come in time.

        Raises `FeedEnded`.
        """
        while self._reason is None:
            if self._batch is None:
                data = await self._read_missed()
            elif self._batch.following is not None:
                self._batch = self._batch.following
                data = self._batch.after(self._place)
                self._place = max(self._place, self._batch.end)
            elif await self._wait(seconds):
                continue
            else:
                return b""
            if data:
                return data
        raise FeedEnded(self._reason)

    def hear(self, total: int) -> None:
        """There is a new batch, the last of ``total`` bytes told so far."""
        if self._batch is not None and total - self._batch.total > LAG_LIMIT:
            # A slow reader must not hold everything that happens meanwhile in memory.
            self._batch = None
        self._wake(news=True)

    def end(self, reason: str) -> None:
        """Have `take` raise `FeedEnded`, at once where it waits."""
        self._reason = self._reason or reason
        self._wake(news=True)

    async def _read_missed(self) -> bytes:
        before = self._place
        try:
            page = await self._read(self.audience.owner, before)
        except UserUnknown:
            raise FeedEnded(ERASED) from None
        except ResyncRequired:
            raise FeedEnded(FORGOTTEN) from None
        except DatabaseUnavailable:
            raise FeedEnded("the database cannot be reached") from None
        self._place = max(before, page.end)
        if not page.more:
            self._batch = self.audience.newest_at(self._place)
        return page.after(before)

    async def _wait(self, seconds: float) -> bool:
        """Whether something came up in time."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        silence = loop.call_later(seconds, self._wake)
        try:
            return await self._waiting
        finally:
            silence.cancel()
            self._waiting = None

    def _wake(self, *, news: bool = False) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(news)
