"""The feed: every user's events to whoever follows them, read once for all followers of a user."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import msgspec

from donebook.errors import DatabaseUnavailable, Overloaded, ResyncRequired, TooManyRequests, UserUnknown
from donebook.ledger.events.audience import ERASED, FORGOTTEN, Audience, Follower
from donebook.ledger.events.position import Position
from donebook.ledger.events.reading import Event, EventReader
from donebook.ledger.kinds.kind import Kind
from donebook.principal import Principal
from donebook.storage.announcements import Announcements
from donebook.storage.database import Database

log = logging.getLogger("donebook.ledger")

T = TypeVar("T", bound=msgspec.Struct)

STOPPING = "the server is stopping"
EXPIRED = "the token has expired"
FAULT = "a fault of the server"

_READERS = 4
_RETRY_SECONDS = 0.5
_LINGER_SECONDS = 30.0
_CROWDED_SECONDS = 30
"""When to ask again where a user has as many followers as one may: one of them has to end first."""


class Feed(Generic[T]):
    """Brings users' events to followers, each rendered once.

    No follower has a thread, a task or a database connection of its own. Word of commits comes by
    ``announcements``; what is told is then read from the ledger, so that word that is lost or comes
    twice costs some time or a query, never an event. ``limit`` is how many followers there may be, and
    ``limit_per_user`` how many of one user.
    """

    def __init__(
        self,
        database: Database,
        announcements: Announcements,
        kind: Kind,
        into: type[T],
        render: Callable[[Event[T]], bytes],
        *,
        limit: int = 10_000,
        limit_per_user: int = 100,
    ) -> None:
        self._reader = EventReader(database, kind, into, render)
        self._announcements = announcements
        self._limit = limit
        self._limit_per_user = limit_per_user
        self._audiences: dict[str, Audience] = {}
        self._followers = 0
        self._stale: dict[str, None] = {}
        self._any_stale = False
        self._reading: set[asyncio.Task[None]] = set()
        self._lingering: asyncio.TimerHandle | None = None
        self._stopped = False

    @property
    def followers(self) -> int:
        """How many followers there are."""
        return self._followers

    def principals(self) -> Iterator[Principal]:
        """Who follows, once for each follower."""
        for audience in self._audiences.values():
            for follower in audience.followers:
                yield follower.principal

    async def follow(self, principal: Principal, since: Position | None = None) -> Follower:
        """Follow the principal's tasks, from a position or from now on, until `leave`.

        Raises `UserUnknown`, `RevisionAhead`, `ResyncRequired`, `TooManyRequests`, `Overloaded`,
        `DatabaseUnavailable`.
        """
        self._require_running()
        if self._followers >= self._limit:
            raise Overloaded
        audience = self._audience(principal.user_id)
        if len(audience.followers) + audience.arriving >= self._limit_per_user:
            raise TooManyRequests(_CROWDED_SECONDS)
        self._followers += 1
        audience.arriving += 1
        try:
            head = await self._reader.head(principal.user_id, since)
            self._require_running()
            audience.begin(head)
            follower = Follower(audience, principal, since or head, self._reader.read)
            audience.followers.add(follower)
        except BaseException:
            self._followers -= 1
            raise
        finally:
            audience.arriving -= 1
            self._tidy(audience)
        seconds = principal.expires_at - time.time()
        follower.expiry = asyncio.get_running_loop().call_later(seconds, follower.end, EXPIRED)
        if audience.stale:
            self._hear(audience.owner)
        return follower

    def leave(self, follower: Follower) -> None:
        """Follow no more."""
        if follower.expiry is not None:
            follower.expiry.cancel()
        if follower in follower.audience.followers:
            follower.audience.followers.remove(follower)
            self._followers -= 1
            self._tidy(follower.audience)

    def end(self, meant: Callable[[Principal], bool], reason: str) -> None:
        """End the followers of those who are meant."""
        for audience in self._audiences.values():
            for follower in audience.followers:
                if meant(follower.principal):
                    follower.end(reason)

    def stop(self) -> None:
        """End all followers and take no more: the server is about to stop."""
        self._stopped = True
        self.end(lambda _: True, STOPPING)

    async def close(self) -> None:
        """Stop, and wait for what is under way."""
        self.stop()
        self._announcements.stop_listening()
        if self._lingering is not None:
            self._lingering.cancel()
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)

    def _require_running(self) -> None:
        if self._stopped:
            raise Overloaded

    def _audience(self, owner: str) -> Audience:
        audience = self._audiences.get(owner)
        if audience is None:
            audience = self._audiences[owner] = Audience(owner)
            self._announcements.listen(self._hear)
        return audience

    def _tidy(self, audience: Audience) -> None:
        if audience.deserted:
            self._audiences.pop(audience.owner, None)
        if not self._audiences and self._lingering is None:
            # Whoever reconnects in a moment need not wait until we are listening again.
            loop = asyncio.get_running_loop()
            self._lingering = loop.call_later(_LINGER_SECONDS, self._stop_listening)

    def _stop_listening(self) -> None:
        self._lingering = None
        if not self._audiences:
            self._announcements.stop_listening()

    def _hear(self, owner: str | None) -> None:
        """Take a hint: there may be news of this owner, or of any."""
        if owner is None:
            self._any_stale = bool(self._audiences)
        else:
            audience = self._audiences.get(owner)
            if audience is None:
                return
            self._mark(audience)
        self._start_reading()

    def _mark(self, audience: Audience) -> None:
        if audience.reading or audience.place is None:
            audience.stale = True
        else:
            self._stale[audience.owner] = None

    def _start_reading(self) -> None:
        if (self._stale or self._any_stale) and len(self._reading) < _READERS and not self._stopped:
            task = asyncio.create_task(self._read_news())
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)

    async def _read_news(self) -> None:
        try:
            while self._stale or self._any_stale:
                if self._any_stale:
                    self._any_stale = False
                    await self._find_stale()
                    continue
                owner = next(iter(self._stale))
                del self._stale[owner]
                audience = self._audiences.get(owner)
                if audience is not None:
                    await self._read_for(audience)
        except DatabaseUnavailable:
            self._any_stale = True
            asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._start_reading)

    async def _find_stale(self) -> None:
        followed = [audience for audience in self._audiences.values() if audience.place is not None]
        revisions = await self._reader.revisions([audience.owner for audience in followed])
        for audience in followed:
            revision = revisions.get(audience.owner)
            if revision is None:
                audience.end(ERASED)
            elif audience.place is not None and revision > audience.place.revision:
                self._mark(audience)

    async def _read_for(self, audience: Audience) -> None:
        assert audience.place is not None
        audience.reading, audience.stale = True, False
        try:
            page = await self._reader.read(audience.owner, audience.place)
            audience.tell(page)
            audience.stale |= page.more
        except UserUnknown:
            audience.end(ERASED)
        except ResyncRequired:
            audience.end(FORGOTTEN)
        except DatabaseUnavailable:
            raise
        except Exception:
            log.exception("events could not be read")
            audience.end(FAULT)
        finally:
            audience.reading = False
        if audience.stale:
            self._mark(audience)
