"""Case 43: whether an e-mail has an account cannot be told from the time a refused log-in takes."""

import itertools
import math
import random
import time
from datetime import UTC, datetime

import pytest

from donebook.accounts.hashing import PasswordHashing
from donebook.accounts.operations import create_user
from donebook.accounts.statements.guesses import FREE_GUESSES
from tests.databases import open_database
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


async def make_accounts(url: str, emails: list[str]) -> None:
    """Accounts with hashes of their own, as an operator makes them."""
    hashing = PasswordHashing("argon2")
    async with open_database(url) as database:
        for email in emails:
            now = datetime.now(UTC)
            await create_user(
                database, hashing, email=email, password=PASSWORD, name=None, admin=False, now=now
            )
    hashing.close()


async def time_refusals(
    server: Server, url: str, rng: random.Random, *, name: str = "", sample: int = SAMPLE
) -> float:
    """Refused log-ins with known and unknown e-mails, mixed: how alike their times are.

    No e-mail is guessed at so often that the next guess would have to wait.
    """
    pairs = [
        (f"known{name}-{each}@example.com", f"other{name}-{each}@example.com")
        for each in range(sample // FREE_GUESSES)
    ]
    known = [pair[0] for pair in pairs]
    await make_accounts(url, known)
    seconds: dict[bool, list[float]] = {True: [], False: []}
    bodies = set()
    async with await server.connect() as connection:
        for pair in itertools.chain(*[rng.sample(pairs, len(pairs)) for _ in range(FREE_GUESSES)]):
            for email in rng.sample(pair, 2):
                body = {"email": email, "password": "Wrong horse 1 battery"}
                asked = time.perf_counter()
                answer = await connection.request("POST", "/api/auth/login", body=body)
                seconds[email in known].append(time.perf_counter() - asked)
                assert 401 == answer.status
                bodies.add(answer.body)
    assert 1 == len(bodies)
    assert [sample, sample] == [len(each) for each in seconds.values()]
    return difference(*seconds.values())


async def test_the_time_of_a_refused_log_in_does_not_tell_whether_the_email_is_known(
    database_url: str, serve: Serve, rng: random.Random, tries: Tries
) -> None:
    chances: list[float] = []
    with serve(database_url, RATE_LIMIT_AUTH="1000/second") as server:
        await server.ready()
        # Of pairs of samples of one kind, one in a hundred looks different; what is different always does.
        while not chances or (chances[-1] <= 0.01 and len(chances) < 3):
            chances.append(await time_refusals(server, database_url, rng, name=f"-{len(chances)}"))

    assert chances[-1] > 0.01
    tries(2 * SAMPLE * len(chances), "refused log-ins", f"p = {chances[-1]:.2f}")


async def test_a_server_that_is_quick_to_refuse_an_unknown_email_is_caught(
    sqlite_url: str, serve: Serve, rng: random.Random
) -> None:
    with serve(sqlite_url, broken="hash_nothing_for_nobody", RATE_LIMIT_AUTH="1000/second") as server:
        assert await time_refusals(await server.ready(), sqlite_url, rng, sample=30) <= 0.01


def test_the_statistic_tells_equal_from_different(rng: random.Random) -> None:
    equal = [[rng.gauss(10, 1) for _ in range(SAMPLE)] for _ in range(2)]
    later = [value + 1 for value in equal[1]]

    assert difference(*equal) > 1e-4
    assert difference(equal[0], later) < 1e-4
