"""What the feed makes of hints: one that comes at a bad moment is not lost, and no other makes up for it.

The announcements of these tests say nothing by themselves. A real one repeats itself, which would hide that a
hint was lost.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from donebook.errors import DatabaseUnavailable
from donebook.ledger.events.feed import Feed
from donebook.storage.announcements import Hear
from donebook.storage.database import Database
from donebook.storage.statement import Statement
from donebook.tasks.kind import TASKS
from tests.ledger.events.conftest import render, signed_in, take, take_all
from tests.tasks.actors import Actor, TaskFacts, new_actor


class GivenHints:
    """Announcements that say what a test gives them."""

    def __init__(self) -> None:
        self._hear: Hear | None = None

    def listen(self, hear: Hear) -> None:
        self._hear = hear

    def stop_listening(self) -> None:
        self._hear = None

    async def close(self) -> None:
        self.stop_listening()

    def give(self, owner: str | None) -> None:
        assert self._hear is not None
        self._hear(owner)


@pytest.fixture
def hints() -> GivenHints:
    return GivenHints()


@pytest.fixture
async def alice(database: Database) -> Actor:
    return await new_actor(database)


@pytest.fixture
async def feed(database: Database, hints: GivenHints) -> AsyncIterator[Feed[TaskFacts]]:
    feed = Feed(database, hints, TASKS, TaskFacts, render)
    yield feed
    await feed.close()


def after_reads(
    monkeypatch: pytest.MonkeyPatch, database: Database, act: Callable[[str], Awaitable[None]]
) -> None:
    """Have ``act`` awaited after each read, with the statement's name, before its rows are returned."""
    read = database.read

    async def read_and_act(statement: Statement, values: dict[str, Any]) -> object:
        rows = await read(statement, values)
        await act(statement.name)
        return rows

    monkeypatch.setattr(database, "read", read_and_act)


async def test_a_hint_that_comes_while_one_joins_is_taken_when_one_has_joined(
    feed: Feed[TaskFacts],
    hints: GivenHints,
    alice: Actor,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def write_once(name: str) -> None:
        if name == "followable":
            monkeypatch.undo()
            await alice.create("in between")
            hints.give(alice.principal.user_id)

    after_reads(monkeypatch, database, write_once)
    follower = await feed.follow(signed_in(alice.principal))
    assert ["1 created in between"] == await take(follower, 1)


async def test_a_hint_that_comes_while_news_are_read_has_them_read_again(
    feed: Feed[TaskFacts],
    hints: GivenHints,
    alice: Actor,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def write_once(name: str) -> None:
        if name.startswith("task_events_after"):
            monkeypatch.undo()
            await alice.create("too late to be read")
            hints.give(alice.principal.user_id)

    follower = await feed.follow(signed_in(alice.principal))
    await alice.create("first")
    after_reads(monkeypatch, database, write_once)
    hints.give(alice.principal.user_id)
    assert ["1 created first", "2 created too late to be read"] == await take(follower, 2)


async def test_a_hint_about_anybody_that_comes_while_news_are_read_has_all_looked_at_again(
    feed: Feed[TaskFacts],
    hints: GivenHints,
    alice: Actor,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def write_once(name: str) -> None:
        if name == "owner_revisions":
            monkeypatch.undo()
            await alice.create("too late to be looked at")
            hints.give(None)

    follower = await feed.follow(signed_in(alice.principal))
    after_reads(monkeypatch, database, write_once)
    hints.give(None)
    assert ["1 created too late to be looked at"] == await take(follower, 1)


async def test_a_hint_outlives_a_database_that_does_not_answer(
    feed: Feed[TaskFacts],
    hints: GivenHints,
    alice: Actor,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail_once(name: str) -> None:
        monkeypatch.undo()
        raise DatabaseUnavailable("a test says so")

    follower = await feed.follow(signed_in(alice.principal))
    await alice.create("Tea")
    after_reads(monkeypatch, database, fail_once)
    hints.give(alice.principal.user_id)
    assert ["1 created Tea"] == await take(follower, 1)


async def test_a_hint_for_nothing_tells_nothing(
    feed: Feed[TaskFacts], hints: GivenHints, alice: Actor
) -> None:
    follower = await feed.follow(signed_in(alice.principal))
    hints.give(alice.principal.user_id)
    hints.give(None)
    hints.give("nobody")
    assert [] == await take_all(follower)


async def test_all_followers_of_a_user_share_one_query(
    feed: Feed[TaskFacts],
    hints: GivenHints,
    alice: Actor,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    followers = [await feed.follow(signed_in(alice.principal)) for _ in range(50)]
    reads: list[str] = []

    async def count(name: str) -> None:
        reads.append(name)

    await alice.create("Tea")
    after_reads(monkeypatch, database, count)
    hints.give(alice.principal.user_id)
    for follower in followers:
        assert ["1 created Tea"] == await take(follower, 1)
    assert ["task_events_after[TaskFacts]"] == reads


async def test_one_who_leaves_while_news_are_read_leaves_them_to_the_others(
    feed: Feed[TaskFacts],
    hints: GivenHints,
    alice: Actor,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leaving = await feed.follow(signed_in(alice.principal))
    staying = await feed.follow(signed_in(alice.principal))
    cancelled = asyncio.create_task(leaving.take(20))

    async def leave(_: str) -> None:
        cancelled.cancel()
        feed.leave(leaving)

    await alice.create("Tea")
    after_reads(monkeypatch, database, leave)
    hints.give(alice.principal.user_id)
    assert ["1 created Tea"] == await take(staying, 1)
