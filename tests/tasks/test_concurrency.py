"""What many requests at once leave behind, whichever comes first."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, TypeVar

import pytest

from donebook.errors import Failure, PreconditionFailed, TaskNotFound
from donebook.ledger.writing.revision import Written
from donebook.tasks.values import Priority
from tests.tasks.actors import Actor, TaskFacts, Version

T = TypeVar("T")
Outcome = Written[TaskFacts] | Failure


async def at_once(*works: Awaitable[Written[TaskFacts]]) -> list[Outcome]:
    """Do them all concurrently; what each returned or how it failed."""
    outcomes: list[Outcome] = []
    for outcome in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(outcome, BaseException) and not isinstance(outcome, Failure):
            raise outcome
        outcomes.append(outcome)
    return outcomes


def successes(outcomes: list[Outcome]) -> list[Written[TaskFacts]]:
    return [outcome for outcome in outcomes if isinstance(outcome, Written)]


def failures(outcomes: list[Outcome], kind: type[T]) -> list[T]:
    return [outcome for outcome in outcomes if isinstance(outcome, kind)]


async def require_sound_ledger(actor: Actor) -> list[Version]:
    """The user's versions, one for each revision, chained, the newest of each task being its row."""
    versions = await actor.versions()
    assert list(range(1, await actor.revision() + 1)) == [version.revision for version in versions]
    newest: dict[int, Version] = {}
    for version in versions:
        before = newest.get(version.task_id)
        assert (before.revision if before else None) == version.previous_revision
        assert ("created" if before is None else version.action) == version.action
        newest[version.task_id] = version
    stored = {row[0]: row for row in await actor.rows()}
    names = [name for name in TaskFacts.__struct_fields__ if name != "completed"]
    for number, row in stored.items():
        facts = dict(zip(names, row, strict=True))
        version = newest.pop(number)
        assert facts["updated_at"] == version.at
        assert {name: facts[name] for name in facts.keys() & set(Version.__struct_fields__)} == {
            name: getattr(version, name) for name in facts.keys() & set(Version.__struct_fields__)
        }
    assert {} == newest
    return versions


async def test_fifty_writers_of_one_user_take_a_revision_each_without_gaps(alice: Actor) -> None:
    random = Random(4711)
    tasks = [(await alice.create(f"Task {number}")).record.id for number in range(10)]

    def write(number: int) -> Awaitable[Written[TaskFacts]]:
        task = random.choice(tasks)
        works: list[Callable[[], Awaitable[Written[TaskFacts]]]] = [
            lambda: alice.create(f"New {number}"),
            lambda: alice.change(task, title=f"Changed {number}"),
            lambda: alice.change(task, description=f"Words {number}", priority="low"),
            lambda: alice.complete(task),
            lambda: alice.reopen(task),
            lambda: alice.toggle(task),
            lambda: alice.delete(task),
        ]
        return random.choice(works)()

    outcomes = await at_once(*(write(number) for number in range(50)))

    taken = [write.revision for write in successes(outcomes) if write.changed]
    assert list(range(11, 11 + len(taken))) == sorted(taken)
    assert 50 == len(successes(outcomes)) + len(failures(outcomes, TaskNotFound))
    assert 10 + len(taken) == len(await require_sound_ledger(alice))


async def test_users_who_write_at_once_keep_their_own_revisions(alice: Actor, bob: Actor) -> None:
    await at_once(*(actor.create(str(number)) for number in range(25) for actor in (alice, bob)))

    assert [25, 25] == [len(await require_sound_ledger(actor)) for actor in (alice, bob)]
    numbers = [task.id for actor in (alice, bob) for task in (await actor.listing()).tasks]
    assert 50 == len(set(numbers))


async def test_tasks_created_at_once_have_different_positions(alice: Actor) -> None:
    written = successes(await at_once(*(alice.create() for _ in range(20))))

    in_order = sorted(written, key=lambda write: write.revision)
    assert [write.record.position for write in in_order] == sorted(
        {write.record.position for write in written}
    )


