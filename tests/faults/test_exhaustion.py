"""Cases 9 and 10: more is asked than the database can answer, and clients that do not wait for it."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.faults.conftest import Serve
from tests.faults.programme import Tries
from tests.faults.server import Server, eventually, token_for
from tests.faults.wire import Connection, request_bytes

POOL = 4
PATIENT = {"DATABASE_POOL_SIZE": POOL, "DATABASE_STATEMENT_TIMEOUT": 60, "DATABASE_POOL_TIMEOUT": 60}
HASTY = PATIENT | {"DATABASE_POOL_TIMEOUT": 0.5}
NAME = "the fault programme"
CONNECTED = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    f" AND backend_type = 'client backend' AND application_name <> '{NAME}'"
)
WAITING = CONNECTED + " AND wait_event_type = 'Lock'"


class Outside:
    """Two connections past the service: one locks the tasks, the other looks.

    Two, because within a transaction PostgreSQL shows its activity as it was at the first look.
    """

    def __init__(self, locker: Any, watcher: Any) -> None:
        self._locker = locker
        self._watcher = watcher
        self.patience = 30.0

    @asynccontextmanager
    async def tasks_locked(self) -> AsyncIterator[None]:
        async with self._locker.transaction():
            await self._locker.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE")
            yield

    async def count(self, query: str) -> int:
        found: int = await self._watcher.fetchval(query)
        return found

    async def waiting(self, number: int) -> None:
        """Wait until so many statements wait for the lock."""

        async def reached() -> bool:
            return await self.count(WAITING) == number

        await eventually(reached, f"{number} statements wait for the lock", patience=self.patience)


@pytest.fixture
async def outside(postgresql_url: str) -> AsyncIterator[Outside]:
    named = {"application_name": NAME}
    locker, watcher = [await asyncpg.connect(postgresql_url, server_settings=named) for _ in range(2)]
    yield Outside(locker, watcher)
    await locker.close()
    await watcher.close()


async def provisioned(server: Server) -> str:
    """A token whose user has a row, so that a request of theirs is one statement."""
    token = token_for("ada")
    assert 200 == (await server.ask("GET", "/api/v1/tasks", token=token)).status
    return token


async def provisioned_all(server: Server, number: int) -> list[str]:
    """Tokens of so many users: one user alone makes fewer lists at once than there are connections."""
    tokens = [token_for(f"user-{each}") for each in range(number)]
    for token in tokens:
        assert 200 == (await server.ask("GET", "/api/v1/tasks", token=token)).status
    return tokens


async def start_requests(server: Server, *tokens: str) -> list[Connection]:
    connections = [await server.connect() for _ in tokens]
    for each, token in zip(connections, tokens, strict=True):
        await each.send(request_bytes("GET", "/api/v1/tasks", token=token))
    return connections


async def exhaust(server: Server, outside: Outside) -> None:
    """Hold every connection by a lock: whoever comes then is refused, the others answered after it."""
    tokens = await provisioned_all(server, POOL + 20)
    async with outside.tasks_locked():
        held = await start_requests(server, *tokens[:POOL])
        await outside.waiting(POOL)
        late = await start_requests(server, *tokens[POOL:])
        refused = await asyncio.wait_for(asyncio.gather(*(each.answer() for each in late)), outside.patience)
        still_waiting = await outside.count(WAITING)
    answered = await asyncio.gather(*(each.answer() for each in held))

    assert [(503, "1")] * 20 == [(each.status, each.headers.get("retry-after")) for each in refused]
    assert POOL == still_waiting
    assert [200] * POOL == [each.status for each in answered]


async def test_who_finds_no_free_connection_is_refused_in_time_and_may_retry(
    postgresql_url: str, serve: Serve, outside: Outside, tries: Tries
) -> None:
    with serve(postgresql_url, **HASTY) as server:
        await exhaust(await server.ready(), outside)

    tries(20, "requests beyond the pool")


@pytest.mark.slow_faults
async def test_a_server_that_queues_for_ever_is_caught(
    postgresql_url: str, serve: Serve, outside: Outside
) -> None:
    with serve(postgresql_url, broken="queue_for_ever", **HASTY) as server:
        await server.ready()
        outside.patience = 3.0
        with pytest.raises(TimeoutError):
            await exhaust(server, outside)


async def test_a_statement_that_is_given_up_does_not_go_on_in_the_database(
    postgresql_url: str, serve: Serve, outside: Outside
) -> None:
    settings = {"DATABASE_POOL_SIZE": POOL, "DATABASE_STATEMENT_TIMEOUT": 0.5}
    with serve(postgresql_url, **settings) as server:
        tokens = await provisioned_all(await server.ready(), POOL)
        async with outside.tasks_locked():
            given_up = await start_requests(server, *tokens)
            answers = await asyncio.gather(*(each.answer() for each in given_up))
            await outside.waiting(0)

    assert [503] * POOL == [each.status for each in answers]


async def disconnect_many(server: Server, outside: Outside, rng: random.Random, number: int) -> None:
    """Ask and leave, many at once; then see that every connection to the database is free again."""
    tokens = await provisioned_all(server, POOL)
    async with outside.tasks_locked():
        connections = [await server.connect() for _ in range(number)]
        for each in connections:
            token = rng.choice(tokens)
            request = rng.choice(
                [
                    request_bytes("GET", "/api/v1/tasks", token=token),
                    request_bytes("POST", "/api/v1/tasks", token=token, body={"title": "Gone"}),
                ]
            )
            # Some leave before their request is whole.
            await each.send(request[: rng.choice([len(request), rng.randrange(1, len(request))])])
        await eventually(lambda: server.ended() is None, "the server runs")
        for each in connections:
            rng.choice([each.abort, each.close])()
    await outside.waiting(0)

    # Had one been lost, so many could not be in the database at once.
    async with outside.tasks_locked():
        held = await start_requests(server, *tokens)
        await outside.waiting(POOL)
    answers = await asyncio.gather(*(each.answer() for each in held))
    assert [200] * POOL == [each.status for each in answers]
    assert await outside.count(CONNECTED) <= POOL


@pytest.mark.parametrize("number", [40, pytest.param(200, marks=pytest.mark.slow_faults)])
async def test_clients_that_leave_take_no_connection_with_them(
    postgresql_url: str, serve: Serve, outside: Outside, rng: random.Random, *, number: int, tries: Tries
) -> None:
    with serve(postgresql_url, **PATIENT) as server:
        for _ in range(3):
            await disconnect_many(await server.ready(), outside, rng, number)

    tries(3 * number, "clients that left")


def open_files(server: Server) -> int:
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


@contextmanager
def file_locked(url: str) -> Iterator[None]:
    """No write to the file can go on meanwhile."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
        file.execute("BEGIN IMMEDIATE")
        yield
        file.execute("ROLLBACK")


