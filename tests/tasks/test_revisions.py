from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from donebook.errors import PreconditionFailed, TaskNotFound
from donebook.ledger.operations import Writing
from donebook.ledger.writing.revision import OpenRevision, Written
from donebook.storage.database import Database
from donebook.tasks.operations import change, complete, delete, new_task, reopen, toggle
from donebook.tasks.values import Due
from tests.tasks.actors import VIA, Actor, TaskFacts, Version

NOON = datetime(2031, 1, 1, 12, tzinfo=UTC)


def image(task: TaskFacts, action: str) -> Version:
    """The version that a write called ``action`` leaves when the task is then as given."""
    facts: dict[str, Any] = {
        name: getattr(task, name) for name in Version.__struct_fields__ if hasattr(task, name)
    }
    return Version(**facts, task_id=task.id, action=action, contract=VIA, at=task.updated_at)


async def test_each_write_takes_the_next_revision_and_appends_the_task_as_it_left_it(alice: Actor) -> None:
    task = (
        await alice.create(
            "One", description="d", priority="low", due=Due(NOON, time_zone="Asia/Tokyo"), tags=("ä",)
        )
    ).record
    key = task.id
    written = [
        image(task, "created"),
        image((await alice.change(key, title="Two", tags=())).record, "updated"),
        image((await alice.complete(key)).record, "completed"),
        image((await alice.change(key, completed=True, description=None)).record, "updated"),
        image((await alice.reopen(key)).record, "reopened"),
        image((await alice.toggle(key)).record, "completed"),
        image((await alice.toggle(key)).record, "reopened"),
        image((await alice.change(key, completed=True)).record, "completed"),
        image((await alice.change(key, completed=False)).record, "reopened"),
        image((await alice.delete(key)).record, "deleted"),
    ]

    versions = await alice.versions()
    assert written == versions
    assert list(range(1, 11)) == [version.revision for version in versions]
    assert [None, *range(1, 10)] == [version.previous_revision for version in versions]
    assert 10 == await alice.revision()


async def test_the_versions_of_a_task_are_chained_past_those_of_others(alice: Actor) -> None:
    a, b = (await alice.create("a")).record.id, (await alice.create("b")).record.id
    await alice.toggle(a)
    await alice.toggle(b)
    await alice.toggle(a)

    assert [(1, a, None), (2, b, None), (3, a, 1), (4, b, 2), (5, a, 3)] == [
        (version.revision, version.task_id, version.previous_revision) for version in await alice.versions()
    ]


async def test_a_refused_write_takes_no_revision(alice: Actor) -> None:
    task = (await alice.create()).record
    versions = await alice.versions()

    with pytest.raises(PreconditionFailed):
        await alice.change(task.id, title="New", if_match=7)
    with pytest.raises(PreconditionFailed):
        await alice.create(if_match=7)
    with pytest.raises(TaskNotFound):
        await alice.delete((1 << 63) - 1)

    assert (1, versions) == (await alice.revision(), await alice.versions())


async def test_the_revisions_of_two_users_are_apart(alice: Actor, bob: Actor) -> None:
    await alice.create()
    await alice.create()
    await bob.create()

    assert (2, 1) == (await alice.revision(), await bob.revision())
    assert [1] == [version.revision for version in await bob.versions()]


async def test_a_new_task_is_placed_after_all_before_it(alice: Actor) -> None:
    positions = []
    for number in range(20):
        task = (await alice.create(str(number))).record
        positions.append(task.position)
        await alice.toggle(task.id)

    assert sorted(positions) == positions
    assert 20 == len(set(positions))


