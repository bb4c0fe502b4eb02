"""Case 1: the server is killed at random points of a write load."""

import random
from collections.abc import Callable

import pytest

from tests.faults.conftest import Serve
from tests.faults.durability import InvariantBroken, assert_durable, require_none
from tests.faults.isolation import log_violations
from tests.faults.journal import read_promises
from tests.faults.load import Load
from tests.faults.programme import Tries
from tests.faults.server import Server


async def kill_under_load(server: Server, url: str, load: Load, rng: random.Random, times: int) -> None:
    with server:
        await server.ready()
        async with load:
            for _ in range(times):
                await load.acknowledged(rng.randrange(1, 60))
                server.kill()
                await assert_durable(read_promises(load.journal.path), url)
                server.start()
                await server.ready()
    await assert_durable(read_promises(load.journal.path), url)
    require_none(load.violations + log_violations(server.log))


async def test_a_killed_server_has_lost_nothing_it_acknowledged(
    database_url: str, serve: Serve, make_load: Callable[..., Load], rng: random.Random, tries: Tries
) -> None:
    server = serve(database_url)

    await kill_under_load(server, database_url, make_load(server.connect), rng, 3)

    tries(3, "kills")


@pytest.mark.slow_faults
async def test_a_server_killed_at_100_points_has_lost_nothing_it_acknowledged(
    database_url: str, serve: Serve, make_load: Callable[..., Load], rng: random.Random, tries: Tries
) -> None:
    server = serve(database_url)

    await kill_under_load(server, database_url, make_load(server.connect), rng, 100)

    tries(100, "kills")


async def test_a_server_that_answers_before_it_commits_is_caught(
    database_url: str, serve: Serve, make_load: Callable[..., Load], rng: random.Random
) -> None:
    server = serve(database_url, broken="answer_before_commit")

    with pytest.raises(InvariantBroken, match="promised was"):
        await kill_under_load(server, database_url, make_load(server.connect), rng, 10)
