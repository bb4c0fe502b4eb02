"""What two replicas share: limits, ended tokens, events, and a schema that neither of them migrates."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
import pytest

from donebook.storage.migrate import migrate
from tests.cluster.cluster import Cluster, StartCluster
from tests.faults.server import PATIENCE, Server, eventually, token_for
from tests.faults.wire import Lost
from tests.streams import EventReader, ReceivedEvent

pytestmark = [pytest.mark.proxy, pytest.mark.pgbouncer, pytest.mark.redis]

ADA = {"email": "ada@example.com", "password": "Correct-horse-7"}
BOUND = 1.0
"""Seconds after which no replica takes a token that was ended."""


def client(port: int, **options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, **options)


def bearer(user: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_for(user)}"}


@asynccontextmanager
async def follow(port: int, user: str) -> AsyncIterator[list[ReceivedEvent]]:
    """The events of a user that have come so far, from when it is certain that all will."""
    received: list[ReceivedEvent] = []
    begun = asyncio.Event()

    async def read() -> None:
        reader = EventReader()
        async with follower.stream("GET", "/api/v2/events", headers=bearer(user)) as answer:
            async for piece in answer.aiter_text():
                received.extend(reader.read(piece))
                begun.set()

    async with client(port) as follower:
        reading = asyncio.create_task(read())
        try:
            await asyncio.wait_for(begun.wait(), PATIENCE)
            yield received
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def test_a_limit_is_one_for_both_replicas(
    postgresql_url: str, start: Callable[[str], StartCluster]
) -> None:
    async with start(postgresql_url)(RATE_LIMIT_API="20/hour") as cluster:
        one, other = (client(each.port, headers=bearer("ada")) for each in cluster.replicas)
        async with one, other, client(cluster.proxy.port, headers=bearer("ada")) as proxied:
            askers = itertools.islice(itertools.cycle([one, other, proxied]), 60)
            answers = await asyncio.gather(*(each.get("/api/tasks") for each in askers))
            others = await proxied.get("/api/tasks", headers=bearer("bob"))

    statuses = [each.status_code for each in answers]
    assert (20, 40) == (statuses.count(200), statuses.count(429))
    assert 200 == others.status_code


async def test_a_client_does_not_choose_the_address_that_its_attempts_are_counted_for(
    postgresql_url: str, start: Callable[[str], StartCluster]
) -> None:
    async with start(postgresql_url)() as cluster, client(cluster.proxy.port) as ada:
        statuses = []
        for number in range(7):
            # Each at an account of its own, which have delays of their own.
            body = ADA | {"email": f"ada-{number}@example.com"}
            headers = {"X-Forwarded-For": f"203.0.113.{number}"}
            statuses.append((await ada.post("/api/auth/login", json=body, headers=headers)).status_code)

    assert [401] * 5 + [429] * 2 == statuses


async def test_what_ends_a_token_at_one_replica_ends_it_at_the_other_within_a_second(
    postgresql_url: str, start: Callable[[str], StartCluster]
) -> None:
    async with start(postgresql_url)() as cluster:
        one, other = (client(each.port) for each in cluster.replicas)
        async with one, other:
            token = (await one.post("/api/auth/signup", json=ADA)).raise_for_status().json()["token"]
            headers = {"Authorization": f"Bearer {token}"}
            before = [(await each.get("/api/tasks", headers=headers)).status_code for each in (one, other)]
            (await one.post("/api/auth/logout", headers=headers)).raise_for_status()
            await asyncio.sleep(BOUND)
            after = [(await each.get("/api/tasks", headers=headers)).status_code for each in (one, other)]

    assert ([200, 200], [401, 401]) == (before, after)


async def test_who_follows_at_one_replica_or_through_the_proxy_hears_of_writes_at_the_other(
    postgresql_url: str, start: Callable[[str], StartCluster]
) -> None:
    async with start(postgresql_url)() as cluster:
        writer, reader = (each.port for each in cluster.replicas)
        async with follow(reader, "ada") as direct, follow(cluster.proxy.port, "ada") as proxied:
            async with client(writer, headers=bearer("ada")) as ada:
                for number in range(5):
                    await ada.post("/api/v1/tasks", json={"title": f"Task {number}"})
                await ada.post("/api/v1/tasks", json={"title": "Bob's own"}, headers=bearer("bob"))
            await eventually(lambda: min(len(direct), len(proxied)) >= 5, "both have heard of five")

    told = [f"Task {number}" for number in range(5)]
    assert [told, told] == [[event.data["task"]["title"] for event in heard] for heard in (direct, proxied)]


async def lives(replica: Server) -> bool:
    try:
        return bool((await replica.ask("GET", "/health/live")).status == 200)
    except (OSError, Lost):
        return False


async def statuses(cluster: Cluster, path: str) -> list[int]:
    ports = [*(each.port for each in cluster.replicas), cluster.proxy.port]
    found = []
    for port in ports:
        async with client(port) as asker:
            found.append((await asker.get(path)).status_code)
    return found


async def test_replicas_that_do_not_migrate_wait_for_whoever_does(
    empty_postgresql_url: str, start: Callable[[str], StartCluster]
) -> None:
    async with start(empty_postgresql_url)(ready=False) as cluster:
        for each in cluster.replicas:
            await eventually(partial(lives, each), "it lives")
            await cluster.noticed(each, "DOWN")
        assert [200, 200, 503] == await statuses(cluster, "/health/live")
        assert [503, 503, 503] == await statuses(cluster, "/health/ready")

        await asyncio.to_thread(migrate, cluster.url)
        for each in cluster.replicas:
            await each.ready()
            await cluster.noticed(each, "UP")

        assert [200, 200, 200] == await statuses(cluster, "/health/ready")