class Together:
    """Several writes of one user within one revision."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.writing = actor.writing()

    async def run(self, work: Any) -> Any:
        database: Database = self.actor.database
        return await database.transact(
            lambda transaction: OpenRevision.take(transaction, self.actor.principal, self.writing, work)
        )


async def test_writes_of_one_revision_share_it_and_each_task_has_one_version(alice: Actor) -> None:
    old = (await alice.create("old")).record

    async def work(revision: OpenRevision) -> list[Written[TaskFacts]]:
        first = await revision.create(new_task("first"), TaskFacts)
        second = await revision.create(new_task("second"), TaskFacts)
        return [
            await revision.edit(change(first.record.id, {"title": "First"}), TaskFacts),
            await revision.edit(complete(second.record.id), TaskFacts),
            await revision.edit(complete(old.id), TaskFacts),
            await revision.edit(reopen(old.id), TaskFacts),
            await revision.edit(change(old.id, {"title": "Old"}), TaskFacts),
        ]

    writes = await Together(alice).run(work)

    first, second, last = writes[0].record, writes[1].record, writes[4].record
    assert [True] * 5 == [write.changed for write in writes]
    assert [2] * 5 == [write.revision for write in writes]
    assert 2 == await alice.revision()
    # Two writes to one task are an update; one to a task just created is part of its creation.
    assert [image(last, "updated"), image(first, "created"), image(second, "created")] == (
        await alice.versions()
    )[1:]
    assert [1, None, None] == [last.previous_revision, first.previous_revision, second.previous_revision]
    assert ["old", "first", "second"] == [
        task.title.lower() for task in sorted(await _listed(alice), key=lambda task: task.position)
    ]


async def test_writes_of_one_revision_that_change_nothing_take_none(alice: Actor) -> None:
    task = (await alice.create()).record

    async def work(revision: OpenRevision) -> None:
        await revision.edit(reopen(task.id), TaskFacts)
        await revision.edit(change(task.id, {}), TaskFacts)

    await Together(alice).run(work)

    assert (1, 1) == (await alice.revision(), len(await alice.versions()))


async def test_writes_of_one_revision_take_effect_together_or_not_at_all(alice: Actor) -> None:
    task = (await alice.create()).record

    async def work(revision: OpenRevision) -> None:
        await revision.create(new_task("new"), TaskFacts)
        await revision.edit(toggle(task.id), TaskFacts)
        await revision.edit(delete((1 << 63) - 1), TaskFacts)

    with pytest.raises(TaskNotFound):
        await Together(alice).run(work)

    assert (1, [task], 1) == (await alice.revision(), await _listed(alice), len(await alice.versions()))


async def test_a_task_created_and_deleted_within_one_revision_leaves_a_version(alice: Actor) -> None:
    async def work(revision: OpenRevision) -> None:
        written = await revision.create(new_task("brief"), TaskFacts)
        await revision.edit(delete(written.record.id), TaskFacts)

    await Together(alice).run(work)

    (version,) = await alice.versions()
    assert ("deleted", "brief", alice.now) == (version.action, version.title, version.deleted_at)
    assert [] == await alice.titles()


async def test_many_new_tasks_of_one_revision_are_placed_in_order(alice: Actor) -> None:
    async def work(revision: OpenRevision) -> None:
        for number in range(300):
            await revision.create(new_task(str(number)), TaskFacts)

    await alice.create("before")
    await Together(alice).run(work)
    await alice.create("after")

    tasks = await _listed(alice)
    assert tasks == sorted(tasks, key=lambda task: task.position)
    assert 302 == len({task.position for task in tasks})


async def test_a_revision_is_taken_at_the_time_of_the_write(alice: Actor) -> None:
    moment = alice.now + timedelta(days=3, microseconds=7)
    writing = Writing(moment, "versioned")

    await alice.database.transact(
        lambda transaction: OpenRevision.take(
            transaction, alice.principal, writing, lambda revision: revision.create(new_task("x"), TaskFacts)
        )
    )

    assert [(moment, "versioned")] == [(version.at, version.contract) for version in await alice.versions()]


async def _listed(actor: Actor) -> list[TaskFacts]:
    return (await actor.listing()).tasks


async def test_each_revision_is_counted_once_and_nothing_else(alice: Actor) -> None:
    before = alice.database.usage().revisions

    key = (await alice.create("Counted")).record.id
    await alice.change(key, title="Changed")
    await alice.toggle(key)
    await alice.change(key, title="Changed")
    with pytest.raises(TaskNotFound):
        await alice.change(1, title="Missing")

    assert 3 == alice.database.usage().revisions - before == await alice.revision()
