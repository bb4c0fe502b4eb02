"""Word of commits, within a process and between two."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import msgspec
import pytest

from donebook.accounts.usecases import provision_user
from donebook.errors import PreconditionFailed
from donebook.ledger.operations import Writing
from donebook.ledger.statements import in_transaction, reading, single_statement
from donebook.ledger.writing.records import create_record, edit_record
from donebook.ledger.writing.revision import OpenRevision
from donebook.principal import Principal
from donebook.settings import Settings
from donebook.storage.announcements import Announcements
from donebook.storage.connect import announcements_for, database_for
from donebook.storage.database import Database
from donebook.storage.postgres import PostgresDatabase
from donebook.storage.postgres_announcements import PostgresAnnouncements, _payloads
from donebook.storage.statement import Statement
from donebook.tasks.kind import TASKS
from donebook.tasks.operations import complete, new_task

ANN = Principal("ann")
PATIENCE = 20


class Title(msgspec.Struct):
    id: int
    title: str


class Process:
    """What one server process has: a database of its own, and word of the others' commits."""

    def __init__(self, database: Database, announcements: Announcements) -> None:
        self.database = database
        self.announcements = announcements
        self.heard: asyncio.Queue[str | None] = asyncio.Queue()

    def listen(self) -> None:
        self.announcements.listen(self.heard.put_nowait)

    async def hears(self, value: str | None) -> None:
        """Return when the value was heard, however much else was."""
        async with asyncio.timeout(PATIENCE):
            while await self.heard.get() != value:
                pass

    def heard_so_far(self) -> list[str | None]:
        return [self.heard.get_nowait() for _ in range(self.heard.qsize())]

    async def create(self) -> int:
        written = await create_record(self.database, ANN, new_task("Tea"), _writing(), Title)
        return written.record.id


Start = Callable[[], Awaitable[Process]]


def _writing(if_match: int | None = None) -> Writing:
    return Writing(datetime.now(UTC), "test", if_match)


@pytest.fixture
async def start(database_url: str) -> AsyncIterator[Start]:
    settings = Settings(database_url=database_url)

    async with AsyncExitStack() as running:

        async def start() -> Process:
            database = database_for(settings)
            await database.open()
            running.push_async_callback(database.close)
            announcements = announcements_for(database, settings)
            running.push_async_callback(announcements.close)
            await provision_user(database, ANN, datetime.now(UTC))
            return Process(database, announcements)

        yield start


@pytest.fixture
async def process(start: Start) -> Process:
    return await start()


async def test_a_process_hears_of_its_own_creation_at_once(process: Process) -> None:
    process.listen()
    await process.create()
    assert "ann" in process.heard_so_far()


async def test_a_process_hears_of_its_own_edit_at_once(process: Process) -> None:
    number = await process.create()
    process.listen()
    await edit_record(process.database, ANN, complete(number), _writing(), Title)
    assert "ann" in process.heard_so_far()


async def test_a_process_hears_of_several_writes_in_one_revision_once(process: Process) -> None:
    process.listen()

    async def create_two(revision: OpenRevision) -> None:
        await revision.create(new_task("Tea"), Title)
        await revision.create(new_task("Milk"), Title)

    await process.database.transact(
        lambda transaction: OpenRevision.take(transaction, ANN, _writing(), create_two)
    )
    assert process.heard_so_far().count("ann") == 1


async def test_what_is_not_committed_is_not_announced(process: Process) -> None:
    process.listen()

    async def create_and_fail(revision: OpenRevision) -> None:
        await revision.create(new_task("Tea"), Title)
        await revision._record()
        raise PreconditionFailed(None, 0)

    with pytest.raises(PreconditionFailed):
        await process.database.transact(
            lambda transaction: OpenRevision.take(transaction, ANN, _writing(), create_and_fail)
        )
    assert "ann" not in process.heard_so_far()


async def test_listening_begins_with_a_hint_to_look(process: Process) -> None:
    process.listen()
    await process.hears(None)


async def test_one_process_hears_of_anothers_commit(start: Start) -> None:
    here, there = await start(), await start()
    here.listen()
    await here.hears(None)
    await there.create()
    async with asyncio.timeout(PATIENCE):
        assert await here.heard.get() in {"ann", None}


async def test_nothing_is_heard_after_listening_has_stopped(process: Process) -> None:
    process.listen()
    await process.hears(None)
    process.announcements.stop_listening()
    process.heard_so_far()
    await process.create()
    assert process.heard_so_far() == []


async def test_one_can_listen_again_after_stopping(process: Process) -> None:
    process.listen()
    process.announcements.stop_listening()
    process.listen()
    await process.hears(None)
    await process.create()
    await process.hears("ann")


async def test_every_statement_that_raises_a_revision_announces_its_owner() -> None:
    raising = [
        in_transaction.raise_revision((TASKS,)),
        single_statement.create_alone(TASKS, Title, guarded=False),
        single_statement.create_chosen_alone(TASKS, Title, guarded=False),
        single_statement.edit_alone(TASKS, "id", complete(1).aspects, Title, "at"),
    ]
    assert ["owner"] * len(raising) == [statement.announces for statement in raising]


class TestOnPostgresql:
    @pytest.fixture
    def database_url(self, postgresql_url: str) -> str:
        return postgresql_url

    async def test_another_process_hears_whose_commit_it_was(self, start: Start) -> None:
        here, there = await start(), await start()
        here.listen()
        await here.hears(None)
        await there.create()
        await here.hears("ann")

    async def test_a_lost_listening_connection_is_made_anew(self, start: Start, database_url: str) -> None:
        here, there = await start(), await start()
        here.listen()
        first = await _listening(database_url, but_not=None)
        await _ask(database_url, f"SELECT pg_terminate_backend({first})")
        await _listening(database_url, but_not=first)
        here.heard_so_far()
        await there.create()
        await here.hears("ann")

    async def test_where_word_does_not_get_through_there_are_hints_to_look(
        self, start: Start, database_url: str, empty_postgresql_url: str
    ) -> None:
        # Notifications stay within one database, so that listening at another hears nothing.
        process = await start()
        database = process.database
        assert isinstance(database, PostgresDatabase)
        elsewhere = replace(database.address, database=urlsplit(empty_postgresql_url).path[1:])
        announcements = PostgresAnnouncements(database, listen_at=elsewhere, connect_timeout=5)
        deaf = Process(database, announcements)
        deaf.listen()
        for _ in range(3):
            await deaf.hears(None)
        await announcements.close()


def test_many_values_are_sent_in_messages_that_postgresql_takes() -> None:
    values = [f"{number:04}{'ä' * 200}" for number in range(300)]
    payloads = list(_payloads("sender", values))
    assert all(len(payload.encode()) < 8000 for payload in payloads)
    assert values == [value for payload in payloads for value in payload.split("\n")[1:]]


async def _listening(url: str, *, but_not: int | None) -> int:
    """Wait for a connection that listens, other than this one; its process id."""
    listening = (
        "SELECT pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND state = 'idle' AND query LIKE 'LISTEN%'"
    )
    async with asyncio.timeout(PATIENCE):
        while True:
            found = [pid for (pid,) in await _ask(url, listening) if pid != but_not]
            if found:
                return int(found[0])
            await asyncio.sleep(0.02)


async def _ask(url: str, query: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


def test_a_statement_announces_nothing_unless_told() -> None:
    assert Statement("nothing", reading.SELECT_REVISION).announces is None
