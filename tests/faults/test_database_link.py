"""Cases 4 to 7: PostgreSQL, or the way to it, fails under load."""

import asyncio
import random
import time

import asyncpg
import pytest

from donebook.storage.migrate import migrate
from tests.faults.conftest import MakeLoad, ProxiedServer, Serve, conclude
from tests.faults.durability import InvariantBroken
from tests.faults.load import Load
from tests.faults.programme import Tries
from tests.faults.proxy import Proxy
from tests.faults.server import Server, eventually
from tests.servers.postgres import PostgresServer, call_in_thread

TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
IMPATIENT = {
    "DATABASE_POOL_TIMEOUT": 0.5,
    "DATABASE_CONNECT_TIMEOUT": 0.5,
    "DATABASE_STATEMENT_TIMEOUT": 0.5,
    "DATABASE_POOL_SIZE": 4,
}


@pytest.fixture
def breakable_url(breakable_postgres_server: PostgresServer) -> str:
    breakable_postgres_server.create_database("donebook")
    url = breakable_postgres_server.url("donebook")
    call_in_thread(migrate, url)
    return url


async def restart_under_load(
    postgres: PostgresServer, server: Server, url: str, load: Load, times: int, *, patience: float = 60
) -> None:
    with server:
        await server.ready()
        async with load:
            for _ in range(times):
                await load.acknowledged(20)
                await asyncio.to_thread(postgres.restart, "immediate")
                await eventually(server.is_ready, "the service is ready again", patience=patience)
                await load.acknowledged(20)
    await conclude(load, url, server)


async def test_a_crash_of_postgresql_loses_nothing_and_the_service_goes_on(
    breakable_postgres_server: PostgresServer,
    breakable_url: str,
    serve: Serve,
    make_load: MakeLoad,
    tries: Tries,
) -> None:
    server = serve(breakable_url)

    await restart_under_load(breakable_postgres_server, server, breakable_url, make_load(server.connect), 2)

    tries(2, "immediate restarts")


@pytest.mark.slow_faults
async def test_after_each_of_ten_crashes_of_postgresql_the_service_is_healthy_within_10_seconds(
    breakable_postgres_server: PostgresServer,
    breakable_url: str,
    serve: Serve,
    make_load: MakeLoad,
    tries: Tries,
) -> None:
    server = serve(breakable_url)
    load = make_load(server.connect)

    await restart_under_load(breakable_postgres_server, server, breakable_url, load, 10, patience=10)

    tries(10, "immediate restarts")


async def terminate_under_load(server: Server, url: str, load: Load, rounds: int) -> int:
    """End every connection while requests are on them, which costs one at most each; how many there were."""
    ended = 0
    own = await asyncpg.connect(url)
    try:
        async with load:
            for _ in range(rounds):
                await load.acknowledged(20)
                ended += len(await own.fetch(TERMINATE))
            await load.acknowledged(20)
    finally:
        await own.close()
    refused = load.statuses[503]
    if refused > ended:
        raise InvariantBroken(f"{refused} requests were refused for {ended} connections that ended")
    assert not load.lost
    await conclude(load, url, server)
    return ended


async def test_a_connection_that_is_terminated_costs_one_request_at_most(
    postgresql_url: str, serve: Serve, make_load: MakeLoad, tries: Tries
) -> None:
    server = serve(postgresql_url)
    with server:
        load = make_load((await server.ready()).connect, clients=12)
        ended = await terminate_under_load(server, postgresql_url, load, 20)

    tries(ended, "connections terminated under load", f"{load.statuses[503]} requests refused")


async def cut_under_load(
    server: Server, proxy: Proxy, load: Load, rng: random.Random, *, answers_only: bool = False
) -> None:
    """Cut connections to the database at ten random bytes."""
    async with load:
        for _ in range(10):
            await load.acknowledged(3)
            proxy.cut_after(rng.randrange(1, 200 if answers_only else 6000), answers_only=answers_only)
            await eventually(lambda: proxy.has_cut, "a connection was cut")
            await load.acknowledged(3)


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.slow_faults)])
async def test_a_connection_cut_at_any_byte_loses_nothing_and_duplicates_nothing(
    proxied_server: ProxiedServer, make_load: MakeLoad, rng: random.Random, rounds: int, tries: Tries
) -> None:
    server, proxy, url = proxied_server()
    with server:
        load = make_load((await server.ready()).connect)
        for number in range(rounds):
            await cut_under_load(server, proxy, load, rng, answers_only=number % 2 == 1)

    await conclude(load, url, server)
    tries(rounds * 10, "cuts at a random byte")


