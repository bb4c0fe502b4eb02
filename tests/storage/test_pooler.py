"""Behind a real PgBouncer that lends its connections for one transaction, as Neon's pooler does."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest

from donebook.accounts.usecases import provision_user
from donebook.settings import Settings
from donebook.storage.connect import announcements_for, database_for
from donebook.storage.migrate import migrate
from tests.servers.pgbouncer import run_pgbouncer, statements_left_behind
from tests.servers.postgres import Postgres
from tests.service import Service, run_service
from tests.storage.test_announcements import ANN, Process

pytestmark = pytest.mark.pgbouncer

SERVER_CONNECTIONS = 3
CLIENTS = 50


@pytest.fixture(scope="module")
def pooler(postgres_server: Postgres) -> Iterator[Postgres]:
    with run_pgbouncer(postgres_server, pool_size=SERVER_CONNECTIONS) as pooler:
        yield pooler


@pytest.fixture
def pooled_url(pooler: Postgres, postgresql_url: str) -> str:
    return pooler.url(postgresql_url.rpartition("/")[2])


async def work(service: Service, user: str) -> list[str]:
    """Write and read as one user for a while; return what went wrong."""
    wrong = []
    async with service.client(user, timeout=60) as client:
        titles = []
        for number in range(4):
            created = await client.post(
                "/api/v1/tasks", json={"title": f"{user} {number}", "priority": "low"}
            )
            if created.status_code != 201:
                return [f"creating: {created.status_code} {created.text}"]
            place = created.headers["location"]
            changed = await client.put(place, json={"title": f"{user} {number} changed"})
            read = await client.get(place)
            titles.append(f"{user} {number} changed")
            if changed.json() != read.json() or read.json()["title"] != titles[-1]:
                wrong.append(f"changing: {changed.text} then {read.text}")
            if read.headers["etag"] != f'"{2 * number + 2}"':
                wrong.append(f"revision: {read.headers['etag']}")
        listed = await client.get("/api/v1/tasks")
        if [task["title"] for task in listed.json()] != titles:
            wrong.append(f"listing: {listed.text}")
    return wrong


@pytest.mark.parametrize("row_security", [False, True])
async def test_fifty_clients_share_three_connections_without_an_error_or_a_wrong_value(
    pooled_url: str, row_security: bool
) -> None:
    async with run_service(
        pooled_url,
        database_pooler="on",
        database_pool_size=CLIENTS,
        database_pool_timeout=60,
        database_statement_timeout=60,
        database_row_security=row_security,
        log_requests=False,
    ) as service:
        results = await asyncio.gather(*(work(service, f"user {number}") for number in range(CLIENTS)))
        left_behind = await statements_left_behind(pooled_url, SERVER_CONNECTIONS)

    assert [[]] * CLIENTS == results
    assert [0] * SERVER_CONNECTIONS == left_behind


async def test_without_knowing_of_the_pooler_it_goes_wrong(pooled_url: str) -> None:
    """The test above can fail: this is what it is there for."""
    async with run_service(
        pooled_url, database_pooler="off", database_pool_size=CLIENTS, log_requests=False
    ) as service:
        results = await asyncio.gather(
            *(work(service, f"user {number}") for number in range(CLIENTS)), return_exceptions=True
        )
        left_behind = await statements_left_behind(pooled_url, SERVER_CONNECTIONS)

    assert any(results) or any(left_behind)


@pytest.fixture
def empty_pooled(pooler: Postgres, empty_postgresql_url: str) -> tuple[str, str]:
    return pooler.url(empty_postgresql_url.rpartition("/")[2]), empty_postgresql_url


async def test_the_database_is_migrated_past_the_pooler(empty_pooled: tuple[str, str]) -> None:
    pooled_url, direct_url = empty_pooled

    async with run_service(pooled_url, database_pooler="on", database_direct_url=direct_url) as service:
        assert [] == await work(service, "ada")

    assert [0] * SERVER_CONNECTIONS == await statements_left_behind(pooled_url, SERVER_CONNECTIONS)


async def test_a_pooler_that_there_is_no_way_past_is_migrated_through(empty_pooled: tuple[str, str]) -> None:
    pooled_url, _ = empty_pooled

    await asyncio.to_thread(migrate, pooled_url)
    await asyncio.to_thread(migrate, pooled_url)

    async with run_service(pooled_url, database_pooler="on", auto_migrate=False) as service:
        assert [] == await work(service, "ada")


async def test_commits_are_heard_of_past_the_pooler(pooled_url: str, postgresql_url: str) -> None:
    settings = Settings(database_url=pooled_url, database_pooler="on", database_direct_url=postgresql_url)
    async with AsyncExitStack() as running:
        processes = []
        for _ in range(2):
            database = database_for(settings)
            await database.open()
            running.push_async_callback(database.close)
            announcements = announcements_for(database, settings)
            running.push_async_callback(announcements.close)
            processes.append(Process(database, announcements))
        here, there = processes
        await provision_user(there.database, ANN, datetime.now(UTC))
        here.listen()
        await here.hears(None)  # it listens now

        await there.create()

        # Word that names the user: not the hint to look that comes now and then without any.
        await here.hears("ann")
