"""Replicas are replaced and lost under load, behind the proxy of deploy/, and nothing acknowledged is."""

import asyncio
import random
import re
import signal
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster.cluster import Cluster, StartCluster
from tests.faults.durability import InvariantBroken, assert_durable, require_none
from tests.faults.isolation import Tagged
from tests.faults.journal import read_promises
from tests.faults.load import Load
from tests.faults.wire import Answer, Connection

pytestmark = [pytest.mark.proxy, pytest.mark.pgbouncer, pytest.mark.redis]

MakeLoad = Callable[..., Load]
NO_LIMIT = "1000000/minute"
SUCCESSES = {200, 201, 204}


class KeyedConnection(Connection):
    """A connection of a client that names each of its writes, so that it may be sent again."""

    async def request(self, method: str, path: str, **options: Any) -> Answer:
        if method != "GET":
            options["headers"] = {"Idempotency-Key": str(uuid.uuid4())}
        return await super().request(method, path, **options)


class PlainLoad(Load):
    """Clients that are told of a lost replica by 502, and then do not know whether their write happened."""

    async def note(self, user: Tagged, answer: Answer, request: str) -> None:
        if answer.status == 502:
            self.statuses[502] += 1
        else:
            await super().note(user, answer, request)


async def require_invariants(cluster: Cluster, *loads: Load) -> None:
    """Nothing acknowledged is lost, nothing is there twice, nobody was shown what is another's."""
    await assert_durable(read_promises(loads[0].journal.path), cluster.url)
    for load in loads:
        require_none(load.violations)
    require_none(list(cluster.log_violations()))


def require_successes(load: Load, cluster: Cluster) -> None:
    """No request failed."""
    if set(load.statuses) - SUCCESSES or load.lost:
        failures = [line for line in cluster.proxy.log().splitlines() if re.match(r"\S+ \S+ (5|-1)", line)]
        raise InvariantBroken("\n".join([f"{load.statuses}, {load.lost} lost connections", *failures]))


async def roll(cluster: Cluster, load: Load, rng: random.Random, rounds: int) -> None:
    """Replace one replica after the other by a new one, each as soon as the one before says it is ready."""
    async with load:
        for number in range(rounds):
            leaving = cluster.replicas[number % 2]
            await load.acknowledged(rng.randrange(20, 60))
            leaving.signal(signal.SIGTERM)
            assert 0 == await asyncio.to_thread(leaving.wait)
            await leaving.start().ready()
        await load.acknowledged(20)


async def test_no_request_fails_while_all_replicas_are_replaced(
    postgresql_url: str,
    start: Callable[[str], StartCluster],
    make_load: MakeLoad,
    rng: random.Random,
    rounds: int,
) -> None:
    async with start(postgresql_url)(RATE_LIMIT_API=NO_LIMIT) as cluster:
        load = make_load(cluster.connect)
        await roll(cluster, load, rng, rounds)
        await require_invariants(cluster, load)
        require_successes(load, cluster)
        print(f"{load.statuses}; the slowest answer took {load.slowest:.3f} s")  # noqa: T201 - for pytest -s


@pytest.mark.slow_cluster
async def test_replicas_that_do_not_say_that_they_leave_are_caught(
    postgresql_url: str, start: Callable[[str], StartCluster], make_load: MakeLoad, rng: random.Random
) -> None:
    # They stop at once and do not finish what they have begun.
    mistake = {"SHUTDOWN_DELAY": "0", "broken": "drop_requests_at_the_end"}
    async with start(postgresql_url)(RATE_LIMIT_API=NO_LIMIT, **mistake) as cluster:
        load = make_load(cluster.connect, clients=20)
        await roll(cluster, load, rng, 10)
        with pytest.raises(InvariantBroken):
            require_successes(load, cluster)


async def test_a_killed_replica_costs_no_acknowledged_write_and_clients_with_keys_nothing_at_all(
    postgresql_url: str,
    start: Callable[[str], StartCluster],
    make_load: MakeLoad,
    rng: random.Random,
    rounds: int,
) -> None:
    async with start(postgresql_url)(RATE_LIMIT_API=NO_LIMIT) as cluster:

        async def connect_with_keys() -> Connection:
            return await KeyedConnection.open("127.0.0.1", cluster.proxy.port)

        keyed = make_load(connect_with_keys)
        plain = make_load(cluster.connect, kind=PlainLoad)
        async with keyed, plain:
            for number in range(rounds):
                await keyed.acknowledged(rng.randrange(20, 60))
                lost = cluster.replicas[number % 2]
                lost.kill()
                await cluster.noticed(lost, "DOWN")
                lost.start()
                # Until then it is the other one alone that the proxy has.
                await cluster.noticed(lost, "UP")
        await require_invariants(cluster, keyed, plain)
        require_successes(keyed, cluster)
        assert set(plain.statuses) <= SUCCESSES | {502}
        print(f"plain {plain.statuses}, {plain.lost} lost; keyed {keyed.statuses}")  # noqa: T201 - for pytest -s


async def test_a_restart_of_the_pooler_is_over_with_a_few_refusals(
    postgresql_url: str,
    start: Callable[[str], StartCluster],
    make_load: MakeLoad,
    rng: random.Random,
    rounds: int,
) -> None:
    async with start(postgresql_url)(RATE_LIMIT_API=NO_LIMIT) as cluster:
        load = make_load(cluster.connect)
        async with load:
            for _ in range(rounds):
                await load.acknowledged(rng.randrange(20, 60))
                await asyncio.to_thread(cluster.pooler.restart)
                await load.acknowledged(20)
        await require_invariants(cluster, load)
        assert set(load.statuses) <= SUCCESSES | {503}
        assert 0 == load.lost