async def test_of_20_edits_at_one_expected_revision_one_wins(alice: Actor) -> None:
    task = (await alice.create()).record

    outcomes = await at_once(
        *(alice.change(task.id, title=f"By {number}", if_match=1) for number in range(20))
    )

    (winner,) = successes(outcomes)
    losers = failures(outcomes, PreconditionFailed)
    assert [(winner.record, 2)] * 19 == [(loser.current, loser.revision) for loser in losers]
    assert (winner.record, 2) == (await alice.get(task.id), await alice.revision())
    await require_sound_ledger(alice)


async def test_of_20_creations_at_one_expected_revision_one_wins(alice: Actor) -> None:
    outcomes = await at_once(*(alice.create(str(number), if_match=0) for number in range(20)))

    (winner,) = successes(outcomes)
    assert 19 == len(failures(outcomes, PreconditionFailed))
    assert [winner.record] == (await alice.listing()).tasks
    await require_sound_ledger(alice)


async def test_concurrent_changes_of_different_fields_all_survive(alice: Actor) -> None:
    task = (await alice.create()).record
    fields: dict[str, Any] = {
        "title": "New",
        "description": "Words",
        "priority": "high",
        "tags": ("a",),
        "completed": True,
    }

    await at_once(*(alice.change(task.id, **{name: value}) for name, value in fields.items()))

    after = await alice.get(task.id)
    assert ("New", "Words", "high", ["a"], True) == (
        after.title,
        after.description,
        after.priority,
        after.tags,
        after.completed,
    )
    assert 6 == len(await require_sound_ledger(alice))


async def test_an_edit_does_not_bring_back_a_task_that_is_deleted_meanwhile(alice: Actor) -> None:
    for number in range(10):
        task = (await alice.create(str(number))).record
        works = [
            alice.change(task.id, title="Changed"),
            alice.toggle(task.id),
            alice.delete(task.id),
            alice.complete(task.id),
            alice.change(task.id, title="Changed again"),
        ]

        outcomes = await at_once(*works[number % 5 :], *works[: number % 5])

        deletion = next(write for write in successes(outcomes) if write.record.deleted_at)
        assert all(write.revision <= deletion.revision for write in successes(outcomes))
        with pytest.raises(TaskNotFound):
            await alice.get(task.id)
    assert [] == await alice.titles()
    await require_sound_ledger(alice)


async def test_of_two_deletions_at_once_one_finds_the_task(alice: Actor) -> None:
    task = (await alice.create()).record

    outcomes = await at_once(*(alice.delete(task.id) for _ in range(10)))

    assert (1, 9) == (len(successes(outcomes)), len(failures(outcomes, TaskNotFound)))
    assert 2 == len(await require_sound_ledger(alice))


async def test_of_20_completions_at_once_one_changes_the_task(alice: Actor) -> None:
    task = (await alice.create()).record

    written = successes(await at_once(*(alice.complete(task.id) for _ in range(20))))

    after = await alice.get(task.id)
    assert [after] * 20 == [write.record for write in written]
    assert [2] * 20 == [write.revision for write in written]
    assert 1 == sum(write.changed for write in written)


async def test_no_toggle_is_lost(alice: Actor) -> None:
    task = (await alice.create()).record

    written = successes(await at_once(*(alice.toggle(task.id) for _ in range(21))))

    assert list(range(2, 23)) == sorted(write.revision for write in written)
    assert all(write.record.completed == (write.revision % 2 == 0) for write in written)
    assert (await alice.get(task.id)).completed
    await require_sound_ledger(alice)


async def test_a_list_read_while_others_write_is_of_one_moment(alice: Actor) -> None:
    priorities: list[Priority] = ["low", "medium", "high"]

    async def write(number: int) -> None:
        for priority in priorities:
            await alice.create(f"{number}", priority=priority)

    async def read() -> None:
        while (listing := await alice.listing()).revision < 30:
            assert listing.revision == len(listing.tasks)
            page = await alice.listing(limit=5)
            assert (page.total, min(5, page.revision)) == (page.revision, len(page.tasks))
            await asyncio.sleep(0)

    await asyncio.gather(read(), read(), *(write(number) for number in range(10)))

    assert 30 == len(await require_sound_ledger(alice))
