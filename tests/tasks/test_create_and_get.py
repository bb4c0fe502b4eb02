import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import asyncpg
import pytest

from donebook.errors import PreconditionFailed, TaskNotFound, UserUnknown
from donebook.ledger.operations import Key
from donebook.principal import Principal
from donebook.storage.database import Database
from donebook.tasks.values import Due
from tests.tasks.actors import START, Actor

REFUSED_BY_DATABASE = (sqlite3.IntegrityError, asyncpg.CheckViolationError)


async def test_a_new_task_has_what_was_given_and_is_open(alice: Actor) -> None:
    written = await alice.create("Buy milk")

    task = written.record
    assert written.changed
    assert (alice.principal.user_id, "Buy milk", None) == (task.user_id, task.title, task.description)
    assert (False, None) == (task.completed, task.completed_at)
    assert (None, None, []) == (task.priority, task.due_at, task.tags)
    assert (alice.now, alice.now) == (task.created_at, task.updated_at)
    assert task.deleted_at is None


async def test_a_new_task_may_have_every_fact(alice: Actor) -> None:
    uuid = uuid4()
    due = Due(datetime(2031, 2, 3, 4, 5, 6, 789012, UTC), time_zone="Europe/Vienna")

    await alice.create(
        "Write", description="Two pages", completed=True, priority="high", due=due, tags=("a", "ß"), uuid=uuid
    )
    task = await alice.get(uuid)

    assert ("Write", "Two pages", "high", ["a", "ß"]) == (
        task.title,
        task.description,
        task.priority,
        task.tags,
    )
    assert (True, alice.now) == (task.completed, task.completed_at)
    assert (due.at, False, "Europe/Vienna") == (task.due_at, task.due_all_day, task.due_time_zone)
    assert uuid == task.uuid


async def test_numbers_rise_over_all_users_and_never_come_twice(alice: Actor, bob: Actor) -> None:
    numbers = [(await actor.create()).record.id for actor in (alice, bob, alice, bob)]

    assert sorted(set(numbers)) == numbers


async def test_the_number_of_a_deleted_task_is_not_given_again(alice: Actor) -> None:
    first = (await alice.create()).record.id
    await alice.delete(first)

    assert (await alice.create()).record.id > first


async def test_a_new_task_gets_a_version_7_uuid_of_its_time(alice: Actor) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    uuid = (await alice.create()).record.uuid

    assert (7, "specified in RFC 4122") == (uuid.version, uuid.variant)
    assert before <= datetime.fromtimestamp((uuid.int >> 80) / 1000, UTC) <= datetime.now(UTC)


async def test_a_task_is_found_by_number_and_by_uuid(alice: Actor) -> None:
    task = (await alice.create()).record

    assert [task, task] == [await alice.get(task.id), await alice.get(task.uuid)]


async def test_a_found_task_comes_with_the_revision_it_stands_at(alice: Actor) -> None:
    first = (await alice.create()).record
    await alice.create()

    assert 1 == (await alice.find(first.id)).revision


@pytest.mark.parametrize("key", [1 << 62, (1 << 63) - 1, UUID(int=0)])
async def test_a_task_that_does_not_exist_is_not_found(alice: Actor, key: Key) -> None:
    with pytest.raises(TaskNotFound):
        await alice.get(key)


async def test_a_task_of_another_user_is_not_found(alice: Actor, bob: Actor) -> None:
    task = (await bob.create()).record

    for key in (task.id, task.uuid):
        with pytest.raises(TaskNotFound):
            await alice.get(key)


async def test_two_users_may_choose_one_uuid(alice: Actor, bob: Actor) -> None:
    uuid = uuid4()
    await alice.create("Of Alice", uuid=uuid)
    await bob.create("Of Bob", uuid=uuid)

    assert ("Of Alice", "Of Bob") == ((await alice.get(uuid)).title, (await bob.get(uuid)).title)


async def test_a_user_without_a_row_creates_nothing(database: Database) -> None:
    nobody = Actor(database, Principal("never-provisioned"))

    with pytest.raises(UserUnknown):
        await nobody.create()

    assert [] == await nobody.rows()


async def test_a_creation_at_the_expected_revision_of_the_list_is_made(alice: Actor) -> None:
    await alice.create(if_match=0)

    assert 2 == (await alice.create(if_match=1)).revision


async def test_a_creation_at_another_revision_of_the_list_is_refused(alice: Actor) -> None:
    await alice.create()

    with pytest.raises(PreconditionFailed) as refusal:
        await alice.create(if_match=0)

    assert (None, 1) == (refusal.value.current, refusal.value.revision)
    assert 1 == len(await alice.rows()) == await alice.revision()


@pytest.mark.parametrize(
    "text",
    [
        "𝄞" * 500,
        "x" * 500,
        "👩‍👩‍👧‍👦" * 71,
        "a\tb\r\nc",
        "'; DROP TABLE tasks; --",
        "\\%_\\",
        "\u202eabc",
        "\x7f\x80\ufeff",
    ],
)
async def test_a_title_of_up_to_500_characters_comes_back_as_it_was(alice: Actor, text: str) -> None:
    assert text == (await alice.get((await alice.create(text)).record.id)).title


@pytest.mark.parametrize("character", ["x", "ß", "İ", "𝄞"])
async def test_a_description_of_10000_characters_comes_back_as_it_was(alice: Actor, character: str) -> None:
    description = character * 10_000

    task = (await alice.create(description=description)).record

    assert description == (await alice.get(task.id)).description


@pytest.mark.parametrize(
    "facts",
    [
        {"title": ""},
        {"title": "𝄞" * 501},
        {"title": "x", "description": "𝄞" * 10_001},
        {"title": "x", "priority": "urgent"},
        {"title": "x", "due": Due(START, all_day=True, time_zone="UTC")},
    ],
)
async def test_the_database_itself_refuses_what_no_contract_lets_through(
    alice: Actor, facts: dict[str, object]
) -> None:
    with pytest.raises(REFUSED_BY_DATABASE):
        await alice.create(**facts)  # type: ignore[arg-type]

    assert (0, []) == (await alice.revision(), await alice.versions())


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2031, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=14))),
        datetime(2031, 1, 1, 0, 30, tzinfo=timezone(-timedelta(hours=23, minutes=59))),
        datetime(1, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime(1, 1, 2, 0, 0, tzinfo=timezone(timedelta(hours=23, minutes=59))),
        datetime(9999, 12, 31, 23, 59, 59, 999998, UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
        datetime(1999, 12, 31, 23, 59, 59, 1, UTC),
    ],
)
async def test_an_instant_comes_back_in_utc_whatever_its_offset(alice: Actor, moment: datetime) -> None:
    task = (await alice.create(due=Due(moment))).record

    due_at = (await alice.get(task.id)).due_at
    assert moment == due_at
    assert due_at.tzinfo is UTC
