"""PostgreSQL: connections that end, are all in use, or cannot be made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Float, Text, bindparam, func, literal, select, update

from donebook.accounts.usecases import provision_user
from donebook.errors import DatabaseUnavailable, TaskNotFound
from donebook.principal import Principal
from donebook.spaces.model import spaces
from donebook.storage.database import Database, Transaction
from donebook.storage.postgres import PostgresDatabase
from donebook.storage.statement import Statement
from tests.databases import open_database
from tests.servers.ports import free_port
from tests.servers.postgres import Postgres
from tests.tasks.actors import START

ADA = {"owner": "ada"}
MINE = spaces.c.id == bindparam("owner", type_=Text)
REVISION = Statement("revision", select(spaces.c.revision).where(MINE))
RAISE = Statement(
    "raise",
    update(spaces).where(MINE).values(revision=spaces.c.revision + 1).returning(spaces.c.revision),
)
BELOW_ZERO = Statement("below_zero", update(spaces).where(MINE).values(revision=-1))
NAP = Statement("nap", select(func.pg_sleep(bindparam("seconds", type_=Float))))
BACKEND = Statement("backend", select(func.pg_backend_pid()))
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
def url(postgresql_url: str) -> str:
    return postgresql_url


@asynccontextmanager
async def opened(url: str, **settings: Any) -> AsyncIterator[PostgresDatabase]:
    """The database, with a user in it."""
    async with open_database(url, **settings) as database:
        assert isinstance(database, PostgresDatabase)
        await provision_user(database, Principal("ada"), START)
        yield database


@pytest.fixture
async def observer(url: str) -> AsyncIterator[Any]:
    """A connection of somebody else's."""
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


async def revision(database: Database) -> int:
    found: int = (await database.read(REVISION, ADA))[0][0]
    return found


async def raise_revision(transaction: Transaction) -> int:
    found: int = (await transaction.fetch(RAISE, ADA))[0][0]
    return found


async def raise_and_fail(transaction: Transaction) -> None:
    await transaction.fetch(RAISE, ADA)
    raise TaskNotFound


async def until_gone(observer: Any) -> None:
    async with asyncio.timeout(30):
        while await observer.fetchval(f"SELECT count(*) {OTHERS}"):  # noqa: ASYNC110 - they are elsewhere
            await asyncio.sleep(0.01)


async def test_connections_are_made_as_they_are_needed_and_kept(url: str, observer: Any) -> None:
    async with open_database(url, database_pool_size=5) as database:
        assert 0 == await observer.fetchval(f"SELECT count(*) {OTHERS}")
        first = await database.read(BACKEND, {})
        assert [first] * 5 == [await database.read(BACKEND, {}) for _ in range(5)]

        await asyncio.gather(*(database.read(NAP, {"seconds": 0.01}) for _ in range(50)))

        assert 1 < await observer.fetchval(f"SELECT count(*) {OTHERS}") <= 5
    await until_gone(observer)


async def test_idle_connections_that_are_ended_cost_no_request(url: str, observer: Any) -> None:
    async with opened(url, database_pool_size=5) as database:
        for _ in range(3):
            await asyncio.gather(*(database.read(NAP, {"seconds": 0.01}) for _ in range(20)))
            await observer.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}")
            await until_gone(observer)

            works = [
                work
                for _ in range(5)
                for work in (
                    database.read(REVISION, ADA),
                    database.write(RAISE, ADA),
                    database.transact(raise_revision),
                )
            ]
            await asyncio.gather(*works)

        assert 30 == await revision(database)


async def test_a_read_whose_connection_is_ended_is_sent_again(url: str, observer: Any) -> None:
    async with opened(url) as database:
        read = asyncio.ensure_future(database.read(NAP, {"seconds": 0.5}))
        await _until_active(observer)

        await observer.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}")

        assert 1 == len(await read)


async def test_a_write_whose_connection_is_ended_is_refused_and_not_sent_again(
    url: str, observer: Any
) -> None:
    async with opened(url) as database:
        naps = [
            database.write(NAP, {"seconds": 60}),
            database.transact(lambda transaction: transaction.fetch(NAP, {"seconds": 60})),
        ]
        works = [asyncio.ensure_future(nap) for nap in naps]
        await _until_active(observer, 2)

        await observer.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}")
        outcomes = await asyncio.gather(*works, return_exceptions=True)

        assert [DatabaseUnavailable] * 2 == [type(outcome) for outcome in outcomes]
        assert 1 == await database.transact(raise_revision)


async def test_who_finds_every_connection_in_use_is_refused_in_time(url: str) -> None:
    async with opened(url, database_pool_size=2, database_pool_timeout=0.05) as database:
        naps = [asyncio.ensure_future(database.read(NAP, {"seconds": 1})) for _ in range(2)]
        await asyncio.sleep(0)

        for refused in (
            database.read(REVISION, ADA),
            database.write(RAISE, ADA),
            database.transact(raise_revision),
        ):
            with pytest.raises(DatabaseUnavailable):
                await refused

        await asyncio.gather(*naps)
        assert 1 == await database.transact(raise_revision)


