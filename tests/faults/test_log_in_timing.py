"""Case 43: whether an e-mail has an account cannot be told from the time a refused log-in takes."""

import math
import random
import time

import pytest

from tests.faults.conftest import Serve
from tests.faults.programme import Tries
from tests.faults.server import Server

pytestmark = pytest.mark.slow_faults

SAMPLE = 200
PASSWORD = "Correct horse 1 battery"


def difference(first: list[float], second: list[float]) -> float:
    """The p of Mann and Whitney's test, two-sided, by its normal approximation (no ties: these are times)."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks = sum(rank for rank, (_, whose) in enumerate(ranked, start=1) if whose == 0)
    size = len(first)
    statistic = ranks - size * (size + 1) / 2
    mean, deviation = size * len(second) / 2, math.sqrt(size * len(second) * (size + len(second) + 1) / 12)
    return math.erfc(abs(statistic - mean) / deviation / math.sqrt(2))


async def time_refusals(
    server: Server, rng: random.Random, *, account: int = 0, sample: int = SAMPLE
) -> float:
    """Refused log-ins with a known and an unknown e-mail, mixed: how alike their times are."""
    known, unknown = f"known-{account}@example.com", f"nobody-{account}@example.com"
    made = await server.ask("POST", "/api/auth/signup", body={"email": known, "password": PASSWORD})
    assert 201 == made.status
    seconds: dict[str, list[float]] = {known: [], unknown: []}
    bodies = set()
    async with await server.connect() as connection:
        for _ in range(sample):
            for email in rng.sample(sorted(seconds), 2):
                body = {"email": email, "password": "Wrong horse 1 battery"}
                asked = time.perf_counter()
                answer = await connection.request("POST", "/api/auth/login", body=body)
                seconds[email].append(time.perf_counter() - asked)
                assert 401 == answer.status
                bodies.add(answer.body)
    assert 1 == len(bodies)
    return difference(*seconds.values())


async def test_the_time_of_a_refused_log_in_does_not_tell_whether_the_email_is_known(
    database_url: str, serve: Serve, rng: random.Random, tries: Tries
) -> None:
    chances: list[float] = []
    with serve(database_url, RATE_LIMIT_AUTH="1000/second") as server:
        await server.ready()
        # Of pairs of samples of one kind, one in a hundred looks different; what is different always does.
        while not chances or (chances[-1] <= 0.01 and len(chances) < 3):
            chances.append(await time_refusals(server, rng, account=len(chances)))

    assert chances[-1] > 0.01
    tries(2 * SAMPLE * len(chances), "refused log-ins", f"p = {chances[-1]:.2f}")


async def test_a_server_that_is_quick_to_refuse_an_unknown_email_is_caught(
    sqlite_url: str, serve: Serve, rng: random.Random
) -> None:
    with serve(sqlite_url, broken="hash_nothing_for_nobody", RATE_LIMIT_AUTH="1000/second") as server:
        assert await time_refusals(await server.ready(), rng, sample=30) <= 0.01


def test_the_statistic_tells_equal_from_different(rng: random.Random) -> None:
    equal = [[rng.gauss(10, 1) for _ in range(SAMPLE)] for _ in range(2)]
    later = [value + 1 for value in equal[1]]

    assert difference(*equal) > 1e-4
    assert difference(equal[0], later) < 1e-4