@pytest.mark.slow_faults
@pytest.mark.parametrize("mistake", ["write_twice", "repeat_lost_writes"])
async def test_a_server_that_writes_again_what_may_have_been_written_is_caught(
    proxied_server: ProxiedServer, make_load: MakeLoad, rng: random.Random, mistake: str
) -> None:
    server, proxy, url = proxied_server(broken=mistake)
    with server:
        load = make_load((await server.ready()).connect)

        async def cut_and_look() -> None:
            for _ in range(20):
                await cut_under_load(server, proxy, load, rng, answers_only=True)
                await conclude(load, url, server)

        with pytest.raises(InvariantBroken, match=r"is there [2-9] times"):
            await cut_and_look()


async def test_a_reset_of_every_connection_is_refused_and_returns(
    proxied_server: ProxiedServer, make_load: MakeLoad, tries: Tries
) -> None:
    server, proxy, url = proxied_server()
    with server:
        load = make_load((await server.ready()).connect)
        async with load:
            for _ in range(3):
                await load.acknowledged(10)
                proxy.reset_all()
                await load.refused(10)
                proxy.pass_again()

    await conclude(load, url, server)
    tries(3, "resets")


async def sink(server: Server, proxy: Proxy, load: Load) -> None:
    """Let the database vanish without a word; what is asked is answered all the same."""
    async with load:
        await load.acknowledged(20)
        proxy.swallow()
        try:
            await load.refused(20)
            for path in ("/health", "/health/live"):
                assert 200 == (await server.ask("GET", path)).status
            assert 503 == (await server.ask("GET", "/health/ready")).status
        finally:
            proxy.pass_again()
        await load.acknowledged(20)


async def test_requests_to_a_database_that_fell_silent_are_answered_503(
    proxied_server: ProxiedServer, make_load: MakeLoad, tries: Tries
) -> None:
    server, proxy, url = proxied_server(**IMPATIENT)
    with server:
        load = make_load((await server.ready()).connect)
        await sink(server, proxy, load)

    await conclude(load, url, server)
    tries(1, "black holes")


@pytest.mark.slow_faults
async def test_a_server_that_waits_for_the_database_for_ever_is_caught(
    proxied_server: ProxiedServer, make_load: MakeLoad, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.faults.load.PATIENCE", 5.0)
    server, proxy, _ = proxied_server(broken="wait_for_ever", **IMPATIENT)
    with server:
        load = make_load((await server.ready()).connect)

        with pytest.raises(AssertionError, match="requests were refused"):
            await sink(server, proxy, load)


@pytest.mark.slow_faults
async def test_through_60_silent_seconds_answers_are_bounded_and_liveness_is_quick(
    proxied_server: ProxiedServer, make_load: MakeLoad, tries: Tries
) -> None:
    server, proxy, url = proxied_server()
    alive: list[float] = []
    with server:
        load = make_load((await server.ready()).connect, clients=30)
        async with load:
            await load.acknowledged(50)
            load.slowest = 0.0
            proxy.swallow()
            end = time.monotonic() + 60
            while time.monotonic() < end:
                asked = time.monotonic()
                assert 200 == (await server.ask("GET", "/health/live")).status
                alive.append(time.monotonic() - asked)
                await asyncio.sleep(0.2)
            slowest = load.slowest
            proxy.pass_again()
            await load.acknowledged(50)

    await conclude(load, url, server)
    p99 = sorted(alive)[int(len(alive) * 0.99)]
    assert load.statuses[503] > 0
    # By the settings' defaults: 5 s for a free connection, 10 s for a new one, 10 s for a statement.
    assert slowest < 30
    assert p99 < 1
    tries(1, "black holes", f"for 60 s; slowest answer {slowest:.1f} s, liveness p99 {p99 * 1000:.0f} ms")
