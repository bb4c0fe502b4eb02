"""The limit of one user's requests."""

import asyncio
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from donebook.accounts.attempts import Allowance
from donebook.http.rate_limit import MemoryLimit, limit_headers
from donebook.http.redis_limit import RedisLimit
from donebook.settings import Rate
from tests.external_tools import find_program
from tests.service import run_service


class Uptime:
    """A monotonic clock that moves only when told."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def uptime() -> Uptime:
    return Uptime()


async def allowed(limit: MemoryLimit, times: int, user: str = "ada") -> int:
    return sum([(await limit.take(user)).allowed for _ in range(times)])


async def test_the_amount_passes_and_no_more(uptime: Uptime) -> None:
    limit = MemoryLimit(Rate(10, 60), uptime)
    assert 10 == await allowed(limit, 30)


async def test_users_are_counted_apart(uptime: Uptime) -> None:
    limit = MemoryLimit(Rate(10, 60), uptime)
    await allowed(limit, 30)
    assert 10 == await allowed(limit, 30, "bob")


async def test_what_is_left_is_told(uptime: Uptime) -> None:
    limit = MemoryLimit(Rate(3, 60), uptime)
    uptime.now += 60 - uptime.now % 60
    told = [await limit.take("ada") for _ in range(4)]
    assert [
        Allowance(True, 2, 60),
        Allowance(True, 1, 60),
        Allowance(True, 0, 60),
        Allowance(False, 0, 61),
    ] == told


async def test_a_steady_user_gets_the_rate_and_not_twice_of_it(uptime: Uptime) -> None:
    limit = MemoryLimit(Rate(60, 60), uptime)
    passed = 0
    for _ in range(6000):
        uptime.now += 0.1
        passed += (await limit.take("ada")).allowed
    assert 590 <= passed <= 660


async def test_the_window_slides(uptime: Uptime) -> None:
    limit = MemoryLimit(Rate(100, 60), uptime)
    uptime.now += 60 - uptime.now % 60 + 59
    assert 100 == await allowed(limit, 200)
    uptime.now += 2
    assert await allowed(limit, 200) <= 2


@pytest.mark.parametrize("elapsed", [0.0, 10.0, 30.0, 59.9])
async def test_after_the_wait_that_was_told_a_request_passes(uptime: Uptime, elapsed: float) -> None:
    limit = MemoryLimit(Rate(5, 60), uptime)
    uptime.now += 60 - uptime.now % 60 + elapsed
    await allowed(limit, 5)
    waits = 0
    for _ in range(100):
        refused = await limit.take("ada")
        if not refused.allowed:
            waits += 1
            uptime.now += refused.seconds
            assert (await limit.take("ada")).allowed
    assert waits >= 20


async def test_users_who_have_gone_take_no_memory(uptime: Uptime) -> None:
    limit = MemoryLimit(Rate(5, 60), uptime)
    for number in range(1000):
        await limit.take(f"user-{number}")
    uptime.now += 120
    await limit.take("ada")
    assert (0, 1) == (len(limit._before), len(limit._counts))


def test_the_headers_are_those_of_the_draft() -> None:
    assert [
        (b"ratelimit-policy", b'"api";q=600;w=60'),
        (b"ratelimit", b'"api";r=12;t=34'),
    ] == limit_headers("api", Rate(600, 60), Allowance(True, 12, 34))


async def test_without_the_setting_nothing_is_limited_or_told(database_url: str) -> None:
    async with run_service(database_url) as service, service.client("ada") as ada:
        for _ in range(20):
            answer = await ada.get("/api/tasks")
            assert 200 == answer.status_code
            assert "ratelimit" not in answer.headers


async def answers(client: httpx.AsyncClient, times: int) -> list[httpx.Response]:
    return [await client.get("/api/tasks") for _ in range(times)]


async def test_a_user_above_the_limit_is_told_to_wait_and_others_are_not(database_url: str) -> None:
    async with (
        run_service(database_url, rate_limit_api=Rate(3, 3600)) as service,
        service.client("ada") as ada,
        service.client("bob") as bob,
    ):
        got = await answers(ada, 5)
        assert [200, 200, 200, 429, 429] == [each.status_code for each in got]
        assert [2, 1, 0, 0, 0] == [
            int(each.headers["ratelimit"].split(";r=")[1].split(";")[0]) for each in got
        ]
        assert all('"api";q=3;w=3600' == each.headers["ratelimit-policy"] for each in got)
        assert 1 <= int(got[-1].headers["retry-after"]) <= 3600
        assert {"detail": "Too many requests. Please try again later"} == got[-1].json()
        assert [200] == [each.status_code for each in await answers(bob, 1)]


async def test_the_limit_is_one_for_all_contracts(database_url: str) -> None:
    async with (
        run_service(database_url, rate_limit_api=Rate(2, 3600)) as service,
        service.client("ada") as ada,
    ):
        paths = ["/api/tasks", "/api/v1/tasks", "/api/ada/tasks", "/enveloped/api/ada/tasks", "/api/v2/tasks"]
        assert [200, 200, 429, 429, 429] == [(await ada.get(path)).status_code for path in paths]


@contextmanager
def redis_server(directory: Path, port: int) -> Iterator[str]:
    program = find_program("redis-server")
    assert program is not None
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "redis-server does not answer"
                time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.redis
async def test_redis_counts_for_all_processes(database_url: str, tmp_path: Path, free_port: int) -> None:
    with redis_server(tmp_path, free_port) as url:
        settings = {"rate_limit_api": Rate(6, 3600), "rate_limit_storage": url}
        async with (
            run_service(database_url, **settings) as one,
            run_service(database_url, **settings) as other,
            one.client("ada") as here,
            other.client("ada") as there,
            one.client("bob") as bob,
        ):
            got = await asyncio.gather(*(each.get("/api/tasks") for each in [here, there] * 6))
            assert 6 == sum(each.status_code == 200 for each in got)
            refused = next(each for each in got if each.status_code == 429)
            assert '"api";q=6;w=3600' == refused.headers["ratelimit-policy"]
            assert refused.headers["ratelimit"].startswith('"api";r=0;t=')
            assert 1 <= int(refused.headers["retry-after"]) <= 7200
            assert 200 == (await bob.get("/api/tasks")).status_code


@pytest.mark.redis
async def test_while_redis_is_away_requests_pass_and_the_log_says_so_once(
    tmp_path: Path, free_port: int, uptime: Uptime, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_server(tmp_path, free_port) as url:
        limit = RedisLimit(Rate(2, 3600), url, uptime)
        assert await limit.take("ada") is not None
    for _ in range(3):
        assert await limit.take("ada") is None
        uptime.now += 10
    with redis_server(tmp_path, free_port):
        assert (await limit.take("ada")) is not None
    await limit.aclose()
    assert [
        "RATE_LIMIT_STORAGE does not answer: nothing is limited (ConnectionError)",
        "RATE_LIMIT_STORAGE answers again",
    ] == caplog.messages


async def test_a_redis_that_was_never_there_stops_nothing(free_port: int) -> None:
    limit = RedisLimit(Rate(2, 3600), f"redis://127.0.0.1:{free_port}")
    assert await limit.take("ada") is None
    await limit.aclose()
