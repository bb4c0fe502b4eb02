"""How every worker learns what has ended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from donebook.accounts import revocations
from donebook.accounts.events import Origin
from donebook.accounts.operations import disable_user, enable_user, erase_user
from donebook.accounts.revocations import RevocationWatch, admit
from donebook.accounts.sessions import log_out
from donebook.accounts.usecases import provision_user
from donebook.errors import DatabaseUnavailable, TokenRevoked, UserUnknown
from donebook.migrations.tables import METADATA
from donebook.principal import Principal
from donebook.storage.database import Database
from tests.accounts.conftest import Clock
from tests.accounts.rows import rows_of
from tests.databases import open_database

ADA = Principal("ada", token_id="token-1", expires_at=2_000_000_000.0)


class Memory:
    """A worker's memory of tokens, as far as the watch is concerned."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []

    def forget(self, token_id: str) -> None:
        self.forgotten.append(f"token {token_id}")

    def forget_user(self, user_id: str) -> None:
        self.forgotten.append(f"user {user_id}")

    def forget_all(self) -> None:
        self.forgotten.append("all")


@asynccontextmanager
async def watching(
    database: Database, clock: Clock, **options: Any
) -> AsyncIterator[tuple[RevocationWatch, Memory]]:
    """A watch that has looked once."""
    memory = Memory()
    watch = RevocationWatch(database, memory, now=clock, keep_events=timedelta(days=90), **options)
    await watch.look()
    assert ["all"] == memory.forgotten
    memory.forgotten.clear()
    yield watch, memory
    await watch.stop()


