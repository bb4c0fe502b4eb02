"""A view of the database: one snapshot, in which one may only read."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import func, select

from donebook.accounts.model import users
from donebook.errors import DatabaseUnavailable
from donebook.settings import Settings
from donebook.storage.connect import database_for
from donebook.storage.database import Database, Transaction
from donebook.storage.statement import Statement
from tests.tasks.actors import new_actor

COUNT = Statement("count_users", select(func.count()).select_from(users), crosses_owners=True)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = database_for(Settings(database_url=database_url))
    await opened.open()
    yield opened
    await opened.close()


async def test_all_that_is_read_is_of_one_moment(database: Database) -> None:
    await new_actor(database)
    loop = asyncio.get_running_loop()

    async def work(view: Transaction) -> list[int]:
        counts = [(await view.fetch(COUNT, {}))[0][0]]
        if view.dialect == "sqlite":
            asyncio.run_coroutine_threadsafe(new_actor(database), loop).result(30)
        else:
            await new_actor(database)
        return [*counts, (await view.fetch(COUNT, {}))[0][0]]

    assert [1, 1] == await database.view(work)
    assert 2 == (await database.read(COUNT, {}))[0][0]


async def test_what_fails_in_a_view_is_raised_and_its_connection_is_not_kept(database: Database) -> None:
    async def work(view: Transaction) -> None:
        await view.fetch(COUNT, {})
        raise KeyError

    for _ in range(20):
        with pytest.raises(KeyError):
            await database.view(work)
    assert 0 == (await database.read(COUNT, {}))[0][0]
    assert database.dialect == "sqlite" or 0 == database.usage().busy


async def test_nothing_can_be_written_in_a_view(postgresql_url: str) -> None:
    database = database_for(Settings(database_url=postgresql_url))
    await database.open()

    async def work(view: Transaction) -> None:
        await view.fetch(Statement("lock", select(users.c.id).with_for_update(), crosses_owners=True), {})

    with pytest.raises((asyncpg.ReadOnlySQLTransactionError, DatabaseUnavailable)):
        await database.view(work)
    await database.close()