async def test_each_waits_for_as_long_as_one_may_from_when_it_came(url: str) -> None:
    async with opened(url, database_pool_size=1, database_pool_timeout=0.3) as database:
        connection = await database.pool.acquire()

        async def wait_in_vain() -> float:
            came = asyncio.get_running_loop().time()
            with pytest.raises(DatabaseUnavailable):
                await database.read(REVISION, ADA)
            return asyncio.get_running_loop().time() - came

        early = asyncio.ensure_future(wait_in_vain())
        await asyncio.sleep(0.15)
        late = asyncio.ensure_future(wait_in_vain())

        assert min(await early, await late) >= 0.3
        database.pool.release(connection)
        assert 0 == await revision(database)


async def test_whoever_waits_gets_the_connection_that_becomes_free(url: str) -> None:
    async with opened(url, database_pool_size=1) as database:
        revisions = await asyncio.gather(*(database.transact(raise_revision) for _ in range(50)))

        assert list(range(1, 51)) == revisions


async def test_a_statement_that_takes_too_long_is_refused(url: str, observer: Any) -> None:
    async with opened(url, database_statement_timeout=0.1, database_pool_size=1) as database:
        with pytest.raises(DatabaseUnavailable):
            await database.read(NAP, {"seconds": 60})

        assert 0 == await revision(database)


async def test_who_gives_up_takes_no_connection_along(url: str) -> None:
    async with opened(url, database_pool_size=2, database_pool_timeout=30) as database:
        for _ in range(20):
            works = [asyncio.ensure_future(database.read(NAP, {"seconds": 5})) for _ in range(4)]
            await asyncio.sleep(0.005)
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)

        async with asyncio.timeout(30):
            while database.pool.in_use:  # noqa: ASYNC110 - they are ended in the background
                await asyncio.sleep(0.01)
        assert [1, 2] == sorted(await asyncio.gather(*(database.transact(raise_revision) for _ in range(2))))


async def test_who_waits_when_the_pool_closes_is_refused_and_nothing_stays_open(
    url: str, observer: Any
) -> None:
    async with opened(url, database_pool_size=1) as database:
        pool = database.pool
        connection = await pool.acquire()
        waits = [asyncio.ensure_future(database.read(REVISION, ADA)) for _ in range(3)]
        await asyncio.sleep(0)
        assert 3 == pool.waiting

        await pool.close()
        pool.release(connection)

        for refused in (*waits, pool.acquire()):
            with pytest.raises(DatabaseUnavailable):
                await refused
        await until_gone(observer)
        assert (0, 0) == (pool.open, pool.waiting)


async def test_work_that_fails_is_undone_and_its_connection_used_again(url: str) -> None:
    async with opened(url, database_pool_size=1) as database:
        (before,) = await database.read(BACKEND, {})
        with pytest.raises(TaskNotFound):
            await database.transact(raise_and_fail)
        with pytest.raises(asyncpg.CheckViolationError):
            await database.write(BELOW_ZERO, ADA)
        with pytest.raises(asyncpg.CheckViolationError):
            await database.transact(lambda transaction: transaction.fetch(BELOW_ZERO, ADA))

        assert [before] == list(await database.read(BACKEND, {}))
        assert 0 == await revision(database)


async def test_what_cannot_be_connected_to_is_unavailability(postgres_server: Postgres, url: str) -> None:
    server = postgres_server
    addresses = [
        f"postgresql://{server.user}@127.0.0.1:{free_port()}/none",
        server.url("no_such_database"),
        f"postgresql://{server.user}:wrong@{server.host}:{server.port}/postgres",
        f"postgresql://no_such_user:wrong@{server.host}:{server.port}/postgres",
        "postgresql://nobody@host.invalid/none",
        url + "?sslmode=require",
    ]
    for address in addresses:
        async with open_database(address) as database:
            for attempt in (
                lambda: database.read(REVISION, ADA),
                lambda: database.write(RAISE, ADA),
                lambda: database.transact(raise_revision),
            ):
                with pytest.raises(DatabaseUnavailable):
                    await attempt()


async def test_a_server_without_room_is_unavailability(
    postgres_server: Postgres, url: str, observer: Any
) -> None:
    await observer.execute("CREATE ROLE cramped LOGIN PASSWORD 'secret' CONNECTION LIMIT 0")
    try:
        async with open_database(
            url.replace(f"{postgres_server.user}:{postgres_server.password}@", "cramped:secret@")
        ) as database:
            with pytest.raises(DatabaseUnavailable):
                await database.read(REVISION, ADA)
    finally:
        await observer.execute("DROP ROLE cramped")


async def test_behind_a_pooler_no_prepared_statement_is_left(url: str) -> None:
    left = Statement("left", select(func.count()).select_from(func.pg_prepared_statement()))
    async with opened(url, database_pool_size=1, database_pooler="on") as database:
        await database.transact(raise_revision)
        await revision(database)

        assert [(0,)] == [tuple(row) for row in await database.read(left, {})]


async def test_a_constant_is_not_asked_of_the_caller(url: str) -> None:
    greeting = Statement("greeting", select(literal("hello", Text)))
    async with opened(url) as database:
        assert "hello" == (await database.read(greeting, {}))[0][0]


async def _until_active(observer: Any, number: int = 1) -> None:
    async with asyncio.timeout(30):
        while await observer.fetchval(f"SELECT count(*) {OTHERS} AND state = 'active'") < number:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
