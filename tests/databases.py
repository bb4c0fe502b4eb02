"""Databases for the tests: each test that asks gets its own, new and migrated, and dropped afterwards.

Both kinds are migrated once per run; a test's database is a copy of that.
"""

import itertools
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.postgres import Postgres, PostgresServer, call_in_thread, connect_or_run, run_postgres

if TYPE_CHECKING:
    from donebook.storage.database import Database

DIALECTS = ["sqlite", "postgresql"]

_numbers = itertools.count(1)


def _migrate(url: str) -> None:
    from donebook.storage.migrate import migrate

    # In a thread, because it may run an event loop of its own.
    call_in_thread(migrate, url)


@asynccontextmanager
async def open_database(url: str, **settings: Any) -> AsyncIterator["Database"]:
    """The database at ``url`` as the service has it under these settings, open."""
    from donebook.settings import Settings
    from donebook.storage.connect import database_for

    database = database_for(Settings(database_url=url, **settings))
    await database.open()
    try:
        yield database
    finally:
        await database.close()


def _new_name() -> str:
    return f"donebook_test_{os.getpid()}_{next(_numbers)}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """The PostgreSQL of this test run; not to be stopped, because every other test uses it too."""
    with connect_or_run() as server:
        yield server


@pytest.fixture
def breakable_postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL of the test's own that syncs to disk, to be stopped, restarted and killed."""
    with run_postgres({"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "donebook.db"
    _migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture(scope="session")
def migrated_postgres_database(postgres_server: Postgres) -> Iterator[str]:
    name = _new_name()
    postgres_server.create_database(name)
    _migrate(postgres_server.url(name))
    yield name
    postgres_server.drop_database(name)


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def empty_postgresql_url(postgres_server: Postgres) -> Iterator[str]:
    name = _new_name()
    postgres_server.create_database(name)
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def sqlite_url(migrated_sqlite_file: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated_sqlite_file, tmp_path)}"


@pytest.fixture
def postgresql_url(postgres_server: Postgres, migrated_postgres_database: str) -> Iterator[str]:
    name = _new_name()
    postgres_server.create_database(name, template=migrated_postgres_database)
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def other_sqlite_url(migrated_sqlite_file: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated_sqlite_file, tmp_path / 'other.db')}"


@pytest.fixture
def other_postgresql_url(postgres_server: Postgres, migrated_postgres_database: str) -> Iterator[str]:
    """A second database, for tests that need two."""
    name = _new_name()
    postgres_server.create_database(name, template=migrated_postgres_database)
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=DIALECTS)
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database without rows; the test runs once on each dialect."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=DIALECTS)
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """A database without tables (the SQLite file does not exist yet); once on each dialect."""
    url: str = request.getfixturevalue(f"empty_{request.param}_url")
    return url
