from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from donebook.accounts.hashing import PasswordHashing
from donebook.storage.database import Database
from tests.databases import open_database


class Clock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.moment = datetime(2030, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> datetime:
        self.moment += timedelta(seconds=seconds)
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database of the test's own; the test runs on SQLite and on PostgreSQL."""
    async with open_database(database_url) as database:
        yield database


@pytest.fixture(scope="session")
def hashing() -> Iterator[PasswordHashing]:
    hashing = PasswordHashing("argon2")
    yield hashing
    hashing.close()
