"""Maintenance: what is kept for how long, and who does it."""

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from donebook.errors import (
    ChangeNotFound,
    EditConflict,
    ResyncRequired,
    TaskErased,
    TaskNotFound,
    UndoConflict,
)
from donebook.ledger.reading.changes import list_changes
from donebook.ledger.reading.sync import Delta, changes_since
from donebook.ledger.upkeep.maintenance import INTERVAL, Retention, Swept, claim_maintenance, maintain
from donebook.ledger.writing.idempotency import Once, perform_once
from donebook.ledger.writing.merging import Merge, merge_record
from donebook.ledger.writing.revision import OpenRevision
from donebook.ledger.writing.undo import undo_change
from donebook.storage.database import Database
from donebook.tasks.kind import TASKS
from donebook.tasks.operations import change, restore
from donebook.tasks.selection import Selection
from donebook.tasks.usecases import list_tasks
from tests.tasks.actors import START, Actor, TaskFacts

DAY = timedelta(days=1)
RETENTION = Retention(trash=30 * DAY, tombstones=90 * DAY, history=365 * DAY)


async def maintained(database: Database, now: datetime) -> Swept:
    return await maintain(database, RETENTION, now)


async def synced(actor: Actor, since: int | None, limit: int = 100) -> Delta[TaskFacts]:
    return await changes_since(actor.database, actor.principal, since, limit, TaskFacts, kind=TASKS)


async def trash(actor: Actor) -> list[str]:
    listing = await list_tasks(actor.database, actor.principal, Selection(trashed=True), TaskFacts)
    return [task.title for task in listing.tasks]


async def told(actor: Actor) -> list[int]:
    history = await list_changes(actor.database, actor.principal, TASKS, limit=100)
    return [change.revision for change in history.changes]


async def undo(actor: Actor, revision: int) -> None:
    await undo_change(actor.database, actor.principal, revision, actor.writing(), TaskFacts, kind=TASKS)


async def test_the_trash_is_emptied_after_its_days(alice: Actor, bob: Actor) -> None:
    old, young, live = [(await alice.create(title)).record for title in ("old", "young", "live")]
    await bob.delete((await bob.create("bob's")).record.id)
    await alice.delete(old.id)
    alice.now += 10 * DAY
    await alice.delete(young.id)

    swept = await maintained(alice.database, START + 31 * DAY)

    assert 2 == swept.tasks
    assert (["young"], []) == (await trash(alice), await trash(bob))
    assert [live] == (await alice.listing()).tasks
    with pytest.raises(TaskNotFound):
        await alice.edit(restore(old.id))
    assert (6, 3) == (await alice.revision(), await bob.revision())
    assert [old.uuid] == [gone.uuid for gone in (await synced(alice, 5)).deleted]


async def test_emptying_a_large_trash_takes_a_revision_for_every_hundred_tasks(alice: Actor) -> None:
    for number in range(105):
        await alice.delete((await alice.create(f"{number}")).record.id)

    swept = await maintained(alice.database, START + 31 * DAY)

    assert (105, []) == (swept.tasks, await trash(alice))
    assert 212 == await alice.revision()
    assert 105 == len((await synced(alice, 210, limit=200)).deleted)


async def test_a_deletion_is_remembered_for_its_days_and_then_clients_begin_anew(alice: Actor) -> None:
    gone, kept = [(await alice.create(title)).record for title in ("gone", "kept")]
    await alice.delete(gone.id)
    await maintained(alice.database, START + 31 * DAY)

    assert 0 == (await maintained(alice.database, START + 120 * DAY)).tombstones
    assert [gone.uuid] == [each.uuid for each in (await synced(alice, 2)).deleted]

    assert 1 == (await maintained(alice.database, START + 122 * DAY)).tombstones
    for since in (1, 2, 3):
        with pytest.raises(ResyncRequired):
            await synced(alice, since)
    assert [kept] == (await synced(alice, None)).records
    newest = await synced(alice, 4)
    assert ([], 4) == (newest.deleted, newest.revision)


async def test_a_page_of_everything_never_ends_below_the_floor(alice: Actor) -> None:
    """Otherwise the next page would ask for what came after it, and be told to begin anew for ever."""
    for number in range(5):
        await alice.create(f"{number}")
    await alice.delete((await alice.create("gone")).record.id)
    await maintained(alice.database, START + 31 * DAY)
    await maintained(alice.database, START + 122 * DAY)
    for number in range(5, 9):
        await alice.create(f"{number}")

    pages = [await synced(alice, None, limit=2)]
    while pages[-1].more:
        pages.append(await synced(alice, pages[-1].revision, limit=2))

    assert [["0", "1", "2", "3", "4"], ["5", "6"], ["7", "8"]] == [
        [task.title for task in page.records] for page in pages
    ]


