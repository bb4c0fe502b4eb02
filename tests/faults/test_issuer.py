"""Cases 38 and 39: many unknown keys, and an issuer that rotates its keys, fails or hangs."""

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from donebook.tokens.jwks import REFETCH_INTERVAL
from tests.faults.programme import Tries
from tests.faults.server import eventually
from tests.faults.test_forged_tokens import Door, door
from tests.tokens.key_server import response
from tests.tokens.signing import IssuerKey, key_set

__all__ = ["door"]  # a fixture

pytestmark = [
    pytest.mark.slow_faults,
    # An issuer's keys are no matter of the database.
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


class GoodUser:
    """Comes with a new token of a known key again and again, and looks whether the server lives."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.alive: list[float] = []

    @property
    def p99(self) -> float:
        return sorted(self.alive)[int(len(self.alive) * 0.99)]


@asynccontextmanager
async def good_user(door: Door) -> AsyncIterator[GoodUser]:
    user = GoodUser()

    async def come() -> None:
        number = 0
        async with await door.server.connect() as connection, await door.server.connect() as monitor:
            while True:
                number += 1
                token = door.token(jti=f"visit-{number}")
                answer = await connection.request("GET", "/api/tasks", token=token)
                user.statuses[answer.status] += 1
                asked = time.monotonic()
                assert 200 == (await monitor.request("GET", "/health/live")).status
                user.alive.append(time.monotonic() - asked)
                await asyncio.sleep(0.02)

    coming = asyncio.create_task(come())
    try:
        yield user
        assert not coming.done(), coming.exception()
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def test_a_thousand_unknown_keys_in_ten_seconds_cost_one_fetch_an_interval(
    door: Door, rng: random.Random, tries: Tries
) -> None:
    assert 200 == (await door.show(door.token())).status
    begun, asked = time.monotonic(), len(door.keys.asked)
    statuses: Counter[int] = Counter()
    async with good_user(door) as user:
        for number in range(1000):
            await asyncio.sleep(begun + number / 100 - time.monotonic())
            token = door.token(header={"kid": f"{rng.randrange(16**16):016x}"})
            statuses[(await door.show(token)).status] += 1
        lasted = time.monotonic() - begun

    fetches = len(door.keys.asked) - asked
    assert {401} == set(statuses)
    assert {200} == set(user.statuses)
    assert fetches <= math.ceil(lasted / REFETCH_INTERVAL) + 1
    tries(1000, "unknown key ids", f"fetches in {lasted:.0f} s: {fetches}")


BROKEN = {
    "503": response(b"", "503 Service Unavailable"),
    "garbage": response(b"<!doctype html>"),
    "no keys": response(b'{"keys":[]}'),
}


async def test_an_issuer_that_hangs_does_not_stop_the_server(door: Door, tries: Tries) -> None:
    door.keys.hold()
    waiting = asyncio.create_task(door.show(door.token()))
    alive = []
    until = time.monotonic() + 3
    while time.monotonic() < until:
        asked = time.monotonic()
        assert 200 == (await door.server.ask("GET", "/health/live")).status
        alive.append(time.monotonic() - asked)
        await asyncio.sleep(0.02)
    assert not waiting.done()
    door.keys.release()

    assert 200 == (await waiting).status
    assert sorted(alive)[int(len(alive) * 0.99)] < 1
    tries(len(alive), "looks while it hangs")


async def test_an_issuer_that_fails_hangs_and_rotates_is_not_noticed_by_users_of_known_keys(
    door: Door, tries: Tries
) -> None:
    """Every fetch is made by a token of the new key, which the issuer does not publish before the end."""
    new = IssuerKey("key-2", door.key.algorithm)

    async def is_accepted() -> bool:
        answer = await door.show(new.token(door.claims(sub="bob")))
        assert answer.status in {200, 401, 503}
        return answer.status == 200

    async def fail_for_one_fetch() -> None:
        asked = len(door.keys.asked)
        await eventually(lambda: try_new(asked), "the issuer is asked", every=0.2)

    async def try_new(asked: int) -> bool:
        assert not await is_accepted()
        return len(door.keys.asked) > asked

    assert 200 == (await door.show(door.token())).status
    async with good_user(door) as user:
        for answer in BROKEN.values():
            door.keys.answer = answer
            await fail_for_one_fetch()
        door.keys.publish(key_set(door.key, new))
        door.keys.hold()
        asked, until = len(door.keys.asked), time.monotonic() + 30
        while time.monotonic() < until:
            assert not await is_accepted()
            await asyncio.sleep(0.2)
        assert len(door.keys.asked) > asked
        door.keys.release()
        rotated = time.monotonic()
        await eventually(is_accepted, "the new key is known", patience=REFETCH_INTERVAL + 5, every=0.1)
        delay = time.monotonic() - rotated

    assert {200} == set(user.statuses)
    assert user.p99 < 1
    found = f"new key known after {delay:.1f} s, liveness p99 {user.p99 * 1000:.0f} ms"
    tries(len(BROKEN) + 2, "states of the issuer", found)
