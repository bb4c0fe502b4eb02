"""Databases that the tests of the task core share, and users of their own for each test.

Everything belongs to a user, so a test that acts as new users has a database as good as new.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from donebook.storage.database import Database
from tests.databases import open_database
from tests.servers.postgres import Postgres, call_in_thread
from tests.storage.partitions import make_partitioned
from tests.tasks.actors import Actor, new_actor


@pytest.fixture(scope="session")
def shared_sqlite_url(migrated_sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{shutil.copy(migrated_sqlite_file, tmp_path_factory.mktemp('shared'))}"


@pytest.fixture(scope="session")
def shared_postgresql_url(postgres_server: Postgres, migrated_postgres_database: str) -> Iterator[str]:
    name = f"{migrated_postgres_database}_shared"
    postgres_server.create_database(name, template=migrated_postgres_database)
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def shared_partitioned_url(postgres_server: Postgres, migrated_postgres_database: str) -> Iterator[str]:
    """PostgreSQL with the tables hash-partitioned by user, as a sharded one has them."""
    name = f"{migrated_postgres_database}_partitioned"
    postgres_server.create_database(name)
    call_in_thread(asyncio.run, make_partitioned(postgres_server.url(name)))
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql", "partitioned"])
def shared_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"shared_{request.param}_url")
    return url


@pytest.fixture
async def database(shared_url: str) -> AsyncIterator[Database]:
    """An open database; the test runs on SQLite, on PostgreSQL and on partitioned PostgreSQL."""
    async with open_database(shared_url) as database:
        yield database


@pytest.fixture
async def postgresql(shared_postgresql_url: str) -> AsyncIterator[Database]:
    async with open_database(shared_postgresql_url) as database:
        yield database


@pytest.fixture
async def alice(database: Database) -> Actor:
    """A new user without tasks."""
    return await new_actor(database)


@pytest.fixture
async def bob(database: Database) -> Actor:
    """Another new user without tasks."""
    return await new_actor(database)
