"""The server that takes writes is found, and nothing is asked of one that does not."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Float, Text, bindparam, func, literal, select, update

from donebook.errors import DatabaseUnavailable
from donebook.spaces.model import spaces
from donebook.storage.database import Transaction
from donebook.storage.migrate import migrate
from donebook.storage.postgres import PostgresDatabase
from donebook.storage.primary import NoPrimary
from donebook.storage.readiness import Readiness
from donebook.storage.statement import Statement
from tests.databases import open_database
from tests.faults.proxy import run_proxy
from tests.servers.ports import free_port
from tests.servers.postgres import Postgres, PostgresServer, call_in_thread, run_postgres
from tests.servers.standby import REPLICATED, Standby, promote, run_standby

NAP = Statement("nap", select(func.pg_sleep(bindparam("seconds", type_=Float))))
BACKEND = Statement("backend", select(func.pg_backend_pid()))
PORT = Statement("port", select(func.inet_server_port()))
TURN_READ_ONLY = Statement(
    "turn_read_only",
    select(
        func.pg_backend_pid(),
        func.set_config(literal("default_transaction_read_only", Text), literal("on", Text), False),
        func.pg_sleep(0.1),
    ),
)
WRITE = Statement("write", update(spaces).where(spaces.c.id == "ada").values(revision=spaces.c.revision + 1))


@asynccontextmanager
async def opened(url: str, **settings: Any) -> AsyncIterator[PostgresDatabase]:
    async with open_database(url, **settings) as database:
        assert isinstance(database, PostgresDatabase)
        yield database


async def turn_read_only(database: PostgresDatabase, number: int) -> set[int]:
    """Have so many connections take no writes, as if they led to a former primary; their backends."""
    rows = await asyncio.gather(*(database.read(TURN_READ_ONLY, {}) for _ in range(number)))
    found = {row[0] for [row] in rows}
    assert number == len(found)
    return found


async def write_within(transaction: Transaction) -> None:
    await transaction.fetch(WRITE, {})


@pytest.mark.parametrize("how", ["alone", "in a transaction"])
async def test_after_one_refused_write_all_connections_are_new(postgresql_url: str, how: str) -> None:
    async with opened(postgresql_url, database_pool_size=4) as database:
        outdated = await turn_read_only(database, 4)
        lent = asyncio.ensure_future(database.read(NAP, {"seconds": 0.3}))
        await asyncio.sleep(0)

        with pytest.raises(DatabaseUnavailable):
            await (database.write(WRITE, {}) if how == "alone" else database.transact(write_within))
        await lent

        used = await asyncio.gather(*(database.read(BACKEND, {}) for _ in range(20)))
        assert set() == outdated & {row[0] for [row] in used}
        await database.write(WRITE, {})


async def test_what_an_old_connection_refuses_later_costs_no_new_one(postgresql_url: str) -> None:
    async with opened(postgresql_url, database_pool_size=3) as database:
        pool = database.pool
        first, second = [await pool.acquire() for _ in range(2)]
        pool.renew(first)
        new = await pool.acquire()

        pool.renew(second)
        for each in (first, second, new):
            pool.release(each)

        assert new is await pool.acquire()
        pool.release(new)


async def test_a_read_only_database_is_unavailability_with_its_own_reason(
    postgres_server: Postgres, postgresql_url: str
) -> None:
    name = postgresql_url.rpartition("/")[2]
    async with opened(postgresql_url) as database:
        readiness = Readiness(database, postgresql_url, auto_migrate=False)
        await readiness.start()
        await readiness.check()
        try:
            await postgres_server.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
            database.pool.discard_idle()

            for attempt in (database.read(BACKEND, {}), database.write(WRITE, {})):
                with pytest.raises(NoPrimary):
                    await attempt
            with pytest.raises(DatabaseUnavailable, match="takes no writes"):
                await readiness.check()
        finally:
            await postgres_server.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        await readiness.check()
        await database.write(WRITE, {})


async def test_connections_that_the_server_ends_for_idling_cost_no_request(
    postgres_server: Postgres, postgresql_url: str
) -> None:
    name = postgresql_url.rpartition("/")[2]
    await postgres_server.execute(f"ALTER DATABASE \"{name}\" SET idle_session_timeout = '300ms'")
    outside = await asyncpg.connect(postgres_server.url("postgres"))
    try:
        async with opened(postgresql_url) as database:
            for request in (database.read, database.write):
                await database.read(BACKEND, {})
                async with asyncio.timeout(30):
                    while await outside.fetchval(  # noqa: ASYNC110 - they are elsewhere
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = $1", name
                    ):
                        await asyncio.sleep(0.01)
                await asyncio.sleep(0.01)

                await request(WRITE, {})
    finally:
        await outside.close()


async def test_whatever_is_said_while_connecting_is_unavailability(
    postgres_server: Postgres, postgresql_url: str
) -> None:
    name = postgresql_url.rpartition("/")[2]
    stranger = postgresql_url.replace(f"{postgres_server.user}:{postgres_server.password}@", "stranger:x@")
    await postgres_server.execute("CREATE ROLE stranger LOGIN PASSWORD 'x'")
    await postgres_server.execute(f'REVOKE CONNECT ON DATABASE "{name}" FROM public')
    try:
        async with opened(stranger) as database:
            with pytest.raises(DatabaseUnavailable) as refusal:
                await database.write(WRITE, {})
            assert isinstance(refusal.value.__cause__, asyncpg.InsufficientPrivilegeError)
    finally:
        await postgres_server.execute("DROP ROLE stranger")


@pytest.fixture
def primary() -> Iterator[PostgresServer]:
    with run_postgres(REPLICATED) as server:
        server.create_database("tasks")
        call_in_thread(migrate, server.url("tasks"))
        yield server


@pytest.fixture
def standby(primary: PostgresServer) -> Iterator[Standby]:
    with run_standby(primary) as server:
        yield server


def list_url(url: str, *ports: int) -> str:
    """The URL with these ports of the same host for its servers."""
    before, at, rest = url.rpartition("@")
    servers = ",".join(f"127.0.0.1:{port}" for port in ports)
    return f"{before}{at}{servers}/{rest.partition('/')[2]}?target_session_attrs=read-write"


async def test_of_several_servers_the_one_that_takes_writes_is_asked_before_and_after_a_failover(
    primary: PostgresServer, standby: Standby
) -> None:
    url = list_url(primary.url("tasks"), free_port(), standby.port, primary.port)
    await asyncio.to_thread(migrate, url)
    async with opened(url) as database, opened(standby.url("tasks")) as alone:
        assert [(primary.port,)] == [tuple(row) for row in await database.read(PORT, {})]
        await database.write(WRITE, {})
        with pytest.raises(NoPrimary):
            await alone.read(PORT, {})

        await asyncio.to_thread(primary.stop, "immediate")
        with pytest.raises(DatabaseUnavailable):
            await database.write(WRITE, {})
        await asyncio.to_thread(promote, standby)

        await database.write(WRITE, {})
        assert [(standby.port,)] == [tuple(row) for row in await database.read(PORT, {})]
        await alone.write(WRITE, {})


async def test_a_silent_server_leaves_time_for_the_next_and_is_asked_last_from_then_on(
    postgres_server: Postgres, postgresql_url: str
) -> None:
    async with run_proxy(postgres_server.host, postgres_server.port) as silent:
        silent.swallow()
        url = list_url(postgresql_url, silent.port, postgres_server.port)
        async with opened(url, database_connect_timeout=1, database_pool_size=3) as database:
            await database.write(WRITE, {})
            asked = len(silent.open)

            await asyncio.gather(*(database.read(NAP, {"seconds": 0.05}) for _ in range(3)))

            assert 3 == database.pool.open
            assert 1 == asked == len(silent.open)
