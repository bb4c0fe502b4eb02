"""A bounded stack of PostgreSQL connections.

asyncpg's own pool resets, wraps and times each connection it lends, which costs more than a short
statement does. Here a connection is lent as it is: no statement of ours leaves session state behind,
and one whose state is in doubt is thrown away instead of being mended.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from donebook.errors import DatabaseUnavailable

Connection = Any
"""An `asyncpg.Connection`, which has no types of its own."""

_IDLE_SECONDS = 300.0
_SWEEP_SECONDS = 60.0
_CLOSE_SECONDS = 2.0


class ConnectionPool:
    """Lends at most ``size`` connections, made by ``connect`` as they are needed.

    The one used last is lent first, so that those a quiet service does not need grow old and are
    closed. Whoever waits longer than ``acquire_timeout`` seconds gets `DatabaseUnavailable`.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[Connection]], *, size: int, acquire_timeout: float
    ) -> None:
        self._connect = connect
        self._size = size
        self._acquire_timeout = acquire_timeout
        self._idle: list[tuple[Connection, float]] = []
        self._waiting: deque[tuple[asyncio.Future[Connection | None], float]] = deque()
        self._expiry: asyncio.TimerHandle | None = None
        self._open = 0
        self._made: WeakSet[Connection] = WeakSet()
        self._outdated: WeakSet[Connection] = WeakSet()
        self._closed = False
        self._sweeper: asyncio.Task[None] | None = None
        self._discarding: set[asyncio.Task[None]] = set()

    @property
    def size(self) -> int:
        """Connections there may be."""
        return self._size

    @property
    def open(self) -> int:
        """Connections there are."""
        return self._open

    @property
    def waiting(self) -> int:
        """How many wait for a connection."""
        return sum(not waiter.done() for waiter, _ in self._waiting)

    @property
    def in_use(self) -> int:
        """Connections lent or being made."""
        return self._open - len(self._idle)

    def start(self) -> None:
        """Begin to close connections that nobody has used for a while."""
        self._sweeper = asyncio.create_task(self._sweep())

    def take_idle(self) -> Connection | None:
        """A connection that is open and free, without waiting."""
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._open -= 1
        return None

    async def acquire(self) -> Connection:
        """A connection: a free one, a new one, or the next that is given back."""
        connection = self.take_idle()
        if connection is not None:
            return connection
        if self._open < self._size or self._closed:
            return await self._make()
        waiter = self._enqueue()
        try:
            connection = await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._return(waiter.result())
            raise
        return connection if connection is not None else await self._make(counted=True)

    def release(self, connection: Connection) -> None:
        """Give back a connection in a state as good as new."""
        if self._closed or connection.is_closed() or (self._outdated and connection in self._outdated):
            self.discard(connection)
        elif self._waiting:
            self._hand_on(connection)
        else:
            self._idle.append((connection, time.monotonic()))

    def discard(self, connection: Connection) -> None:
        """Throw away a connection whose state is in doubt, and what it is still doing in the database."""
        if connection.is_closed():
            self._hand_on(None)
            return
        task = asyncio.create_task(self._let_go(connection))
        self._discarding.add(task)
        task.add_done_callback(self._discarding.discard)

    def discard_idle(self) -> None:
        """Throw away all that are free."""
        idle, self._idle = self._idle, []
        for connection, _ in idle:
            self.discard(connection)

    def renew(self, connection: Connection) -> None:
        """Throw away this connection and all as old as it, those that are lent when they come back."""
        if connection not in self._outdated:
            self._outdated |= self._made
            self.discard_idle()

    async def close(self) -> None:
        """Close the free connections and refuse new ones; lent ones end when they are given back."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        while self._waiting:
            waiter, _ = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(DatabaseUnavailable("the pool is closed"))
        idle, self._idle = self._idle, []
        self._open -= len(idle)
        closing = (each.close(timeout=_CLOSE_SECONDS) for each, _ in idle)
        await asyncio.gather(*closing, *self._discarding, return_exceptions=True)

    async def _let_go(self, connection: Connection) -> None:
        # Merely dropped, the server would go on with a statement that nobody waits for any more, and
        # have more connections of ours than there may be: closing asks it to stop. The room is free
        # when that is done.
        with suppress(Exception):
            await connection.close(timeout=_CLOSE_SECONDS)
        self._hand_on(None)

    async def _make(self, *, counted: bool = False) -> Connection:
        if not counted:
            self._open += 1
        if self._closed:
            self._hand_on(None)
            raise DatabaseUnavailable("the pool is closed")
        try:
            connection = await self._connect()
        except BaseException:
            self._hand_on(None)
            raise
        self._made.add(connection)
        return connection

    def _enqueue(self) -> "asyncio.Future[Connection | None]":
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Connection | None] = loop.create_future()
        self._waiting.append((waiter, loop.time() + self._acquire_timeout))
        # One timer for all, as they wait in the order of their limits: on a busy service most requests
        # wait for a moment, and a timer for each is dear.
        if self._expiry is None:
            self._expiry = loop.call_later(self._acquire_timeout, self._expire)
        return waiter

    def _expire(self) -> None:
        """Refuse those who have waited for as long as one may."""
        loop = asyncio.get_running_loop()
        self._expiry = None
        while self._waiting:
            waiter, until = self._waiting[0]
            if not waiter.done() and until > loop.time():
                self._expiry = loop.call_at(until, self._expire)
                return
            self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(DatabaseUnavailable("no connection became free in time"))

    def _return(self, connection: Connection | None) -> None:
        """Take back what a waiter was given and has no use for."""
        if connection is None:
            self._hand_on(None)
        else:
            self.release(connection)

    def _hand_on(self, connection: Connection | None) -> None:
        """Give a connection, or the room for one, to whoever waits first."""
        while self._waiting:
            waiter, _ = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is None:
            self._open -= 1
        else:
            self._idle.append((connection, time.monotonic()))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            oldest = time.monotonic() - _IDLE_SECONDS
            stale = [each for each, since in self._idle if since < oldest or each.is_closed()]
            self._idle = [pair for pair in self._idle if pair[0] not in stale]
            for connection in stale:
                self.discard(connection)
