"""Processes that share one database, each with a feed of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest

from donebook.ledger.events.audience import Follower
from donebook.ledger.events.feed import Feed
from donebook.ledger.events.position import Position
from donebook.ledger.events.reading import Event
from donebook.principal import Principal
from donebook.settings import Settings
from donebook.storage.connect import announcements_for, database_for
from donebook.storage.database import Database
from donebook.tasks.kind import TASKS
from tests.tasks.actors import Actor, TaskFacts, new_actor

PATIENCE = 20


def render(event: Event[TaskFacts]) -> bytes:
    """One line: the id, the action, the title as it was then (the UUID of a task that is gone)."""
    return f"{event.position} {event.action} {event.record.title if event.record else event.uuid}\n".encode()


def signed_in(principal: Principal, *, seconds: float = 3600, token_id: str = "token") -> Principal:
    return replace(principal, expires_at=time.time() + seconds, token_id=token_id)


@dataclass
class Process:
    """A server process: a database and its feed."""

    database: Database
    feed: Feed[TaskFacts]

    async def follow(self, actor: Actor, since: Position | None = None, **token: Any) -> Follower:
        return await self.feed.follow(signed_in(actor.principal, **token), since)

    def acting(self, actor: Actor) -> Actor:
        """The same user, served by this process."""
        return Actor(self.database, actor.principal)


async def take(follower: Follower, count: int) -> list[str]:
    """The next events, as many lines as asked for."""
    lines: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while len(lines) < count:
            lines += (await follower.take(PATIENCE)).decode().splitlines()
    return lines


async def take_all(follower: Follower) -> list[str]:
    """The events that are there by now."""
    lines: list[str] = []
    while data := await follower.take(0.3):
        lines += data.decode().splitlines()
    return lines


StartProcess = Callable[[], Awaitable[Process]]


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url)


@pytest.fixture
async def start_process(settings: Settings) -> AsyncIterator[StartProcess]:
    async with AsyncExitStack() as running:

        async def start() -> Process:
            database = database_for(settings)
            await database.open()
            running.push_async_callback(database.close)
            announcements = announcements_for(database, settings)
            running.push_async_callback(announcements.close)
            feed = Feed(database, announcements, TASKS, TaskFacts, render)
            running.push_async_callback(feed.close)
            return Process(database, feed)

        yield start


@pytest.fixture
async def process(start_process: StartProcess) -> Process:
    return await start_process()


@pytest.fixture
async def alice(process: Process) -> Actor:
    return await new_actor(process.database)


@pytest.fixture
async def bob(process: Process) -> Actor:
    return await new_actor(process.database)
