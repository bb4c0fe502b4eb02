"""Quotas: what one user may fill the service with, and what is never refused."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from donebook.errors import (
    AnswerQuotaExceeded,
    ChangeNotFound,
    HistoryQuotaExceeded,
    OperationFailed,
    PreconditionFailed,
    ResyncRequired,
    TaskQuotaExceeded,
)
from donebook.ledger.operations import Edit, Writing
from donebook.ledger.reading.changes import list_changes
from donebook.ledger.reading.sync import changes_since
from donebook.ledger.upkeep.maintenance import Retention, maintain
from donebook.ledger.upkeep.usage import Usage, largest_spaces, recount, recount_all
from donebook.ledger.writing.batch import Operation, apply_batch
from donebook.ledger.writing.idempotency import LIFETIME, Once, perform_once
from donebook.ledger.writing.merging import Merge, merge_record
from donebook.ledger.writing.trash import erase_record
from donebook.ledger.writing.undo import undo_change
from donebook.spaces.quotas import Quotas
from donebook.storage.database import Database
from donebook.storage.statement import Statement
from donebook.tasks.kind import TASKS
from donebook.tasks.operations import change, complete, delete, new_task, reopen, restore, toggle
from tests.databases import open_database
from tests.tasks.actors import Actor, TaskFacts, new_actor

FOREVER = timedelta(days=36_500)
KIB = 1024
_keys = count(1)


class Bounded(Actor):
    """A user with quotas."""

    quotas = Quotas()

    def writing(self, if_match: int | None = None) -> Writing:
        return replace(super().writing(if_match), quotas=self.quotas)

    async def batch(self, *operations: Operation) -> Sequence[TaskFacts]:
        outcome = await apply_batch(
            self.database, self.principal, operations, self.writing(), TaskFacts, kind=TASKS
        )
        return outcome.records

    async def merge(self, merge: Merge) -> None:
        await merge_record(self.database, self.principal, merge, self.writing(), TaskFacts)

    async def undo(self, revision: int) -> None:
        await undo_change(self.database, self.principal, revision, self.writing(), TaskFacts, kind=TASKS)

    async def erase(self, number: int) -> None:
        await erase_record(self.database, self.principal, number, self.writing(), TaskFacts, kind=TASKS)

    async def keyed(self, answer: bytes, *, deletes: bool = False, key: str | None = None) -> bool:
        async def perform(_: Database) -> bytes:
            return answer

        once = Once(key or f"key-{next(_keys)}", "print", deletes=deletes)
        writing = self.writing()
        _, replayed = await perform_once(
            self.database, self.principal, once, writing.now, perform, quotas=self.quotas
        )
        return replayed

    async def once(self, key: str, work: Callable[["Bounded"], Awaitable[Any]]) -> bool:
        """Do the work under a key; whether it was done before."""

        async def perform(database: Database) -> bytes:
            actor = Bounded(database, self.principal, self.now)
            actor.quotas = self.quotas
            await work(actor)
            return b"done"

        once = Once(key, "print")
        _, replayed = await perform_once(
            self.database, self.principal, once, self.writing().now, perform, quotas=self.quotas
        )
        return replayed

    async def usage(self) -> Usage:
        (found,) = [
            each for each in await largest_spaces(self.database, 100) if each.space == self.principal.user_id
        ]
        assert not await recount(self.database, self.principal.user_id)
        return found


@pytest.fixture
async def ada(database: Database) -> Bounded:
    return Bounded(database, (await new_actor(database)).principal)


async def test_there_are_as_many_tasks_as_the_quota_says_and_no_more(ada: Bounded) -> None:
    ada.quotas = Quotas(tasks=2)
    one = (await ada.create("one")).record
    two = (await ada.create("two", uuid=uuid4())).record

    with pytest.raises(TaskQuotaExceeded) as refused:
        await ada.create("three")
    with pytest.raises(TaskQuotaExceeded):
        await ada.create("three", uuid=uuid4())
    with pytest.raises(TaskQuotaExceeded):
        await ada.create("three", if_match=2)

    assert ("tasks", 2) == (refused.value.limit, refused.value.quota)
    assert 2 == await ada.revision()
    # What is there can be edited, and a creation that is sent again finds what it made.
    assert "other" == (await ada.change(one.id, title="other")).record.title
    assert not (await ada.create("two", uuid=two.uuid)).changed


async def test_a_condition_that_does_not_hold_is_told_before_a_quota(ada: Bounded) -> None:
    ada.quotas = Quotas(tasks=0)

    with pytest.raises(PreconditionFailed):
        await ada.create("one", if_match=7)


async def test_the_trash_counts_until_it_is_emptied(ada: Bounded) -> None:
    ada.quotas = Quotas(tasks=1)
    task = (await ada.create("one")).record
    await ada.delete(task.id)
    with pytest.raises(TaskQuotaExceeded):
        await ada.create("two")

    await ada.erase(task.id)

    assert (await ada.create("two")).changed
    assert 1 == (await ada.usage()).tasks


async def test_a_batch_is_refused_as_a_whole_and_says_which_operation_is_too_much(ada: Bounded) -> None:
    ada.quotas = Quotas(tasks=2)

    with pytest.raises(OperationFailed) as failed:
        await ada.batch(*(new_task(f"{number}") for number in range(3)))

    assert (2, TaskQuotaExceeded) == (failed.value.index, type(failed.value.cause))
    assert (0, 0) == ((await ada.usage()).tasks, await ada.revision())


async def test_the_oldest_history_makes_room_and_growth_is_bounded(ada: Bounded) -> None:
    ada.quotas = Quotas(history_bytes=100 * KIB)
    task = (await ada.create("one", description="x" * 10_000)).record

    for number in range(100):
        await ada.change(task.id, title=f"{number}")
        # A write may pass the quota once.
        assert (await ada.usage()).history_bytes < 111 * KIB

    assert "99" == (await ada.get(task.id)).title
    told = [
        each.revision for each in (await list_changes(ada.database, ada.principal, TASKS, limit=100)).changes
    ]
    assert told == sorted(told, reverse=True)
    assert 101 == told[0] if told else await ada.revision()
    assert len(told) < 12


async def test_writers_at_once_all_find_the_room_that_the_oldest_history_makes(ada: Bounded) -> None:
    ada.quotas = Quotas(history_bytes=100 * KIB)
    made = [(await ada.create(f"{number}", description="x" * 10_000)).record.id for number in range(5)]

    # What one of them frees, another may fill before it.
    for number in range(3):
        await asyncio.gather(*(ada.change(task, title=f"{number}{turn}") for task in made for turn in "abcd"))

    assert 5 + 60 == await ada.revision()
    await ada.usage()


async def test_what_is_forgotten_cannot_be_undone_and_streams_begin_anew(ada: Bounded) -> None:
    ada.quotas = Quotas(history_bytes=20 * KIB)
    erased = (await ada.create("erased")).record
    await ada.delete(erased.id)
    await ada.erase(erased.id)
    task = (await ada.create("one", description="x" * 10_000)).record
    for number in range(5):
        await ada.change(task.id, title=f"{number}")

    with pytest.raises(ChangeNotFound):
        await ada.undo(4)
    # The deletion went with the history: whoever has not heard of it reads everything.
    with pytest.raises(ResyncRequired):
        await changes_since(ada.database, ada.principal, 1, 100, TaskFacts, kind=TASKS)
    whole = await changes_since(ada.database, ada.principal, None, 100, TaskFacts, kind=TASKS)
    assert ["4"] == [each.title for each in whole.records]


async def test_writes_are_refused_where_nothing_can_be_forgotten(ada: Bounded) -> None:
    ada.quotas = Quotas(history_bytes=30_000)
    made = [(await ada.create(f"{number}", description="x" * 10_000)).record for number in range(3)]

    for refused in (
        ada.create("more"),
        ada.create("more", uuid=uuid4()),
        ada.change(made[0].id, title="other"),
        ada.edit(complete(made[0].id)),
        ada.batch(change(made[0].id, {"title": "other"})),
        ada.merge(Merge(TASKS, made[0].id, {"title": "other"}, 3)),
    ):
        with pytest.raises(HistoryQuotaExceeded) as failure:
            await refused
        assert ("history", 30_000) == (failure.value.limit, failure.value.quota)
    assert 3 == await ada.revision()
    # Nothing is to change here, which is no write.
    assert not (await ada.edit(reopen(made[0].id))).changed


async def test_deleting_is_never_refused(ada: Bounded) -> None:
    made = [(await ada.create(f"{number}", description="x" * 10_000)).record for number in range(5)]
    ada.quotas = Quotas(tasks=0, history_bytes=0, answer_bytes=0)

    await ada.delete(made[0].id)
    await ada.batch(delete(made[1].id), delete(made[2].id))
    await ada.undo(4)  # deletes what the revision created
    assert not await ada.keyed(b"", deletes=True)
    for task in made[:3]:
        await ada.erase(task.id)

    usage = await ada.usage()
    assert 2 == usage.tasks
    with pytest.raises(HistoryQuotaExceeded):
        await ada.edit(restore(made[3].id))
    await maintain(ada.database, Retention(timedelta(0), FOREVER, FOREVER), ada.now + timedelta(1))
    assert 1 == (await ada.usage()).tasks


async def test_creating_and_deleting_in_one_batch_does_not_pass_for_deleting(ada: Bounded) -> None:
    uuid = uuid4()
    ada.quotas = Quotas(history_bytes=0)

    with pytest.raises(HistoryQuotaExceeded):
        await ada.batch(new_task("x" * 500, uuid=uuid), delete(uuid))


async def test_erasing_frees_what_the_history_of_the_task_held(ada: Bounded) -> None:
    ada.quotas = Quotas(history_bytes=30_000)
    made = [(await ada.create(f"{number}", description="x" * 10_000)).record for number in range(3)]
    with pytest.raises(HistoryQuotaExceeded):
        await ada.create("more")

    await ada.delete(made[0].id)
    await ada.erase(made[0].id)

    assert (await ada.create("more")).changed


async def test_answers_that_are_promised_are_kept_and_no_more_are_promised_than_fit(ada: Bounded) -> None:
    ada.quotas = Quotas(answer_bytes=2 * KIB)
    await ada.keyed(b"x" * 2 * KIB, key="first")

    with pytest.raises(AnswerQuotaExceeded) as refused:
        await ada.keyed(b"y")

    assert ("answers", 2 * KIB) == (refused.value.limit, refused.value.quota)
    assert await ada.keyed(b"x" * 2 * KIB, key="first")
    assert 200 + 5 + 2 * KIB == (await ada.usage()).answer_bytes


async def test_what_only_deletes_is_done_under_a_key_where_the_answers_are_full(ada: Bounded) -> None:
    made = [(await ada.create(f"{number}")).record.id for number in range(4)]
    ada.quotas = Quotas(answer_bytes=KIB)
    await ada.keyed(b"x" * KIB)

    assert not await ada.once("batch", lambda actor: actor.batch(delete(made[0]), delete(made[1])))
    assert not await ada.once("undo", lambda actor: actor.undo(4))

    assert [made[2]] == [each.id for each in (await ada.listing()).tasks]
    # Their answers are kept as ever.
    assert await ada.once("batch", lambda actor: actor.batch(delete(made[2])))
    assert await ada.once("undo", lambda actor: actor.undo(3))
    assert 6 == await ada.revision()
    await ada.usage()


@pytest.mark.parametrize(
    "name", ["edit", "mixed", "born and deleted", "restored", "undone deletion", "nothing"]
)
async def test_what_does_more_than_delete_is_taken_back_where_the_answers_are_full(
    ada: Bounded, name: str
) -> None:
    kept, gone = [(await ada.create(title)).record.id for title in ("kept", "gone")]
    await ada.delete(gone)
    uuid = uuid4()
    works: dict[str, Callable[[Bounded], Awaitable[Any]]] = {
        "edit": lambda actor: actor.change(kept, title="other"),
        "mixed": lambda actor: actor.batch(delete(kept), new_task("new")),
        "born and deleted": lambda actor: actor.batch(new_task("new", uuid=uuid), delete(uuid)),
        "restored": lambda actor: actor.batch(restore(gone)),
        "undone deletion": lambda actor: actor.undo(3),
        "nothing": lambda actor: actor.batch(reopen(kept)),
    }
    ada.quotas = Quotas(answer_bytes=KIB)
    await ada.keyed(b"x" * KIB)
    before = await ada.usage()

    with pytest.raises(AnswerQuotaExceeded):
        await ada.once("key", works[name])

    assert (3, before) == (await ada.revision(), await ada.usage())
    assert ["kept"] == await ada.titles()


async def test_deleting_and_restoring_for_ever_does_not_fill_the_disk_with_answers(ada: Bounded) -> None:
    task = (await ada.create("one")).record.id
    ada.quotas = Quotas(answer_bytes=KIB)
    for number in range(20):
        assert not await ada.once(f"{number}", lambda actor: actor.batch(delete(task)))
        await ada.edit(restore(task))

    assert 2 * KIB <= (await ada.usage()).answer_bytes < 2 * KIB + 300


async def test_answers_past_their_time_make_room(ada: Bounded) -> None:
    ada.quotas = Quotas(answer_bytes=KIB)
    await ada.keyed(b"x" * KIB, key="first")
    ada.now += LIFETIME

    assert not await ada.keyed(b"y", key="second")
    assert not await ada.keyed(b"z", key="first")

    assert 2 * 200 + 6 + 5 + 2 == (await ada.usage()).answer_bytes


async def test_an_answer_whose_key_is_used_again_after_its_time_counts_once(ada: Bounded) -> None:
    await ada.keyed(b"x" * KIB, key="key")
    ada.now += LIFETIME

    assert not await ada.keyed(b"y", key="key")

    assert 200 + 3 + 1 == (await ada.usage()).answer_bytes


async def test_a_write_with_a_key_makes_room_in_the_history_too(ada: Bounded) -> None:
    ada.quotas = Quotas(history_bytes=50 * KIB)
    task = (await ada.create("one", description="x" * 10_000)).record
    for number in range(20):

        async def rename(database: Database, number: int = number) -> bytes:
            actor = Bounded(database, ada.principal, ada.now)
            actor.quotas = ada.quotas
            await actor.change(task.id, title=f"{number}")
            return b"done"

        once = Once(f"key-{next(_keys)}", "print")
        ada.now += timedelta(seconds=2)
        await perform_once(ada.database, ada.principal, once, ada.now, rename, quotas=ada.quotas)

    assert "19" == (await ada.get(task.id)).title
    assert (await ada.usage()).history_bytes < 61 * KIB


async def test_tiny_requests_that_write_much_stay_within_bounds(ada: Bounded) -> None:
    """Completing a hundred long tasks at once, and undoing that again and again, with new keys."""
    ada.quotas = Quotas(tasks=100, history_bytes=2048 * KIB, answer_bytes=300 * KIB)
    made: list[TaskFacts] = []
    for _ in range(2):
        made += await ada.batch(*(new_task("long", description="x" * 8_000) for _ in range(50)))
    bob = await new_actor(ada.database)
    one_write = 100 * 8_300

    await ada.batch(*(complete(task.id) for task in made))
    for _ in range(20):
        await ada.undo(await ada.revision())
        usage = await ada.usage()
        assert usage.history_bytes < 2048 * KIB + one_write
    for _ in range(3):
        await ada.keyed(b"x" * 100 * KIB)
    with pytest.raises(AnswerQuotaExceeded):
        await ada.keyed(b"x" * 100 * KIB)
    assert (await ada.usage()).answer_bytes < 500 * KIB

    assert (await bob.create("not affected")).changed


async def test_counters_that_went_wrong_are_mended(ada: Bounded) -> None:
    await ada.create("one")
    right = await ada.usage()
    spoil = Statement("spoil", text("UPDATE spaces SET tasks = 7, history_bytes = -1"), crosses_owners=True)
    await ada.database.write(spoil, {})

    assert 1 == await recount_all(ada.database)
    assert right == await ada.usage()
    assert 0 == await recount_all(ada.database)


@pytest.mark.parametrize("words", [("é", "ß", "\U0001f600"), ('"', "\\", "\n"), ("a", "b, c", "")])
async def test_both_databases_count_the_same_bytes(
    sqlite_url: str, postgresql_url: str, words: tuple[str, ...]
) -> None:
    counted: list[Any] = []
    for url in (sqlite_url, postgresql_url):
        async with open_database(url) as database:
            ada = Bounded(database, (await new_actor(database)).principal)
            title, description, _ = words
            task = (await ada.create(title * 3, description=description or None, tags=words)).record
            await ada.edit(toggle(task.id))
            await ada.change(task.id, tags=words[:1])
            await ada.edit(Edit(TASKS, task.id, frozenset()))
            usage = await ada.usage()
            counted.append((usage.tasks, usage.history_bytes))

    assert counted[0] == counted[1]
    sizes = [len(f"[{', '.join(words)}]".encode())]
    assert counted[0][1] > 3 * 200 + sizes[0]


async def test_writers_at_once_are_all_counted_and_the_last_place_is_given_once(ada: Bounded) -> None:

    ada.quotas = Quotas(tasks=10)

    made = await asyncio.gather(*(ada.create(f"{number}") for number in range(20)), return_exceptions=True)

    assert 10 == sum(isinstance(each, TaskQuotaExceeded) for each in made)
    assert (10, 10) == ((await ada.usage()).tasks, await ada.revision())
