"""Case 8: two servers share three connections of a real PgBouncer, which lends them for one transaction."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from tests.faults.conftest import Serve
from tests.faults.durability import assert_sound_ledger
from tests.faults.programme import Tries
from tests.faults.replicas import Client, Replicas
from tests.faults.wire import Answer
from tests.servers.pgbouncer import run_pgbouncer, statements_left_behind
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.pgbouncer

SERVER_CONNECTIONS = 3
CLIENTS = 50

PooledReplicas = Callable[..., AbstractAsyncContextManager[Replicas]]


@pytest.fixture
def pooled_url(postgres_server: Postgres, postgresql_url: str) -> Iterator[str]:
    with run_pgbouncer(postgres_server, pool_size=SERVER_CONNECTIONS) as pooler:
        yield pooler.url(postgresql_url.rpartition("/")[2])


@pytest.fixture
def pooled_replicas(pooled_url: str, postgresql_url: str, serve: Serve) -> PooledReplicas:
    """Two servers, each with room for half of the clients, that find their database behind the pooler."""

    @asynccontextmanager
    async def run(*poolers: str, **settings: Any) -> AsyncIterator[Replicas]:
        settings |= {
            "DATABASE_DIRECT_URL": postgresql_url,
            "DATABASE_POOL_SIZE": CLIENTS // 2,
            "DATABASE_POOL_TIMEOUT": 60,
            "DATABASE_STATEMENT_TIMEOUT": 60,
            "LOG_REQUESTS": False,
        }
        one, other = (serve(pooled_url, DATABASE_POOLER=pooler, **settings) for pooler in poolers)
        with one, other:
            await one.ready()
            await other.ready()
            yield Replicas((one, other), postgresql_url)

    return run


async def wrong_answers(client: Client, times: int) -> list[Answer]:
    """Write through one server and read through the other for a while; the answers that are not right."""
    titles = []
    wrong = []
    first = 0
    for number in range(times):
        titles.append(f"{client.user} {number} changed")
        created = await client.ask("POST", "/api/v1/tasks", {"title": f"{client.user} {number}"})
        if created.status != 201:
            return [created]
        place = created.headers["location"]
        if number == 0:
            # Where a user's revisions begin differs; from there, each write takes the next one.
            first = int(created.headers["etag"].strip('"'))
        changed = await client.ask("PUT", place, {"title": titles[-1]})
        for answer in (changed, *await client.everywhere(place)):
            shown = answer.json() if answer.status == 200 else {}
            if (titles[-1], f'"{first + 2 * number + 1}"') != (
                shown.get("title"),
                answer.headers.get("etag"),
            ):
                wrong.append(answer)
    listings = await client.everywhere("/api/v1/tasks")
    return wrong + [
        listed
        for listed in listings
        if listed.status != 200 or [task["title"] for task in listed.json()] != titles
    ]


async def share_connections(replicas: Replicas, times: int) -> list[Answer]:
    found = await asyncio.gather(*(wrong_answers(replicas.client(), times) for _ in range(CLIENTS)))
    return [answer for each in found for answer in each]


@pytest.mark.parametrize(
    ("row_security", "times"),
    [
        (False, 2),
        pytest.param(False, 40, marks=pytest.mark.slow_faults),
        pytest.param(True, 40, marks=pytest.mark.slow_faults),
    ],
)
async def test_fifty_clients_of_two_servers_share_three_connections(
    pooled_replicas: PooledReplicas, pooled_url: str, row_security: bool, times: int, tries: Tries
) -> None:
    async with pooled_replicas("on", "on", DATABASE_ROW_SECURITY=row_security) as replicas:
        wrong = await share_connections(replicas, times)
        left_behind = await statements_left_behind(pooled_url, SERVER_CONNECTIONS)

    assert [] == wrong
    assert [0] * SERVER_CONNECTIONS == left_behind
    await assert_sound_ledger(replicas.database_url)
    tries(CLIENTS * (5 * times + 2), "requests of 50 clients, behind a pooler")


@pytest.mark.slow_faults
async def test_a_server_that_does_not_know_of_the_pooler_goes_wrong(
    pooled_replicas: PooledReplicas, pooled_url: str
) -> None:
    """The test above can fail: this is what it is there for."""
    async with pooled_replicas("on", "off") as replicas:
        wrong = await share_connections(replicas, 2)
        left_behind = await statements_left_behind(pooled_url, SERVER_CONNECTIONS)

    assert wrong
    assert any(left_behind)
