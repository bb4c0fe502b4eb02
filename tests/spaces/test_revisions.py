import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from donebook.ledger.operations import Writing
from donebook.ledger.writing.records import create_record, owner_revision
from donebook.principal import Principal
from donebook.spaces import revisions
from donebook.spaces.model import spaces
from donebook.spaces.revisions import found_space, renew_revisions, revision_at
from donebook.storage.database import Database
from donebook.storage.statement import Statement
from donebook.tasks.operations import new_task
from tests.databases import open_database
from tests.tasks.actors import TaskFacts

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HEADS = Statement("heads", spaces.select().with_only_columns(spaces.c.id, spaces.c.revision, spaces.c.floor))


async def heads(database: Database) -> dict[str, tuple[int, int]]:
    return {row[0]: (row[1], row[2]) for row in await database.read(HEADS, {})}


async def found(database: Database, owner: str, now: datetime = NOW) -> None:
    await database.transact(lambda transaction: found_space(transaction, owner, now))


async def write(database: Database, owner: str, title: str = "Tea") -> int:
    writing = Writing(NOW, "v2")
    return (await create_record(database, Principal(owner), new_task(title), writing, TaskFacts)).revision


def test_numbers_are_as_the_time_and_apart_within_a_millisecond() -> None:
    moments = [NOW + timedelta(milliseconds=each) for each in range(1000)]

    numbers = [revision_at(moment) for moment in moments]

    assert sorted(set(numbers)) == numbers
    assert 2**16 == revision_at(NOW + timedelta(seconds=1)) - numbers[0]


def test_numbers_are_among_the_integers_that_javascript_is_sure_of() -> None:
    assert revision_at(datetime(5000, 1, 1, tzinfo=UTC)) < 2**53 - 1


def test_numbers_fit_in_tags_event_ids_and_positions() -> None:
    from donebook.http.conditional import revision_of
    from donebook.ledger.events.position import after_revision, parse_position
    from donebook.ledger.kinds.positions import RANK_DIGITS, first_of, last_of, rank

    number = revision_at(datetime(5000, 1, 1, tzinfo=UTC))

    assert number == revision_of(str(number))
    assert after_revision(number) == parse_position(str(number))
    assert {RANK_DIGITS} == {len(rank(each)) for each in (number, -number)}
    ends = [first_of(number, 1), first_of(number, 0), rank(0), last_of(number, 0), last_of(number, 1)]
    assert sorted(ends) == ends


async def test_a_ledger_begins_at_the_moment_and_has_its_floor_there(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "first_revision", revision_at)
    async with open_database(database_url) as database:
        await found(database, "ada")
        await found(database, "ada", NOW + timedelta(days=1))

        assert {"ada": (revision_at(NOW),) * 2} == await heads(database)


async def test_all_ledgers_are_raised_to_the_moment_each_at_least_by_one(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "_BATCH", 2)
    async with open_database(database_url) as database:
        for owner in ("a", "B", "b", "Ä", "ahead"):
            await found(database, owner)
        await renew_revisions(database, NOW + timedelta(days=1))
        ahead = revision_at(NOW + timedelta(days=1))

        assert 5 == await renew_revisions(database, NOW)
        assert {(ahead + 1, ahead + 1)} == set((await heads(database)).values())

        assert 5 == await renew_revisions(database, NOW + timedelta(days=2))
        assert {(revision_at(NOW + timedelta(days=2)),) * 2} == set((await heads(database)).values())


async def test_a_lost_history_is_surpassed_whatever_the_clock_says(database_url: str) -> None:
    async with open_database(database_url) as database:
        await found(database, "ada")
        await renew_revisions(database, datetime(1970, 1, 2, tzinfo=UTC), lost=2**50)

        assert {"ada": (2**50 + 1, 2**50 + 1)} == await heads(database)


async def test_writes_go_on_while_revisions_are_renewed(database_url: str) -> None:
    async with open_database(database_url) as database, open_database(database_url) as other:
        owners = ["ada", "bob", "eve"]
        for owner in owners:
            await found(database, owner)
        over = asyncio.Event()

        async def write_on(owner: str) -> list[int]:
            taken = []
            while not over.is_set():
                taken.append(await write(database, owner))
            return taken

        async def renew() -> None:
            for _ in range(5):
                await asyncio.sleep(0.02)
                await renew_revisions(other, datetime.now(UTC))
            over.set()

        renewing = asyncio.create_task(renew())
        taken = await asyncio.gather(*(write_on(owner) for owner in owners))
        await renewing

        for owner, numbers in zip(owners, taken, strict=True):
            assert sorted(set(numbers)) == numbers
            assert numbers[-1] <= await owner_revision(database, Principal(owner))
            assert numbers[-1] > 2**16