async def end(database: Database, token_id: str, clock: Clock) -> None:
    principal = Principal("ada", token_id=token_id, expires_at=clock().timestamp() + 3600)
    await log_out(database, principal, origin=Origin(), now=clock())


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look may take its time: on a busy machine too, it is to find what there is."""
    monkeypatch.setattr(revocations, "_LOOK_TIMEOUT", 20.0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for knows nothing of the test
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("patient")
async def test_a_worker_forgets_what_another_one_ended(database_url: str, clock: Clock) -> None:
    async with (
        open_database(database_url) as here,
        open_database(database_url) as there,
        watching(here, clock) as (watch, memory),
    ):
        await end(there, "token-1", clock)
        await end(there, "token-2", clock)

        await watch.look()
        await watch.look()

    assert ["token token-1", "token token-2"] == memory.forgotten


async def test_what_ended_before_the_first_look_is_forgotten_with_everything(
    database: Database, clock: Clock
) -> None:
    await end(database, "token-1", clock)
    async with watching(database, clock) as (watch, memory):
        await watch.look()
        assert [] == memory.forgotten


@pytest.mark.usefixtures("patient")
async def test_of_many_ended_at_once_none_is_missed(database_url: str, clock: Clock) -> None:
    names = [f"token-{number}" for number in range(60)]
    async with (
        open_database(database_url) as here,
        open_database(database_url) as there,
        watching(here, clock) as (watch, memory),
    ):
        ending = asyncio.gather(
            *(end(database, name, clock) for name, database in zip(names, [here, there] * 30, strict=True))
        )
        while not ending.done():
            await watch.look()
            await asyncio.sleep(0)
        await ending
        await watch.look()

    assert sorted(f"token {name}" for name in names) == sorted(memory.forgotten)


@pytest.mark.usefixtures("patient")
async def test_a_large_number_is_read_in_batches(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "_BATCH", 2)
    async with watching(database, clock) as (watch, memory):
        for number in range(5):
            await end(database, f"token-{number}", clock)
        await watch.look()
        assert [f"token token-{number}" for number in range(5)] == memory.forgotten


@pytest.mark.usefixtures("patient")
async def test_a_disabled_users_tokens_are_judged_anew_and_an_erased_ones_with_everybodys(
    database: Database, clock: Clock
) -> None:
    await provision_user(database, ADA, clock())
    async with watching(database, clock) as (watch, memory):
        await disable_user(database, "ada", clock())
        await watch.look()
        assert ["user ada"] == memory.forgotten
        await erase_user(database, METADATA, "ada", clock())
        await watch.look()
        assert ["user ada", "all"] == memory.forgotten


class Failing:
    """A database that fails while it is told to."""

    dialect = "sqlite"

    def __init__(self, database: Database) -> None:
        self.database = database
        self.failure: Exception | None = None

    async def read(self, *arguments: Any) -> Any:
        if self.failure is not None:
            raise self.failure
        return await self.database.read(*arguments)


@pytest.mark.parametrize(
    "failure", [DatabaseUnavailable("down"), TimeoutError(), RuntimeError("no such table")]
)
async def test_while_it_cannot_look_everything_is_forgotten_again_and_again(
    database: Database, clock: Clock, failure: Exception
) -> None:
    failing: Any = Failing(database)
    async with watching(failing, clock) as (watch, memory):
        failing.failure = failure
        await watch.look()
        await watch.look()
        assert ["all", "all"] == memory.forgotten

        await end(database, "token-1", clock)
        failing.failure = None
        await watch.look()
        assert ["all", "all", "token token-1"] == memory.forgotten


async def test_a_database_that_does_not_answer_counts_as_failing(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(Failing):
        async def read(self, *arguments: Any) -> Any:
            if self.failure is not None:
                await asyncio.Event().wait()
            return await super().read(*arguments)

    silent: Any = Silent(database)
    async with watching(silent, clock) as (watch, memory):
        monkeypatch.setattr(revocations, "_LOOK_TIMEOUT", 0.01)
        silent.failure = TimeoutError()
        await watch.look()
        assert ["all"] == memory.forgotten


def test_a_look_and_the_pause_before_it_take_less_than_a_second() -> None:
    assert revocations.LOOK_SECONDS + revocations._LOOK_TIMEOUT < 1


async def test_an_idle_worker_forgets_everything_and_looks_no_more_until_it_is_woken(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "LOOK_SECONDS", 0.001)
    uptime = 1000.0
    counting: Any = Failing(database)
    looks = 0

    async def read(*arguments: Any) -> Any:
        nonlocal looks
        looks += 1
        return await database.read(*arguments)

    counting.read = read
    async with watching(counting, clock, monotonic=lambda: uptime) as (watch, memory):
        watch.in_use = True
        watch.start()
        await until(lambda: not watch.in_use)
        uptime += 61
        await until(lambda: memory.forgotten == ["all"])
        asleep = looks
        await asyncio.sleep(0.05)
        assert asleep == looks

        await end(database, "token-1", clock)
        watch.in_use = True
        watch.wake()
        await until(lambda: "token token-1" in memory.forgotten)


async def test_what_is_over_is_deleted_and_what_is_not_stays(database: Database, clock: Clock) -> None:
    async with watching(database, clock) as (watch, _):
        await end(database, "soon-over", clock)
        clock.advance(1800)
        await end(database, "later-over", clock)
        clock.advance(86400 + 1801)

        await watch.prune()

        left = await rows_of(database, "revocations")
        assert ["later-over"] == [row["token_id"] for row in left]
        assert 2 == len(await rows_of(database, "auth_events"))
        clock.advance(91 * 86400)
        await watch.prune()
        assert [] == await rows_of(database, "revocations")
        assert [] == await rows_of(database, "auth_events")


async def test_a_clock_that_ran_ahead_does_not_bring_an_ended_token_back(
    database: Database, clock: Clock
) -> None:
    async with watching(database, clock) as (watch, _):
        await provision_user(database, ADA, clock())
        await end(database, ADA.token_id, clock)
        clock.advance(2 * 3600)
        await watch.prune()
        clock.advance(-2 * 3600)
        with pytest.raises(TokenRevoked):
            await admit(database, ADA)


@pytest.mark.usefixtures("patient")
async def test_numbers_go_on_after_everything_was_deleted(database: Database, clock: Clock) -> None:
    async with watching(database, clock) as (watch, memory):
        await end(database, "token-1", clock)
        await watch.look()
        clock.advance(86400 + 3601)
        await watch.prune()
        assert [] == await rows_of(database, "revocations")
        await end(database, "token-2", clock)
        await watch.look()
        assert ["token token-1", "token token-2"] == memory.forgotten


async def test_nothing_speaks_against_a_token_of_a_new_subject(database: Database) -> None:
    await admit(database, ADA)


async def test_a_disabled_user_is_not_admitted_until_enabled(database: Database, clock: Clock) -> None:
    await provision_user(database, ADA, clock())
    await disable_user(database, "ada", clock())
    with pytest.raises(TokenRevoked) as refused:
        await admit(database, ADA)
    assert "its user is disabled" == refused.value.reason
    await enable_user(database, "ada", clock())
    await admit(database, ADA)


async def test_an_erased_subject_is_not_admitted_nor_made_again_until_enabled(
    database: Database, clock: Clock
) -> None:
    await provision_user(database, ADA, clock())
    await erase_user(database, METADATA, "ada", clock())

    with pytest.raises(TokenRevoked):
        await provision_user(database, ADA, clock())
    assert [] == await rows_of(database, "users")
    with pytest.raises(TokenRevoked) as refused:
        await admit(database, ADA)
    assert "its user was erased" == refused.value.reason
    await enable_user(database, "ada", clock())
    await admit(database, ADA)
    await provision_user(database, ADA, clock())
    assert ["ada"] == [row["id"] for row in await rows_of(database, "users")]


async def test_an_erased_subject_comes_back_by_new_tokens_alone(database: Database, clock: Clock) -> None:
    def issued() -> Principal:
        return replace(ADA, issued_at=clock().timestamp())

    before = issued()
    await provision_user(database, before, clock())
    await end(database, before.token_id, clock)
    await erase_user(database, METADATA, "ada", clock())
    await enable_user(database, "ada", clock())

    with pytest.raises(TokenRevoked):
        await admit(database, before)
    clock.advance(1)
    await admit(database, issued())


async def test_who_is_not_known_is_neither_disabled_nor_enabled_nor_erased(
    database: Database, clock: Clock
) -> None:
    with pytest.raises(UserUnknown):
        await disable_user(database, "nobody", clock())
    with pytest.raises(UserUnknown):
        await enable_user(database, "nobody", clock())
    with pytest.raises(UserUnknown):
        await erase_user(database, METADATA, "nobody", clock())
    assert [] == await rows_of(database, "auth_events")
    assert [] == await rows_of(database, "erased_subjects")
