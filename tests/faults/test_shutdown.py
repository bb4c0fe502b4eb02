"""Case 11: the server is told to stop while requests are under way, and replaced while the load goes on."""

import asyncio
import random
import signal
from collections.abc import Callable

import pytest

from tests.faults.conftest import Serve
from tests.faults.durability import InvariantBroken, assert_durable, require_none
from tests.faults.journal import read_promises
from tests.faults.load import Load
from tests.faults.programme import Tries
from tests.faults.server import Server, eventually, token_for
from tests.faults.wire import Connection, Lost, request_bytes

MakeLoad = Callable[..., Load]


async def is_closed_to_newcomers(server: Server) -> bool:
    try:
        (await server.connect()).abort()
    except OSError:
        return True
    return False


async def stop_amid_requests(server: Server, number: int) -> None:
    """Tell the server to stop while it waits for the second half of each request, and send that then."""
    token = token_for("ada")
    requests = [
        request_bytes("POST", "/api/v1/tasks", token=token, body={"title": f"Task {index}"})
        for index in range(number)
    ]
    connections = [await server.connect() for _ in requests]
    for connection, request in zip(connections, requests, strict=True):
        await connection.send(request[:-5])
    # An answer on each of several newer connections: what came before has been read by then.
    for _ in range(3):
        assert 200 == (await server.ask("GET", "/health/live")).status

    server.signal(signal.SIGTERM)
    await eventually(lambda: is_closed_to_newcomers(server), "the server accepts no more connections")
    for connection, request in zip(connections, requests, strict=True):
        await connection.send(request[-5:])
    answers = await asyncio.gather(*(each.answer() for each in connections))

    assert [201] * number == [each.status for each in answers]
    assert 0 == await asyncio.to_thread(server.wait)


async def test_requests_under_way_are_answered_before_the_server_stops(
    database_url: str, serve: Serve, tries: Tries
) -> None:
    with serve(database_url) as server:
        await stop_amid_requests(await server.ready(), 20)

    tries(20, "requests under way")


@pytest.mark.slow_faults
async def test_a_server_that_drops_its_requests_is_caught(database_url: str, serve: Serve) -> None:
    with serve(database_url, broken="drop_requests_at_the_end") as server:
        await server.ready()
        with pytest.raises((Lost, AssertionError)):
            await stop_amid_requests(server, 20)


async def roll(servers: list[Server], url: str, load: Load, rng: random.Random, rounds: int) -> None:
    """Stop one server after the other and start it again, while the load goes to whichever runs."""
    async with load:
        for number in range(rounds):
            leaving = servers[number % len(servers)]
            await load.acknowledged(rng.randrange(20, 60))
            leaving.signal(signal.SIGTERM)
            assert 0 == await asyncio.to_thread(leaving.wait)
            await leaving.start().ready()
    await assert_durable(read_promises(load.journal.path), url)
    require_none(load.violations)
    if set(load.statuses) - {200, 201, 204}:
        raise InvariantBroken(f"there were other answers than successes: {load.statuses}")
    if load.lost:
        raise InvariantBroken(f"{load.lost} requests were reset")


def connect_to_any(servers: list[Server]) -> Callable[[], object]:
    """Connect to the first server that accepts, as a load balancer does."""

    async def connect() -> Connection:
        for server in servers:
            try:
                return await server.connect()
            except OSError:
                continue
        raise ConnectionRefusedError

    return connect


@pytest.mark.parametrize("rounds", [2, pytest.param(10, marks=pytest.mark.slow_faults)])
async def test_servers_replaced_one_after_the_other_reset_nothing(
    database_url: str,
    serve: Serve,
    make_load: MakeLoad,
    rng: random.Random,
    *,
    rounds: int,
    tries: Tries,
) -> None:
    with serve(database_url) as first, serve(database_url) as second:
        servers = [await first.ready(), await second.ready()]
        await roll(servers, database_url, make_load(connect_to_any(servers)), rng, rounds)

    tries(rounds, "servers replaced")


@pytest.mark.slow_faults
async def test_a_server_that_is_killed_instead_is_caught(
    sqlite_url: str, serve: Serve, make_load: MakeLoad, rng: random.Random
) -> None:
    mistake = {"broken": "drop_requests_at_the_end"}
    with serve(sqlite_url, **mistake) as first, serve(sqlite_url, **mistake) as second:
        servers = [await first.ready(), await second.ready()]
        load = make_load(connect_to_any(servers))
        with pytest.raises(InvariantBroken):
            await roll(servers, sqlite_url, load, rng, 10)
