"""Case 4: another PostgreSQL takes the place of the one that fails, or hands over, under load."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from typing import NamedTuple

import pytest

from donebook.storage.migrate import migrate
from tests.faults.conftest import MakeLoad, Serve, conclude, through
from tests.faults.load import Load
from tests.faults.programme import Tries
from tests.faults.proxy import Proxy, run_proxy
from tests.faults.server import PATIENCE, Server, eventually, token_for
from tests.servers.postgres import PostgresServer, call_in_thread, run_postgres
from tests.servers.standby import REPLICATED, Standby, follow, promote, run_standby

NAME = "donebook"
READ_ONLY = "the database takes no writes: it is a standby, or read-only"
HASTY = {"DATABASE_POOL_TIMEOUT": 1, "DATABASE_CONNECT_TIMEOUT": 2, "DATABASE_STATEMENT_TIMEOUT": 2}


class Cluster(NamedTuple):
    """A primary, its synchronous standby, the link between them, and a name for the one that takes writes."""

    primary: PostgresServer
    standby: Standby
    link: Proxy
    name: Proxy

    @property
    def url(self) -> str:
        """By the name."""
        return through(self.name, self.primary.url(NAME))

    @property
    def list_url(self) -> str:
        """By all servers there are."""
        of_standby = f",{self.standby.host}:{self.standby.port}/"
        return self.primary.url(NAME).replace(f":{self.primary.port}/", f":{self.primary.port}{of_standby}")


@pytest.fixture
def primary() -> Iterator[PostgresServer]:
    with run_postgres(REPLICATED) as server:
        server.create_database(NAME)
        call_in_thread(migrate, server.url(NAME))
        yield server


@asynccontextmanager
async def followed(primary: PostgresServer, name: Proxy) -> AsyncIterator[Cluster]:
    """Run a standby of the server."""
    async with AsyncExitStack() as running:
        link = await running.enter_async_context(run_proxy(primary.host, primary.port))
        standby = run_standby(primary, link.port)
        yield Cluster(primary, await asyncio.to_thread(running.enter_context, standby), link, name)


@pytest.fixture
async def cluster(primary: PostgresServer) -> AsyncIterator[Cluster]:
    async with run_proxy(primary.host, primary.port) as name, followed(primary, name) as cluster:
        yield cluster


@asynccontextmanager
async def under_load(
    servers: list[Server], make_load: MakeLoad, after: Callable[[], str]
) -> AsyncIterator[Load]:
    """Run the servers, and clients who take turns at them; at the end look at the database ``after()``."""
    with ExitStack() as running:
        for server in servers:
            running.enter_context(server)
        for server in servers:
            await server.ready()
        turns = itertools.cycle(servers)
        load = make_load(lambda: next(turns).connect())
        async with load:
            await load.acknowledged(20)
            yield load
            await load.acknowledged(20)
    await conclude(load, after(), *servers)


async def seconds_until_ready(servers: list[Server], *, patience: float = PATIENCE) -> float:
    begun = time.monotonic()
    for server in servers:
        await eventually(server.is_ready, "the service is ready again", patience=patience)
    return time.monotonic() - begun


async def require_refusals(servers: list[Server], load: Load) -> None:
    """Nothing is answered from a server that takes no writes, and the service says why."""
    await load.refused(20)
    before = load.statuses.copy()
    await load.refused(20)
    assert {503} == (load.statuses - before).keys()
    token = token_for(load.users[0].id)
    for server in servers:
        read = await server.ask("GET", "/api/v1/tasks", token=token)
        assert 503 == read.status, "an answer from a server that may be behind"
        answer = await server.ask("GET", "/health/ready")
        assert (503, READ_ONLY) == (answer.status, answer.json()["reason"])
        assert 200 == (await server.ask("GET", "/health/live")).status


async def crash(cluster: Cluster) -> None:
    """Lose the primary, and a moment before it its link to the standby."""
    cluster.link.reset_all()
    # Whoever hears of a success meanwhile hears of a write that only this server has.
    await asyncio.sleep(0.2)
    await asyncio.to_thread(cluster.primary.stop, "immediate")


async def fail_over(
    cluster: Cluster, servers: list[Server], load: Load, *, moved_first: bool, patience: float = PATIENCE
) -> float:
    """Crash the primary, promote its standby, move the name; seconds until all are healthy after both."""
    await crash(cluster)
    await load.refused(10)
    if moved_first:
        cluster.name.lead_to(cluster.standby.host, cluster.standby.port)
        await require_refusals(servers, load)
    await asyncio.to_thread(promote, cluster.standby)
    cluster.name.lead_to(cluster.standby.host, cluster.standby.port)
    return await seconds_until_ready(servers, patience=patience)


@pytest.mark.parametrize(
    "moved_first",
    [pytest.param(False, marks=pytest.mark.slow_faults), True],
    ids=["promoted first", "moved first"],
)
async def test_a_failover_loses_nothing_and_the_service_goes_on(
    cluster: Cluster, serve: Serve, make_load: MakeLoad, moved_first: bool, tries: Tries
) -> None:
    servers = [serve(cluster.url, **HASTY) for _ in range(2)]

    async with under_load(servers, make_load, lambda: cluster.standby.url(NAME)) as load:
        await fail_over(cluster, servers, load, moved_first=moved_first)

    tries(1, "failovers")


@pytest.mark.slow_faults
async def test_a_failover_to_another_server_of_the_url_needs_no_name_that_moves(
    cluster: Cluster, serve: Serve, make_load: MakeLoad, tries: Tries
) -> None:
    servers = [serve(cluster.list_url, **HASTY) for _ in range(2)]

    async with under_load(servers, make_load, lambda: cluster.standby.url(NAME)) as load:
        await crash(cluster)
        await require_refusals(servers, load)
        await asyncio.to_thread(promote, cluster.standby)
        await seconds_until_ready(servers)

    tries(1, "failovers")


@pytest.mark.slow_faults
async def test_a_primary_that_became_a_standby_is_left_for_the_new_one(
    cluster: Cluster, serve: Serve, make_load: MakeLoad, tries: Tries
) -> None:
    old, new = cluster.primary, cluster.standby
    servers = [serve(cluster.url, **HASTY) for _ in range(2)]

    async with under_load(servers, make_load, lambda: new.url(NAME)) as load:
        await asyncio.to_thread(old.stop)
        await asyncio.to_thread(promote, new)
        await asyncio.to_thread(follow, old, new)
        await require_refusals(servers, load)

        cluster.name.lead_to(new.host, new.port)
        await seconds_until_ready(servers)

    tries(1, "switch-over")


@pytest.mark.slow_faults
async def test_after_each_of_ten_failovers_the_service_is_healthy_within_10_seconds(
    primary: PostgresServer, serve: Serve, make_load: MakeLoad, tries: Tries
) -> None:
    took: list[float] = []
    async with run_proxy(primary.host, primary.port) as name, AsyncExitStack() as standbys:
        servers = [serve(through(name, primary.url(NAME))) for _ in range(2)]
        newest = primary
        async with under_load(servers, make_load, lambda: newest.url(NAME)) as load:
            for number in range(10):
                cluster = await standbys.enter_async_context(followed(newest, name))
                await load.acknowledged(20)
                took.append(await fail_over(cluster, servers, load, moved_first=number % 2 == 1, patience=10))
                newest = cluster.standby

    tries(10, "failovers", f"healthy {max(took):.1f} s after the promotion at the latest")
