"""Single-statement writes on PostgreSQL that waited for another write of their user.

Such a statement sees the tasks as they were when it began; what it answers must be right for the
moment after the other write.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal, NamedTuple

import asyncpg
import pytest

from donebook.errors import PreconditionFailed, TaskNotFound
from donebook.ledger.operations import Edit, Key, Move
from donebook.ledger.writing import records
from donebook.ledger.writing.revision import OpenRevision, Written
from donebook.tasks.kind import TASKS
from donebook.tasks.operations import change, complete, delete, new_task, reopen, restore, toggle
from tests.tasks.actors import Actor, TaskFacts
from tests.tasks.test_concurrency import require_sound_ledger

pytestmark = pytest.mark.parametrize("shared_url", ["postgresql", "partitioned"], indirect=True)

_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""

MakeEdit = Callable[[Key], Edit]


def retitle(title: str) -> MakeEdit:
    return lambda key: change(key, {"title": title})


def describe(key: Key) -> Edit:
    return change(key, {"description": "Words"})


class Overtaking:
    """A user whose one write waits while another is made."""

    def __init__(self, actor: Actor, url: str) -> None:
        self.actor = actor
        self.url = url

    async def run(
        self, first: Callable[[OpenRevision], Awaitable[Any]], second: Callable[[], Awaitable[Any]]
    ) -> Any:
        """Begin ``second``, do ``first`` before it can go on, and return what ``second`` does."""

        async def work(revision: OpenRevision) -> "asyncio.Task[Any]":
            waiting = asyncio.ensure_future(second())
            await self._until_something_waits()
            await first(revision)
            return waiting

        actor = self.actor
        writing = actor.writing()
        waiting = await actor.database.transact(
            lambda transaction: OpenRevision.take(transaction, actor.principal, writing, work)
        )
        return await waiting

    async def _until_something_waits(self) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            async with asyncio.timeout(30):
                while not await connection.fetchval(_WAITING):  # noqa: ASYNC110 - the lock is elsewhere
                    await asyncio.sleep(0.002)
        finally:
            await connection.close()

    async def edit(self, first: Edit, second: Edit, **guard: int) -> Written[TaskFacts]:
        written: Written[TaskFacts] = await self.run(
            lambda revision: revision.edit(first, TaskFacts), lambda: self.actor.edit(second, **guard)
        )
        return written


@pytest.fixture
def overtaking(alice: Actor, shared_url: str) -> Overtaking:
    return Overtaking(alice, shared_url)


class Case(NamedTuple):
    """A task, an edit that comes first, one that waited, whether that changes it, and the task then."""

    completed: bool
    first: MakeEdit
    second: MakeEdit
    changed: bool
    after: dict[str, Any]


@pytest.mark.parametrize(
    "case",
    [
        Case(False, complete, complete, False, {"completed": True}),
        Case(False, complete, reopen, True, {"completed": False}),
        Case(True, reopen, complete, True, {"completed": True}),
        Case(True, reopen, reopen, False, {"completed": False}),
        Case(False, complete, toggle, True, {"completed": False}),
        Case(True, toggle, toggle, True, {"completed": True}),
        Case(False, retitle("New"), retitle("New"), False, {"title": "New"}),
        Case(False, retitle("New"), retitle("Old"), True, {"title": "Old"}),
        Case(False, retitle("New"), retitle("Newest"), True, {"title": "Newest"}),
        Case(False, retitle("New"), describe, True, {"title": "New", "description": "Words"}),
        Case(False, describe, complete, True, {"completed": True, "description": "Words"}),
    ],
)
async def test_an_edit_that_waited_is_made_to_the_task_as_it_is_then(
    alice: Actor, overtaking: Overtaking, case: Case
) -> None:
    task = (await alice.create("Old", completed=case.completed)).record

    written = await overtaking.edit(case.first(task.id), case.second(task.id))

    now = await alice.get(task.id)
    assert (case.changed, 3 if case.changed else 2, now) == (
        written.changed,
        written.revision,
        written.record,
    )
    assert case.after == {name: getattr(now, name) for name in case.after}
    assert written.revision == len(await require_sound_ledger(alice))


@pytest.mark.parametrize("second", [retitle("Old"), retitle("New"), reopen, complete, toggle, delete])
async def test_an_edit_that_waited_for_the_deletion_finds_no_task(
    alice: Actor, overtaking: Overtaking, second: MakeEdit
) -> None:
    task = (await alice.create("Old")).record

    with pytest.raises(TaskNotFound):
        await overtaking.edit(delete(task.id), second(task.id))

    assert ([], 2) == (await alice.titles(), len(await require_sound_ledger(alice)))


@pytest.mark.parametrize(
    ("first", "second", "changed"), [(delete, restore, True), (describe, restore, False)]
)
async def test_a_restoration_that_waited_ends_with_the_task_there(
    alice: Actor, overtaking: Overtaking, first: MakeEdit, second: MakeEdit, changed: bool
) -> None:
    task = (await alice.create("Old")).record

    written = await overtaking.edit(first(task.id), second(task.id))

    assert (changed, written.record) == (written.changed, await alice.get(task.id))
    await require_sound_ledger(alice)


@pytest.mark.parametrize("second", [retitle("New"), retitle("Old"), complete, reopen, delete])
async def test_an_edit_that_waited_past_its_expected_revision_is_refused(
    alice: Actor, overtaking: Overtaking, second: MakeEdit
) -> None:
    task = (await alice.create("Old")).record

    with pytest.raises(PreconditionFailed) as refusal:
        await overtaking.edit(describe(task.id), second(task.id), if_match=1)

    assert (await alice.get(task.id), 2) == (refusal.value.current, refusal.value.revision)
    assert 2 == len(await require_sound_ledger(alice))


@pytest.mark.parametrize(("second", "changed"), [(retitle("New"), True), (retitle("Old"), False)])
async def test_an_edit_that_waited_for_one_of_another_task_keeps_its_expected_revision(
    alice: Actor, overtaking: Overtaking, second: MakeEdit, changed: bool
) -> None:
    task, other = (await alice.create("Old")).record, (await alice.create("Other")).record

    written = await overtaking.edit(complete(other.id), second(task.id), if_match=1)

    assert (changed, 4 if changed else 1) == (written.changed, written.revision)
    await require_sound_ledger(alice)


async def test_an_edit_that_waited_past_its_clock_still_moves_updated_at_forward(
    alice: Actor, overtaking: Overtaking
) -> None:
    task = (await alice.create("Old")).record

    def late() -> Awaitable[Written[TaskFacts]]:
        alice.now = task.created_at
        return alice.toggle(task.id)

    written = await overtaking.run(lambda revision: revision.edit(retitle("New")(task.id), TaskFacts), late)

    first, second = (await require_sound_ledger(alice))[1:]
    assert first.at < second.at == written.record.updated_at


async def move(actor: Actor, key: Key, side: Literal["before", "after"]) -> Written[TaskFacts]:
    return await records.move_record(
        actor.database, actor.principal, Move(TASKS, key, side), actor.writing(), TaskFacts
    )


async def test_a_move_to_the_top_that_waited_for_another_ends_above_it(
    alice: Actor, overtaking: Overtaking
) -> None:
    a, b, c = [(await alice.create(title)).record.id for title in "abc"]

    await overtaking.run(
        lambda revision: revision.move(Move(TASKS, b, "before"), TaskFacts), lambda: move(alice, c, "before")
    )

    assert ["c", "b", "a"] == await alice.titles(sort="position")
    assert a < b < c
    await require_sound_ledger(alice)


async def test_a_move_to_where_the_task_no_longer_is_is_made(alice: Actor, overtaking: Overtaking) -> None:
    a, b = [(await alice.create(title)).record.id for title in "ab"]

    # When it begins, "a" is at the top.
    written = await overtaking.run(
        lambda revision: revision.move(Move(TASKS, b, "before"), TaskFacts), lambda: move(alice, a, "before")
    )

    assert (True, ["a", "b"]) == (written.changed, await alice.titles(sort="position"))
    await require_sound_ledger(alice)


async def test_a_move_to_where_the_task_has_come_meanwhile_changes_nothing_but_its_place(
    alice: Actor, overtaking: Overtaking
) -> None:
    a, b = [(await alice.create(title)).record.id for title in "ab"]

    await overtaking.run(
        lambda revision: revision.edit(delete(b), TaskFacts), lambda: move(alice, a, "after")
    )

    assert ["a"] == await alice.titles(sort="position")
    await require_sound_ledger(alice)


async def test_a_creation_that_waited_comes_after(alice: Actor, overtaking: Overtaking) -> None:
    written = await overtaking.run(
        lambda revision: revision.create(new_task("First"), TaskFacts), lambda: alice.create("Second")
    )

    assert 2 == written.revision
    tasks = (await alice.listing()).tasks
    assert ["First", "Second"] == [task.title for task in sorted(tasks, key=lambda task: task.position)]
    await require_sound_ledger(alice)


async def test_a_creation_that_waited_past_its_expected_revision_is_refused(
    alice: Actor, overtaking: Overtaking
) -> None:
    with pytest.raises(PreconditionFailed):
        await overtaking.run(
            lambda revision: revision.create(new_task("First"), TaskFacts),
            lambda: alice.create("Second", if_match=0),
        )

    assert ["First"] == await alice.titles()
