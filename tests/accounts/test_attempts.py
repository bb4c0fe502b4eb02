import asyncio
from datetime import timedelta

import pytest

from donebook.accounts.attempts import Allowance, take_attempt
from donebook.settings import Rate
from donebook.storage.database import Database
from tests.accounts.conftest import Clock
from tests.databases import open_database

FIVE_A_MINUTE = Rate(5, 60)


async def attempt(database: Database, clock: Clock, key: str = "a", rate: Rate = FIVE_A_MINUTE) -> Allowance:
    return await take_attempt(database, key, rate, clock())


async def test_five_attempts_pass_and_the_sixth_does_not(database: Database, clock: Clock) -> None:
    allowances = []
    for _ in range(7):
        allowances.append(await attempt(database, clock))
        clock.advance(1)

    assert [True] * 5 + [False] * 2 == [each.allowed for each in allowances]
    assert [4, 3, 2, 1, 0, 0, 0] == [each.remaining for each in allowances]
    assert [60, 59, 58, 57, 56, 55, 54] == [each.seconds for each in allowances]


async def test_no_window_of_a_minute_has_more_than_five_whatever_the_rhythm(
    database: Database, clock: Clock
) -> None:
    passed = []
    for step in range(300):
        clock.advance(0.7 + (step * 7919 % 97) / 30)
        if (await attempt(database, clock)).allowed:
            passed.append(clock())

    assert len(passed) > 25
    for first, sixth in zip(passed, passed[5:], strict=False):
        assert sixth - first >= timedelta(seconds=60)


async def test_an_attempt_is_possible_again_when_the_answer_said(database: Database, clock: Clock) -> None:
    for _ in range(5):
        await attempt(database, clock)
        clock.advance(3.5)
    refused = await attempt(database, clock)

    clock.advance(refused.seconds)

    assert (await attempt(database, clock)).allowed
    assert not (await attempt(database, clock)).allowed


async def test_nobody_is_told_to_wait_longer_than_the_window_because_others_were_counted_first(
    database: Database, clock: Clock
) -> None:
    stamped = clock()
    clock.advance(0.5)
    for _ in range(5):
        await attempt(database, clock)

    refused = await take_attempt(database, "a", FIVE_A_MINUTE, stamped)

    assert Allowance(allowed=False, remaining=0, seconds=60) == refused


async def test_refused_attempts_do_not_count(database: Database, clock: Clock) -> None:
    for _ in range(50):
        await attempt(database, clock)
        clock.advance(1)
    clock.advance(11)

    # The five that passed did so in the first five seconds, and two of them are a minute ago.
    assert [True, True, False] == [(await attempt(database, clock)).allowed for _ in range(3)]


async def test_keys_are_counted_apart(database: Database, clock: Clock) -> None:
    for _ in range(5):
        await attempt(database, clock, "a")
    assert not (await attempt(database, clock, "a")).allowed
    assert (await attempt(database, clock, "b")).allowed


@pytest.mark.parametrize("rate", [Rate(1, 1), Rate(2, 60), Rate(50, 3600)])
async def test_every_rate_lets_its_amount_pass(database: Database, clock: Clock, rate: Rate) -> None:
    passed = [(await attempt(database, clock, rate=rate)).allowed for _ in range(rate.amount + 3)]
    assert [True] * rate.amount + [False] * 3 == passed
    clock.advance(rate.seconds)
    assert (await attempt(database, clock, rate=rate)).allowed


async def test_a_rate_that_was_changed_counts_what_came_before(database: Database, clock: Clock) -> None:
    for _ in range(5):
        await attempt(database, clock)
    assert not (await attempt(database, clock, rate=Rate(2, 60))).allowed
    assert (await attempt(database, clock, rate=Rate(10, 60))).allowed


async def test_of_many_at_once_exactly_five_pass(database_url: str, clock: Clock) -> None:
    async with open_database(database_url) as one, open_database(database_url) as other:
        allowances = await asyncio.gather(
            *(attempt(database, clock) for _ in range(25) for database in (one, other))
        )
    assert 5 == sum(each.allowed for each in allowances)


async def test_the_count_survives_a_restart(database_url: str, clock: Clock) -> None:
    async with open_database(database_url) as database:
        for _ in range(5):
            await attempt(database, clock)
    async with open_database(database_url) as database:
        assert not (await attempt(database, clock)).allowed


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(hours=1)])
async def test_a_clock_that_is_set_by_an_hour_starts_the_count_anew(
    database: Database, clock: Clock, jump: timedelta
) -> None:
    for _ in range(6):
        await attempt(database, clock)

    clock.advance(jump.total_seconds())

    allowed = [(await attempt(database, clock)).allowed for _ in range(6)]
    assert [True] * 5 + [False] == allowed
