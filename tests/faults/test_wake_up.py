"""Cases 5 and 13: a hosted database went to sleep, ending idle connections, and takes its time to wake."""

import asyncio
import time

import asyncpg
import pytest

from tests.faults.conftest import MakeLoad, ProxiedServer, conclude
from tests.faults.durability import InvariantBroken
from tests.faults.load import Load
from tests.faults.programme import Tries
from tests.faults.proxy import Proxy
from tests.faults.server import Server, eventually, token_for
from tests.faults.wire import Answer

POOL = 4
AT_ONCE = 12
TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


async def suspend(proxy: Proxy, url: str, waking: float) -> None:
    """Let the database sleep as a hosted one does, which nobody is asking anything."""
    proxy.sleep(waking)
    ending = proxy.open
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(TERMINATE)
    finally:
        await connection.close()
    # Idle is who has heard of the end; a write that crosses with it is lost, and nobody can tell.
    await asyncio.wait(ending)
    proxy.most_open = 0


async def ask_at_once(server: Server, number: int, prefix: str, users: int = 1) -> list[Answer]:
    """The answers to as many reads as writes of so many users."""

    async def ask(each: int) -> Answer:
        token = token_for(f"ada-{each % users}")
        if each % 2:
            answer = await server.ask("GET", "/api/v1/tasks", token=token)
        else:
            answer = await server.ask(
                "POST", "/api/v1/tasks", token=token, body={"title": f"{prefix} {each}"}
            )
        assert isinstance(answer, Answer)
        return answer

    return await asyncio.gather(*(ask(each) for each in range(number)))


async def liveness_until_awake(server: Server, proxy: Proxy) -> list[float]:
    """The seconds that each look at the liveness took while the database slept."""
    took = []
    while proxy.is_asleep:
        asked = time.monotonic()
        assert 200 == (await server.ask("GET", "/health/live")).status
        took.append(time.monotonic() - asked)
        await asyncio.sleep(0.05)
    return took


async def wake(server: Server, proxy: Proxy, url: str, waking: float) -> float:
    """Whoever asks a sleeping database waits, and is answered; the slowest look at the liveness."""
    await ask_at_once(server, AT_ONCE, "before")
    await suspend(proxy, url, waking)

    asking = asyncio.create_task(ask_at_once(server, AT_ONCE, "after"))
    took = await liveness_until_awake(server, proxy)
    statuses = sorted(answer.status for answer in await asking)

    assert [200] * (AT_ONCE // 2) + [201] * (AT_ONCE // 2) == statuses
    assert len(took) > 1
    if proxy.most_open > POOL:
        raise InvariantBroken(f"{proxy.most_open} connections were made, of {POOL} there may be")
    return max(took)


async def test_requests_wait_for_a_database_that_wakes_in_time(
    proxied_server: ProxiedServer, tries: Tries
) -> None:
    server, proxy, url = proxied_server(DATABASE_POOL_SIZE=POOL)
    with server:
        await server.ready()
        await wake(server, proxy, url, 1.0)

    tries(1, "slow wake-ups")


@pytest.mark.slow_faults
async def test_a_server_that_connects_without_a_bound_is_caught(proxied_server: ProxiedServer) -> None:
    server, proxy, url = proxied_server(broken="connect_without_a_bound", DATABASE_POOL_SIZE=POOL)
    with server:
        await server.ready()
        with pytest.raises(InvariantBroken, match="connections were made"):
            await wake(server, proxy, url, 1.0)


async def test_requests_are_refused_when_the_database_wakes_too_late_and_served_then(
    proxied_server: ProxiedServer, tries: Tries
) -> None:
    patience = {"DATABASE_POOL_TIMEOUT": 0.3, "DATABASE_CONNECT_TIMEOUT": 0.3}
    server, proxy, url = proxied_server(DATABASE_POOL_SIZE=POOL, **patience)
    with server:
        await server.ready()
        await ask_at_once(server, AT_ONCE, "before")
        await suspend(proxy, url, 3600)

        answers = await ask_at_once(server, AT_ONCE, "meanwhile")
        assert [(503, "1")] * AT_ONCE == [(each.status, each.headers.get("retry-after")) for each in answers]
        assert 503 == (await server.ask("GET", "/health/ready")).status
        assert 200 == (await server.ask("GET", "/health/live")).status
        assert proxy.most_open <= POOL

        proxy.wake()
        await eventually(server.is_ready, "the service is ready again")
        answers = await ask_at_once(server, AT_ONCE, "after")
        assert {200, 201} == {answer.status for answer in answers}

    tries(1, "slow wake-ups")


@pytest.mark.slow_faults
async def test_after_each_of_five_sleeps_a_load_goes_on_without_an_error(
    proxied_server: ProxiedServer, make_load: MakeLoad, tries: Tries
) -> None:
    server, proxy, url = proxied_server()
    alive: list[float] = []
    with server:
        load: Load = make_load((await server.ready()).connect, clients=14)
        async with load:
            await load.acknowledged(50)
        for _ in range(5):
            await suspend(proxy, url, 3.0)
            async with load:
                alive += await liveness_until_awake(server, proxy)
                await load.acknowledged(50)
            assert proxy.most_open <= 10

    await conclude(load, url, server)
    assert {200, 201, 204} == load.statuses.keys()
    assert max(alive) < 1
    tries(
        5,
        "slow wake-ups",
        f"3 s each; slowest answer {load.slowest:.1f} s, liveness {max(alive) * 1000:.0f} ms at most",
    )


@pytest.mark.slow_faults
async def test_who_gets_no_connection_to_a_database_that_wakes_late_is_refused_in_time(
    proxied_server: ProxiedServer, tries: Tries
) -> None:
    # By the settings' defaults: 10 connections, 10 s to make one and 5 s to wait for one.
    server, proxy, url = proxied_server()
    with server:
        await server.ready()
        # Of one user, few would ask for a connection at the same time.
        await ask_at_once(server, 30, "before", users=30)
        await suspend(proxy, url, 8.0)

        answers = await ask_at_once(server, 30, "after", users=30)

        refused = [each for each in answers if each.status == 503]
        assert {200, 201, 503} == {each.status for each in answers}
        assert ["1"] * len(refused) == [each.headers.get("retry-after") for each in refused]
        # The service waits with them: to look for ended tokens, and to tell others of its commits.
        assert 8 <= len(answers) - len(refused) <= 10
        assert proxy.most_open <= 10

    tries(1, "slow wake-ups")
