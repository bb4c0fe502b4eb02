"""From start-up to being able to serve."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Connection

from donebook.errors import DatabaseUnavailable
from donebook.storage import readiness as module
from donebook.storage.database import Database
from donebook.storage.migrate import alembic_config, connect_for_migration, migrate
from donebook.storage.readiness import Readiness, database_time, schema_problem
from tests.databases import open_database
from tests.servers.ports import free_port
from tests.servers.postgres import PostgresServer, call_in_thread

UNMIGRATED = "the database is not migrated; run: donebook migrate"
UNREACHABLE = "the database cannot be reached or is not migrated"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.01)


@asynccontextmanager
async def starting(database: Database, url: str, *, auto_migrate: bool = True) -> AsyncIterator[Readiness]:
    readiness = Readiness(database, url, auto_migrate=auto_migrate)
    await readiness.start()
    try:
        yield readiness
    finally:
        await readiness.stop()


async def reason(readiness: Readiness) -> str | None:
    """Why requests cannot be served; ``None`` if they can."""
    try:
        await readiness.check()
    except DatabaseUnavailable as failure:
        return str(failure)
    return None


async def until_ready(readiness: Readiness) -> None:
    async with asyncio.timeout(60):
        while await reason(readiness) is not None:  # noqa: ASYNC110 - it is the database that is waited for
            await asyncio.sleep(0.01)


def set_revision(url: str, revision: str) -> None:
    """Pretend that another version of the program migrated the database."""

    def pretend(connection: Connection) -> None:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")

    call_in_thread(connect_for_migration, url, pretend)


async def test_an_empty_database_is_migrated_and_then_served_from(empty_database_url: str) -> None:
    async with (
        open_database(empty_database_url) as database,
        starting(database, empty_database_url) as readiness,
    ):
        assert await reason(readiness) is None
        assert await schema_problem(database) is None


async def test_a_database_that_is_not_to_be_migrated_is_said_to_need_it(empty_database_url: str) -> None:
    async with (
        open_database(empty_database_url) as database,
        starting(database, empty_database_url, auto_migrate=False) as readiness,
    ):
        assert UNMIGRATED == await reason(readiness)


async def test_a_database_that_somebody_migrates_meanwhile_is_served_from(empty_database_url: str) -> None:
    async with (
        open_database(empty_database_url) as database,
        starting(database, empty_database_url, auto_migrate=False) as readiness,
    ):
        await asyncio.to_thread(migrate, empty_database_url)

        await until_ready(readiness)


async def test_a_database_at_an_older_revision_is_said_to_need_a_migration(empty_database_url: str) -> None:
    call_in_thread(migrate, empty_database_url, "0001")

    async with (
        open_database(empty_database_url) as database,
        starting(database, empty_database_url, auto_migrate=False) as readiness,
    ):
        assert "the database is at an older revision; run: donebook migrate" == await reason(readiness)


@pytest.mark.parametrize("auto_migrate", [False, True])
async def test_a_database_at_a_revision_of_a_newer_program_is_not_served_from(
    database_url: str, auto_migrate: bool
) -> None:
    set_revision(database_url, "9999")

    async with (
        open_database(database_url) as database,
        starting(database, database_url, auto_migrate=auto_migrate) as readiness,
    ):
        expected = "the database is at a revision that only a newer donebook knows; update this one"
        assert expected == await schema_problem(database)
        assert (UNREACHABLE if auto_migrate else expected) == await reason(readiness)


async def test_what_is_waited_for_is_logged_once(
    empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "donebook.storage"):
        async with (
            open_database(empty_database_url) as database,
            starting(database, empty_database_url, auto_migrate=False),
        ):
            await asyncio.sleep(0.1)

    assert [f"waiting: {UNMIGRATED}"] == [record.getMessage() for record in caplog.records]


async def test_a_server_that_is_down_is_waited_for(breakable_postgres_server: PostgresServer) -> None:
    server = breakable_postgres_server
    server.create_database("late")
    url = server.url("late")
    await asyncio.to_thread(server.stop)

    async with open_database(url) as database, starting(database, url) as readiness:
        assert UNREACHABLE == await reason(readiness)

        await asyncio.to_thread(server.start)
        await until_ready(readiness)
        assert await schema_problem(database) is None

        await asyncio.to_thread(server.stop, "immediate")
        assert "the database cannot be reached" == await reason(readiness)

        await asyncio.to_thread(server.start)
        await until_ready(readiness)


async def test_an_unexpected_fault_does_not_end_the_waiting(
    empty_sqlite_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    faults = iter([DatabaseUnavailable("down"), RuntimeError("unforeseen"), None])

    def migrate_at_last(url: str, **options: bool) -> None:
        if fault := next(faults):
            raise fault
        migrate(url)

    monkeypatch.setattr(module, "migrate", migrate_at_last)
    async with (
        open_database(empty_sqlite_url) as database,
        starting(database, empty_sqlite_url) as readiness,
    ):
        await until_ready(readiness)

    assert "unforeseen" in caplog.text


async def test_stopping_does_not_wait_for_the_database() -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"

    async with open_database(url) as database, asyncio.timeout(30), starting(database, url) as readiness:
        assert UNREACHABLE == await reason(readiness)


async def test_the_databases_clock_can_be_asked(database_url: str) -> None:
    async with open_database(database_url) as database:
        first = await database_time(database)
        second = await database_time(database)

    assert 1_700_000_000 < first <= second


def test_migrations_of_an_unknown_revision_are_refused_as_unavailability(database_url: str) -> None:
    set_revision(database_url, "9999")

    with pytest.raises(DatabaseUnavailable, match="9999"):
        migrate(database_url)

    assert database_url == alembic_config(database_url).attributes["database_url"]
