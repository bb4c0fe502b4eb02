from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from donebook.errors import PreconditionFailed, TaskNotFound
from donebook.ledger.operations import Edit, Key
from donebook.tasks.operations import change, complete, delete, reopen, restore, toggle
from donebook.tasks.values import Due
from tests.tasks.actors import Actor, TaskFacts

NOON = datetime(2031, 1, 1, 12, tzinfo=UTC)

EDITS: list[Callable[[Key], Edit]] = [
    lambda key: change(key, {"title": "New"}),
    lambda key: change(key, {}),
    complete,
    reopen,
    toggle,
    delete,
]


async def filled(actor: Actor) -> TaskFacts:
    """A task with every fact."""
    due = Due(NOON, time_zone="Europe/Vienna")
    return (await actor.create("Old", description="Words", priority="low", due=due, tags=("a", "b"))).record


@pytest.mark.parametrize(
    ("fields", "after"),
    [
        ({"title": "New"}, {"title": "New"}),
        ({"description": "Other words"}, {"description": "Other words"}),
        ({"description": None}, {"description": None}),
        ({"priority": "high"}, {"priority": "high"}),
        ({"priority": None}, {"priority": None}),
        (
            {"due": Due(NOON + timedelta(1))},
            {"due_at": NOON + timedelta(1), "due_all_day": False, "due_time_zone": None},
        ),
        (
            {"due": Due(NOON.replace(hour=0), all_day=True)},
            {"due_at": NOON.replace(hour=0), "due_all_day": True, "due_time_zone": None},
        ),
        ({"due": None}, {"due_at": None, "due_all_day": False, "due_time_zone": None}),
        ({"tags": ("b",)}, {"tags": ["b"]}),
        ({"tags": ("b", "a")}, {"tags": ["b", "a"]}),
        ({"tags": ()}, {"tags": []}),
        ({"title": "New", "description": None, "priority": "medium"},
         {"title": "New", "description": None, "priority": "medium"}),
    ],
)  # fmt: skip
async def test_a_change_sets_the_given_fields_and_keeps_the_others(
    alice: Actor, fields: dict[str, Any], after: dict[str, Any]
) -> None:
    before = await filled(alice)

    written = await alice.change(before.id, **fields)

    expected = {
        **_facts(before), **after, "updated_at": alice.now, "revision": 2, "previous_revision": 1,
    }  # fmt: skip
    assert expected == _facts(written.record)
    assert (True, 2) == (written.changed, written.revision)
    assert written.record == await alice.get(before.id)


async def test_a_task_is_changed_by_its_uuid_too(alice: Actor) -> None:
    task = await filled(alice)

    await alice.change(task.uuid, title="New")

    assert "New" == (await alice.get(task.id)).title


async def test_completing_marks_the_moment_and_reopening_forgets_it(alice: Actor) -> None:
    task = (await alice.create()).record

    completed = (await alice.complete(task.id)).record
    assert (True, alice.now, alice.now) == (completed.completed, completed.completed_at, completed.updated_at)

    reopened = (await alice.reopen(task.id)).record
    assert (False, None, alice.now) == (reopened.completed, reopened.completed_at, reopened.updated_at)


async def test_toggling_completes_and_reopens_in_turn(alice: Actor) -> None:
    task = (await alice.create()).record

    assert [True, False, True] == [(await alice.toggle(task.id)).record.completed for _ in range(3)]


async def test_completing_within_a_change_keeps_the_moment_of_an_earlier_completion(alice: Actor) -> None:
    task = (await alice.create()).record
    completed_at = (await alice.complete(task.id)).record.completed_at

    changed = (await alice.change(task.id, completed=True, title="New")).record

    assert (completed_at, "New") == (changed.completed_at, changed.title)


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "Old"},
        {"description": "Words"},
        {"priority": "low"},
        {"due": Due(NOON, time_zone="Europe/Vienna")},
        {"due": Due(NOON.astimezone(), time_zone="Europe/Vienna")},
        {"tags": ["a", "b"]},
        {"completed": False},
        {"title": "Old", "description": "Words", "priority": "low", "tags": ("a", "b"), "completed": False},
        {},
    ],
)
async def test_a_change_to_what_already_is_changes_nothing_and_takes_no_revision(
    alice: Actor, fields: dict[str, Any]
) -> None:
    task = await filled(alice)
    rows, versions = await alice.rows(), await alice.versions()

    written = await alice.change(task.id, **fields)

    assert (task, 1, False) == (written.record, written.revision, written.changed)
    assert (rows, versions, 1) == (await alice.rows(), await alice.versions(), await alice.revision())


