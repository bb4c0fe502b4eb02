"""A write whose outcome nobody knows is not made again: it may have taken effect."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from asyncpg.transaction import Transaction
from sqlalchemy import Text, bindparam, select, update

from donebook.accounts.usecases import provision_user
from donebook.errors import DatabaseUnavailable
from donebook.principal import Principal
from donebook.spaces.model import spaces
from donebook.storage.database import Database
from donebook.storage.database import Transaction as OpenTransaction
from donebook.storage.postgres import PostgresDatabase
from donebook.storage.sqlite import SqliteDatabase
from donebook.storage.statement import Statement
from tests.databases import open_database
from tests.tasks.actors import START

ADA = {"owner": "ada"}
MINE = spaces.c.id == bindparam("owner", type_=Text)
REVISION = Statement("revision", select(spaces.c.revision).where(MINE))
RAISE = Statement(
    "raise", update(spaces).where(MINE).values(revision=spaces.c.revision + 1).returning(spaces.c.revision)
)
LOST = [
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.ConnectionFailureError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleSessionTimeoutError,
    ConnectionResetError,
    BrokenPipeError,
    TimeoutError,
]


class LosingConnection:
    """A connection that is lost after its first write outside a transaction took effect."""

    def __init__(self, connection: Any, loss: type[Exception]) -> None:
        self._connection = connection
        self._loss = loss

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch(self, sql: str, *arguments: Any) -> Any:
        rows = await self._connection.fetch(sql, *arguments)
        if sql.startswith("UPDATE"):
            self._connection.terminate()
            raise self._loss("lost")
        return rows


@pytest.fixture
async def postgres(postgresql_url: str) -> AsyncIterator[PostgresDatabase]:
    async with open_database(postgresql_url) as database:
        assert isinstance(database, PostgresDatabase)
        await provision_user(database, Principal("ada"), START)
        database.pool.discard_idle()
        yield database


def lose_the_next(database: PostgresDatabase, loss: type[Exception]) -> list[LosingConnection]:
    """Have the next connection be one that is lost."""
    made: list[LosingConnection] = []
    connect = database.pool._connect

    async def connect_to_lose() -> Any:
        connection = await connect()
        if made:
            return connection
        made.append(LosingConnection(connection, loss))
        return made[0]

    database.pool._connect = connect_to_lose
    return made


async def revision(database: Database) -> int:
    found: int = (await database.read(REVISION, ADA))[0][0]
    return found


async def raise_revision(transaction: OpenTransaction) -> None:
    await transaction.fetch(RAISE, ADA)


@pytest.mark.parametrize("loss", LOST)
async def test_a_write_of_one_statement(postgres: PostgresDatabase, loss: type[Exception]) -> None:
    made = lose_the_next(postgres, loss)

    with pytest.raises(DatabaseUnavailable):
        await postgres.write(RAISE, ADA)

    assert made
    assert 1 == await revision(postgres)


@pytest.mark.parametrize("loss", LOST)
async def test_a_transaction(
    postgres: PostgresDatabase, loss: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Transaction.commit
    commits: list[Transaction] = []

    async def commit_and_lose(transaction: Transaction) -> None:
        await commit(transaction)
        commits.append(transaction)
        if len(commits) == 1:
            transaction._connection.terminate()
            raise loss("lost")

    monkeypatch.setattr(Transaction, "commit", commit_and_lose)
    with pytest.raises(DatabaseUnavailable):
        await postgres.transact(raise_revision)

    assert 1 == len(commits)
    assert 1 == await revision(postgres)


async def test_a_group_of_writes_of_sqlite(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Losing(sqlite3.Connection):
        lost = False

        def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
            done = super().execute(sql, *arguments)
            if sql == "COMMIT" and not Losing.lost:
                Losing.lost = True
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorcode = sqlite3.SQLITE_IOERR
                raise error
            return done

    database = SqliteDatabase(Path(sqlite_url.removeprefix("sqlite:///")))
    await database.open()
    await provision_user(database, Principal("ada"), START)
    await database.close()
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *given, **options: connect(*given, factory=Losing, **options)
    )
    await database.open()
    with pytest.raises(DatabaseUnavailable):
        await database.write(RAISE, ADA)

    assert 1 == await revision(database)
    await database.write(RAISE, ADA)
    assert 2 == await revision(database)
    await database.close()