async def test_an_id_may_be_used_again_once_its_deletion_is_forgotten(alice: Actor) -> None:
    uuid = uuid4()
    await alice.delete((await alice.create(uuid=uuid)).record.id)
    await maintained(alice.database, START + 31 * DAY)
    with pytest.raises(TaskErased):
        await alice.create(uuid=uuid)

    await maintained(alice.database, START + 122 * DAY)

    assert uuid == (await alice.create(uuid=uuid)).record.uuid


async def test_changes_are_forgotten_after_their_days(alice: Actor) -> None:
    task = (await alice.create("one")).record
    await alice.change(task.id, title="two")
    alice.now += 100 * DAY
    await alice.change(task.id, title="three")
    await alice.change(task.id, priority="low")
    assert [4, 3, 2, 1] == await told(alice)

    swept = await maintained(alice.database, START + 366 * DAY)

    assert 1 == swept.versions
    assert [4, 3] == await told(alice)
    for revision in (1, 2):
        with pytest.raises(ChangeNotFound):
            await undo(alice, revision)
    # The version before the first change that is kept is kept, whatever its age.
    await undo(alice, 3)
    assert ("two", "low") == ((now := await alice.get(task.id)).title, now.priority)


async def test_the_newest_version_of_a_task_is_kept_for_ever_as_a_base_to_merge_with(alice: Actor) -> None:
    task = (await alice.create("one")).record
    await alice.change(task.id, title="two")
    await maintained(alice.database, START + 1000 * DAY)
    await alice.change(task.id, title="three")

    merged = Merge(TASKS, task.id, {"priority": "low"}, 2)
    written = await merge_record(alice.database, alice.principal, merged, alice.writing(), TaskFacts)
    assert ("three", "low") == (written.record.title, written.record.priority)

    forgotten = Merge(TASKS, task.id, {"priority": "high", "title": "three"}, 1)
    with pytest.raises(EditConflict) as conflict:
        await merge_record(alice.database, alice.principal, forgotten, alice.writing(), TaskFacts)
    assert ["priority"] == [each.field for each in conflict.value.conflicts]


async def test_a_change_of_several_tasks_is_forgotten_as_a_whole(alice: Actor) -> None:
    one, two = [(await alice.create(title)).record.id for title in ("one", "two")]

    async def rename(revision: OpenRevision) -> None:
        for key in (one, two):
            await revision.edit(change(key, {"title": "renamed"}), TaskFacts)

    await alice.together(rename)
    await alice.change(one, title="again")

    await maintained(alice.database, START + 366 * DAY)

    # The versions of "two" are still there: nothing followed them.
    with pytest.raises(ChangeNotFound):
        await undo(alice, 3)
    assert [] == await told(alice)


async def test_what_an_erased_task_left_in_history_goes_with_it(alice: Actor) -> None:
    await alice.delete((await alice.create("gone")).record.id)
    await maintained(alice.database, START + 31 * DAY)
    assert ([3, 2, 1], 3) == (await told(alice), len(await alice.versions()))
    with pytest.raises(UndoConflict):
        await undo(alice, 2)

    await maintained(alice.database, START + 397 * DAY)

    assert ([], []) == (await told(alice), await alice.versions())


async def test_answers_are_repeated_for_a_day_and_then_dropped(alice: Actor) -> None:
    async def answer(_: Database) -> bytes:
        return b"answer"

    await perform_once(alice.database, alice.principal, Once("key", "fingerprint"), START, answer)

    assert 0 == (await maintained(alice.database, START + DAY)).answers
    assert 1 == (await maintained(alice.database, START + DAY + timedelta(seconds=1))).answers


async def test_of_many_workers_one_is_to_do_it_each_hour(database: Database) -> None:
    async def claims(now: datetime) -> list[bool]:
        return await asyncio.gather(*(claim_maintenance(database, now, INTERVAL) for _ in range(10)))

    assert [1, 0, 1] == [
        sum(await claims(now)) for now in (START, START + INTERVAL - timedelta(seconds=1), START + INTERVAL)
    ]


async def test_maintenance_that_finds_nothing_changes_nothing(alice: Actor) -> None:
    await alice.create()
    before = (await alice.revision(), await alice.versions(), await alice.rows())

    assert Swept() == await maintained(alice.database, START + 10 * DAY)

    assert before == (await alice.revision(), await alice.versions(), await alice.rows())