async def test_clients_that_leave_a_sqlite_server_leave_nothing_open(
    sqlite_url: str, serve: Serve, rng: random.Random, tries: Tries
) -> None:
    with serve(sqlite_url) as server:
        token = await provisioned(await server.ready())
        request = request_bytes("POST", "/api/v1/tasks", token=token, body={"title": "Gone"})
        assert 201 == (await server.ask("POST", "/api/v1/tasks", token=token, body={"title": "Here"})).status
        before = open_files(server)
        with file_locked(sqlite_url):
            connections = [await server.connect() for _ in range(200)]
            for each in connections:
                await each.send(request[: rng.choice([len(request), rng.randrange(1, len(request))])])
            assert 200 == (await server.ask("GET", "/api/v1/tasks", token=token)).status
            for each in connections:
                rng.choice([each.abort, each.close])()

        await eventually(lambda: open_files(server) <= before, "what they had open is closed")
        assert 201 == (await server.ask("POST", "/api/v1/tasks", token=token, body={"title": "On"})).status

    tries(200, "clients that left")


@pytest.mark.slow_faults
async def test_a_server_that_loses_the_connections_of_clients_that_leave_is_caught(
    postgresql_url: str, serve: Serve, outside: Outside, rng: random.Random
) -> None:
    with serve(postgresql_url, broken="leak_connections", **PATIENT | {"DATABASE_POOL_TIMEOUT": 5}) as server:
        await server.ready()
        outside.patience = 3.0
        with pytest.raises(AssertionError):
            await disconnect_many(server, outside, rng, 40)
