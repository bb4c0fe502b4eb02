from collections.abc import AsyncIterator

import pytest

from donebook.storage.database import Database
from tests.databases import open_database
from tests.tasks.actors import Actor, new_actor


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database of the test's own; the test runs once on each dialect."""
    async with open_database(database_url) as opened:
        yield opened


@pytest.fixture
async def alice(database: Database) -> Actor:
    return await new_actor(database)


@pytest.fixture
async def bob(database: Database) -> Actor:
    return await new_actor(database)
