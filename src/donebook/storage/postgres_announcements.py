"""Word of commits on PostgreSQL: LISTEN and NOTIFY, with polling where they do not get through.

A NOTIFY inside the writing transaction would cost dearly: PostgreSQL lets only one transaction that
notifies commit at a time, so that they no longer share an fsync. The writing process sends one after
its commits instead, for everything it committed within a few hundredths of a second.
"""

import asyncio
import logging
import random
from collections.abc import Coroutine, Iterable, Iterator
from secrets import token_hex
from typing import Any

import asyncpg
from sqlalchemy import Text, bindparam, func, literal, select

from donebook.errors import DatabaseUnavailable
from donebook.storage.announcements import Hear
from donebook.storage.postgres import PostgresDatabase
from donebook.storage.primary import Primary
from donebook.storage.statement import Statement
from donebook.storage.urls import PostgresAddress

log = logging.getLogger("donebook.storage")

CHANNEL = "donebook_commits"
GATHER_SECONDS = 0.025
"""How long commits are gathered for one NOTIFY."""

POLL_SECONDS = 0.5
"""How often listeners are told to look while no word comes from other processes."""

REASSURE_SECONDS = 5.0
"""How often they are told to look while it does: a process may die between commit and word."""

_PROBE_SECONDS = 15.0
_ECHO_SECONDS = 5.0
_LONGEST_DELAY = 30.0
_PAYLOAD_LIMIT = 7900  # bytes; PostgreSQL's own limit is 7999

_NOTIFY = Statement(
    "notify",
    select(func.pg_notify(literal(CHANNEL, Text), bindparam("payload", type_=Text))),
    only="postgresql",
)


class PostgresAnnouncements:
    """Announcements for the processes that share one database.

    While it listens it keeps one connection to ``listen_at``, which is past any pooler, and checks by
    an echo that word gets through. While it does not, listeners are told to look twice a second.
    """

    def __init__(
        self, database: PostgresDatabase, *, listen_at: PostgresAddress, connect_timeout: float
    ) -> None:
        self._database = database
        self._primary = Primary(
            listen_at,
            connect_timeout=connect_timeout,
            command_timeout=_ECHO_SECONDS,
            statement_cache_size=0,
        )
        self._name = token_hex(8)
        self._hear: Hear | None = None
        self._hears_others = False
        self._echo = asyncio.Event()
        self._lost = asyncio.Event()
        self._gathered: set[str] = set()
        self._sending = False
        self._listening: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        database.on_commit(self._announce)

    def listen(self, hear: Hear) -> None:
        if self._hear is None:
            for work in (self._keep_listening(), self._remind()):
                self._listening.add(self._start(work))
        self._hear = hear

    def stop_listening(self) -> None:
        self._hear = None
        self._hears_others = False
        for task in self._listening:
            task.cancel()
        self._listening.clear()

    async def close(self) -> None:
        self.stop_listening()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _tell(self, value: str | None) -> None:
        if self._hear is not None:
            self._hear(value)

    def _announce(self, value: str) -> None:
        self._tell(value)
        self._gathered.add(value)
        if not self._sending:
            self._sending = True
            self._start(self._send())

    async def _send(self) -> None:
        try:
            while self._gathered:
                await asyncio.sleep(GATHER_SECONDS)
                values, self._gathered = self._gathered, set()
                for payload in _payloads(self._name, values):
                    await self._database.read(_NOTIFY, {"payload": payload})
        except DatabaseUnavailable:
            # Others look by themselves before long.
            self._gathered.clear()
        finally:
            self._sending = False

    async def _remind(self) -> None:
        while True:
            await asyncio.sleep(REASSURE_SECONDS if self._hears_others else POLL_SECONDS)
            self._tell(None)

    async def _keep_listening(self) -> None:
        delay = 0.25
        while True:
            try:
                await self._listen_until_lost()
                delay = 0.25
            except _Unheard:
                log.info("PostgreSQL's notifications do not get through; polling instead")
                delay = _LONGEST_DELAY
            except (
                DatabaseUnavailable,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                OSError,
                TimeoutError,
            ) as error:
                log.info("cannot listen to PostgreSQL (%s); polling instead", type(error).__name__)
            self._hears_others = False
            await asyncio.sleep(delay * random.uniform(0.5, 1))  # noqa: S311 - spreads reconnects
            delay = min(delay * 2, _LONGEST_DELAY)

    async def _listen_until_lost(self) -> None:
        self._lost.clear()
        connection = await self._primary.connect()
        try:
            connection.add_termination_listener(lambda _: self._lost.set())
            await connection.add_listener(CHANNEL, self._on_notification)
            await self._probe()
            self._hears_others = True
            self._tell(None)
            while not await _set_within(self._lost, _PROBE_SECONDS):
                await self._probe()
        finally:
            connection.terminate()

    async def _probe(self) -> None:
        """Send word through the pool, as every writer does, and wait for it; raises `_Unheard`."""
        self._echo.clear()
        try:
            await self._database.read(_NOTIFY, {"payload": self._name})
        except DatabaseUnavailable as error:
            raise TimeoutError from error
        if not await _set_within(self._echo, _ECHO_SECONDS):
            raise _Unheard

    def _on_notification(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        sender, *values = payload.split("\n")
        if sender == self._name:
            # Our own commits were told of when they happened.
            if not values:
                self._echo.set()
            return
        for value in values:
            self._tell(value)


class _Unheard(Exception):
    """What was sent did not come back."""


def _payloads(name: str, values: Iterable[str]) -> Iterator[str]:
    """The name and the values, a line each, in as few messages as the limit allows."""
    lines, size = [name], len(name)
    for value in values:
        length = len(value.encode()) + 1
        if size + length > _PAYLOAD_LIMIT and len(lines) > 1:
            yield "\n".join(lines)
            lines, size = [name], len(name)
        lines.append(value)
        size += length
    yield "\n".join(lines)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