async def test_completing_a_complete_task_changes_nothing(alice: Actor) -> None:
    task = (await alice.create(completed=True)).record

    written = await alice.complete(task.id)

    assert (task, 1, False) == (written.record, written.revision, written.changed)
    assert 1 == await alice.revision()


async def test_reopening_an_open_task_changes_nothing(alice: Actor) -> None:
    task = (await alice.create()).record

    written = await alice.reopen(task.id)

    assert (task, 1, False) == (written.record, written.revision, written.changed)
    assert 1 == await alice.revision()


@pytest.mark.parametrize("behind", [timedelta(0), timedelta(microseconds=1), timedelta(days=400)])
async def test_updated_at_moves_forward_although_the_clock_does_not(alice: Actor, behind: timedelta) -> None:
    task = (await alice.create()).record
    alice.now -= timedelta(seconds=1) + behind

    changed = (await alice.change(task.id, title="New")).record

    assert task.updated_at + timedelta(microseconds=1) == changed.updated_at
    assert task.created_at == changed.created_at


@pytest.mark.parametrize(
    "moment",
    [datetime(2030, 12, 31, 23, 59, 59, 999999, UTC), datetime(9998, 12, 31, 23, 59, 59, 999999, UTC)],
)
async def test_one_microsecond_forward_may_be_another_year(alice: Actor, moment: datetime) -> None:
    alice.now = moment - timedelta(seconds=1)
    task = (await alice.create()).record
    alice.now -= timedelta(seconds=1)

    changed = (await alice.change(task.id, title="New")).record

    assert datetime(moment.year + 1, 1, 1, tzinfo=UTC) == changed.updated_at


async def test_a_deleted_task_is_gone_from_every_use_case(alice: Actor) -> None:
    kept, task = (await alice.create("Kept")).record, (await alice.create("Gone")).record

    written = await alice.delete(task.id)

    assert (alice.now, True, 3) == (written.record.deleted_at, written.changed, written.revision)
    assert [kept.title] == await alice.titles()
    assert 1 == (await alice.listing(limit=10)).total
    for key in (task.id, task.uuid):
        with pytest.raises(TaskNotFound):
            await alice.get(key)
        for edit in EDITS:
            with pytest.raises(TaskNotFound):
                await alice.edit(edit(key))
    assert 3 == await alice.revision()


async def test_a_deleted_task_that_is_restored_is_as_it_was(alice: Actor) -> None:
    task = await filled(alice)
    await alice.delete(task.id)

    restored = (await alice.edit(restore(task.id))).record
    again = await alice.edit(restore(task.id))

    assert {**_facts(task), "updated_at": restored.updated_at, "revision": 3, "previous_revision": 2} == (
        _facts(restored)
    )
    assert (restored, False) == (again.record, again.changed)


@pytest.mark.parametrize("edit", EDITS)
async def test_no_edit_finds_the_task_of_another_user(
    alice: Actor, bob: Actor, edit: Callable[[Key], Edit]
) -> None:
    task = (await bob.create("Of Bob")).record
    rows = await bob.rows()

    for key in (task.id, task.uuid):
        with pytest.raises(TaskNotFound):
            await alice.edit(edit(key))
        with pytest.raises(TaskNotFound):
            await alice.edit(edit(key), if_match=1)

    assert (rows, 1, 0) == (await bob.rows(), await bob.revision(), await alice.revision())


@pytest.mark.parametrize("edit", EDITS)
async def test_no_edit_finds_a_task_that_does_not_exist(alice: Actor, edit: Callable[[Key], Edit]) -> None:
    with pytest.raises(TaskNotFound):
        await alice.edit(edit((1 << 63) - 1))

    assert 0 == await alice.revision()


@pytest.mark.parametrize("edit", EDITS)
async def test_an_edit_at_the_expected_revision_is_made(alice: Actor, edit: Callable[[Key], Edit]) -> None:
    task = (await alice.create()).record
    await alice.create("Another")

    written = await alice.edit(edit(task.id), if_match=1)

    assert (3 if written.changed else 1) == written.revision


@pytest.mark.parametrize("edit", EDITS)
async def test_an_edit_at_another_revision_is_refused_with_the_task_as_it_stands(
    alice: Actor, edit: Callable[[Key], Edit]
) -> None:
    task = (await alice.create()).record
    current = (await alice.change(task.id, description="Changed meanwhile")).record

    for expected in (1, 3, -1):
        with pytest.raises(PreconditionFailed) as refusal:
            await alice.edit(edit(task.id), if_match=expected)
        assert (current, 2) == (refusal.value.current, refusal.value.revision)

    assert (2, current) == (await alice.revision(), await alice.get(task.id))


def _facts(task: TaskFacts) -> dict[str, Any]:
    return {name: getattr(task, name) for name in TaskFacts.__struct_fields__}
