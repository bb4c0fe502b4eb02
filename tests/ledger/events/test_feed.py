"""What followers are told: every event once, in order, from wherever they resume."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import Text, bindparam, delete, insert, update

from donebook.errors import (
    DatabaseUnavailable,
    Overloaded,
    ResyncRequired,
    RevisionAhead,
    TooManyRequests,
    UserUnknown,
)
from donebook.ledger.events.audience import ERASED, FeedEnded
from donebook.ledger.events.feed import EXPIRED, STOPPING, Feed
from donebook.ledger.events.position import Position, after_revision, parse_position
from donebook.ledger.model import tombstones
from donebook.ledger.operations import Edit
from donebook.ledger.upkeep.maintenance import Retention, maintain
from donebook.ledger.writing.revision import OpenRevision
from donebook.principal import Principal
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.tasks.kind import TASKS
from donebook.tasks.model import tasks
from donebook.tasks.operations import change, complete, new_task, restore
from tests.ledger.events.conftest import PATIENCE, Process, StartProcess, signed_in, take, take_all
from tests.tasks.actors import START, Actor, TaskFacts

BEGINNING = after_revision(0)


async def create_together(actor: Actor, *titles: str) -> list[int]:
    """Create tasks within one revision; their numbers."""

    async def create(revision: OpenRevision) -> list[int]:
        return [(await revision.create(new_task(title), TaskFacts)).record.id for title in titles]

    return await actor.database.transact(
        lambda transaction: OpenRevision.take(transaction, actor.principal, actor.writing(), create)
    )


async def test_a_follower_is_told_of_what_happens_from_now_on(process: Process, alice: Actor) -> None:
    await alice.create("before")
    follower = await process.follow(alice)
    await alice.create("after")
    assert ["2 created after"] == await take(follower, 1)


async def test_each_kind_of_change_has_its_action(process: Process, alice: Actor) -> None:
    follower = await process.follow(alice)
    number = (await alice.create("Tea")).record.id
    await alice.change(number, title="Coffee")
    await alice.complete(number)
    await alice.toggle(number)
    await alice.delete(number)
    await alice.edit(restore(number))
    moved = Edit(TASKS, number, frozenset({"position"}), {"position": "2000000000000000"}, "moved")
    await alice.edit(moved)

    assert [
        "1 created Tea",
        "2 updated Coffee",
        "3 completed Coffee",
        "4 reopened Coffee",
        "5 deleted Coffee",
        "6 restored Coffee",
        "7 moved Coffee",
    ] == await take(follower, 7)


async def test_an_event_carries_the_task_as_it_was_then(process: Process, alice: Actor) -> None:
    number = (await alice.create("first")).record.id
    await alice.change(number, title="second")
    await alice.delete(number)

    follower = await process.follow(alice, BEGINNING)
    assert ["1 created first", "2 updated second", "3 deleted second"] == await take(follower, 3)


async def test_a_follower_resumes_after_any_event_it_has_seen(process: Process, alice: Actor) -> None:
    await alice.create("a")
    first, _, third = await create_together(alice, "b", "c", "d")
    await alice.complete(first)

    async def complete_two(revision: OpenRevision) -> None:
        await revision.edit(change(third, {"title": "D"}), TaskFacts)
        await revision.edit(complete(third), TaskFacts)
        await revision.edit(change(first, {"title": "B"}), TaskFacts)

    await alice.database.transact(
        lambda transaction: OpenRevision.take(transaction, alice.principal, alice.writing(), complete_two)
    )
    await alice.create("e")

    everything = await take(await process.follow(alice, BEGINNING), 8)
    assert [
        "1 created a",
        f"1.{first} created b",
        f"1.{first + 1} created c",
        "2 created d",
        "3 completed b",
        f"3.{first} updated B",
        "4 updated D",
        "5 created e",
    ] == everything
    for seen, line in enumerate(everything, 1):
        resumed = await process.follow(alice, parse_position(line.split()[0]))
        assert everything[seen:] == await take_all(resumed)


async def test_more_than_a_page_of_missed_events_comes_whole(process: Process, alice: Actor) -> None:
    titles = [f"task {index}" for index in range(130)]
    for start in range(0, 130, 65):
        await create_together(alice, *titles[start : start + 65])

    lines = await take(await process.follow(alice, BEGINNING), 130)
    assert titles == [line.split(" ", 2)[2] for line in lines]
    assert ["1", "2"] == [line.split()[0] for line in lines if "." not in line.split()[0]]


async def test_a_burst_of_more_than_a_page_comes_whole(process: Process, alice: Actor) -> None:
    follower = await process.follow(alice)
    titles = [f"task {index}" for index in range(230)]
    await create_together(alice, *titles)
    assert titles == [line.split(" ", 2)[2] for line in await take(follower, 230)]


async def test_nobody_is_told_of_anothers_tasks(process: Process, alice: Actor, bob: Actor) -> None:
    follower = await process.follow(alice)
    await bob.create("bob's")
    await alice.create("alice's")
    assert ["1 created alice's"] == await take_all(follower)


async def test_followers_of_all_processes_are_told(start_process: StartProcess, alice: Actor) -> None:
    here, there = await start_process(), await start_process()
    followers = [await here.follow(alice), await there.follow(alice), await there.follow(alice)]
    await here.acting(alice).create("Tea")
    for follower in followers:
        assert ["1 created Tea"] == await take(follower, 1)


async def test_those_who_join_amid_writes_miss_nothing_and_see_nothing_twice(
    start_process: StartProcess, alice: Actor
) -> None:
    processes = [await start_process(), await start_process()]
    writes = 40

    async def write(process: Process) -> None:
        for index in range(writes):
            await process.acting(alice).create(f"{index}")
            await asyncio.sleep(0)

    async def follow(process: Process, joining: int) -> tuple[int, list[int]]:
        await asyncio.sleep(joining / 100)
        follower = await process.follow(alice)
        joined = follower.place.revision
        lines = await take(follower, 2 * writes - joined)
        return joined, [int(line.split()[0]) for line in lines]

    async with asyncio.TaskGroup() as group:
        following = [
            group.create_task(follow(process, joining)) for process in processes for joining in range(20)
        ]
        for process in processes:
            group.create_task(write(process))
    for each in following:
        joined, revisions = each.result()
        assert list(range(joined + 1, 2 * writes + 1)) == revisions


async def test_what_is_written_while_one_joins_is_not_missed(
    process: Process, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = process.database.read

    async def read_and_write(statement: Statement, values: dict[str, object]) -> object:
        rows = await read(statement, values)
        if statement.name == "followable":
            monkeypatch.undo()
            await alice.create("in between")
        return rows

    monkeypatch.setattr(process.database, "read", read_and_write)
    follower = await process.follow(alice)
    assert ["1 created in between"] == await take(follower, 1)


async def test_a_follower_that_is_slow_is_told_everything_once(
    process: Process, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("donebook.ledger.events.audience.LAG_LIMIT", 64)
    quick, slow = await process.follow(alice), await process.follow(alice)
    expected = []
    for index in range(20):
        await alice.create(f"{index}")
        expected += await take(quick, 1)
    # What it lags behind is not kept for it: it reads that by itself.
    assert slow._batch is None
    assert expected == await take(slow, 20)
    await alice.create("the last")
    assert ["21 created the last"] == await take(slow, 1)


async def test_a_revision_that_there_is_not_yet_is_refused(process: Process, alice: Actor) -> None:
    await alice.create("Tea")
    for place in (after_revision(2), Position(2, 1)):
        with pytest.raises(RevisionAhead):
            await process.follow(alice, place)
    assert 0 == process.feed.followers


async def test_before_what_is_kept_one_has_to_synchronise_anew(process: Process, alice: Actor) -> None:
    for title in ("a", "b", "c"):
        await alice.create(title)
    owner = alice.principal.user_id
    forget = Statement("forget", update(spaces).where(spaces.c.id == owner).values(floor=2))
    await process.database.write(forget, {"owner": owner})

    for place in (after_revision(0), after_revision(1), Position(2, 1)):
        with pytest.raises(ResyncRequired):
            await process.follow(alice, place)
    assert ["3 created c"] == await take(await process.follow(alice, after_revision(2)), 1)


YEARS = Retention(trash=timedelta(days=30), tombstones=timedelta(days=90), history=timedelta(days=365))


async def test_before_what_history_is_kept_one_has_to_synchronise_anew(
    process: Process, alice: Actor
) -> None:
    number = (await alice.create("a")).record.id
    for title in ("b", "c"):
        await alice.change(number, title=title)
    alice.now += timedelta(days=400)
    await alice.change(number, title="d")
    await maintain(process.database, YEARS, alice.now)

    for revision in (0, 1, 2):
        with pytest.raises(ResyncRequired):
            await process.follow(alice, after_revision(revision))
    assert ["4 updated d"] == await take(await process.follow(alice, after_revision(3)), 1)


async def test_a_deletion_older_than_history_has_one_synchronise_anew_although_its_tombstone_stands(
    process: Process, alice: Actor
) -> None:
    long_tombstones = Retention(
        trash=timedelta(days=1), tombstones=timedelta(days=900), history=timedelta(days=10)
    )
    number = (await alice.create("a")).record.id
    await alice.create("b")
    await alice.delete(number)
    await maintain(process.database, long_tombstones, alice.now + timedelta(days=2))  # erases: revision 4
    await maintain(process.database, long_tombstones, alice.now + timedelta(days=30))

    for revision in (1, 2, 3):
        with pytest.raises(ResyncRequired):
            await process.follow(alice, after_revision(revision))
    alice.now += timedelta(days=30)
    await alice.create("c")
    assert ["5 created c"] == await take(await process.follow(alice, after_revision(4)), 1)


async def test_where_no_history_was_pruned_one_resumes_from_the_beginning(
    process: Process, alice: Actor
) -> None:
    await maintain(process.database, YEARS, START)
    await alice.create("a")
    await maintain(process.database, YEARS, START + timedelta(days=300))
    assert ["1 created a"] == await take(await process.follow(alice, BEGINNING), 1)


async def test_of_a_task_that_is_gone_for_good_the_ids_are_left(process: Process, alice: Actor) -> None:
    task = (await alice.create("Tea")).record
    await alice.delete(task.id)
    owner = alice.principal.user_id
    bury = insert(tombstones).values(
        owner_id=owner, revision=3, task_id=task.id, uuid=task.uuid, erased_at=START
    )
    for each in (bury, delete(tasks).where(tasks.c.owner_id == owner)):
        await process.database.write(Statement("erase", each), {"owner": owner})

    follower = await process.follow(alice, BEGINNING)
    assert [f"1 created {task.uuid}", f"2 deleted {task.uuid}"] == await take(follower, 2)


async def test_an_unknown_user_cannot_follow(process: Process) -> None:
    with pytest.raises(UserUnknown):
        await process.feed.follow(signed_in(Principal("nobody")))
    assert 0 == process.feed.followers


async def test_a_follower_ends_with_its_token(process: Process, alice: Actor) -> None:
    follower = await process.follow(alice, seconds=0.05)
    with pytest.raises(FeedEnded, match=EXPIRED):
        await follower.take(PATIENCE)


async def test_the_followers_of_an_erased_user_end(
    process: Process, start_process: StartProcess, alice: Actor
) -> None:
    follower = await process.follow(alice)
    erase = Statement("erase", delete(spaces).where(spaces.c.id == bindparam("owner", type_=Text)))
    await (await start_process()).database.write(erase, {"owner": alice.principal.user_id})
    with pytest.raises(FeedEnded, match=ERASED):
        await follower.take(PATIENCE)


async def test_stopping_ends_all_followers_and_takes_no_more(process: Process, alice: Actor) -> None:
    followers = [await process.follow(alice) for _ in range(3)]
    process.feed.stop()
    for follower in followers:
        with pytest.raises(FeedEnded, match=STOPPING):
            await follower.take(PATIENCE)
    with pytest.raises(Overloaded):
        await process.follow(alice)


async def test_there_are_no_more_followers_than_the_limit(process: Process, alice: Actor) -> None:
    feed: Feed[TaskFacts] = Feed(
        process.database, process.feed._announcements, TASKS, TaskFacts, lambda _: b"", limit=1
    )
    first = await feed.follow(signed_in(alice.principal))
    with pytest.raises(Overloaded):
        await feed.follow(signed_in(alice.principal))
    feed.leave(first)
    feed.leave(await feed.follow(signed_in(alice.principal)))
    assert 0 == feed.followers


async def test_a_user_has_no_more_followers_than_one_may_and_others_are_not_affected(
    process: Process, alice: Actor, bob: Actor
) -> None:
    feed: Feed[TaskFacts] = Feed(
        process.database, process.feed._announcements, TASKS, TaskFacts, lambda _: b"", limit_per_user=2
    )
    mine = [await feed.follow(signed_in(alice.principal)) for _ in range(2)]
    with pytest.raises(TooManyRequests):
        await feed.follow(signed_in(alice.principal))
    theirs = await feed.follow(signed_in(bob.principal))
    feed.leave(mine.pop())
    mine.append(await feed.follow(signed_in(alice.principal)))
    for follower in (*mine, theirs):
        feed.leave(follower)
    assert {} == feed._audiences


async def test_of_many_who_come_at_once_no_more_than_one_user_may_have_are_let_in(
    process: Process, alice: Actor
) -> None:
    feed: Feed[TaskFacts] = Feed(
        process.database, process.feed._announcements, TASKS, TaskFacts, lambda _: b"", limit_per_user=2
    )
    came = await asyncio.gather(
        *(feed.follow(signed_in(alice.principal)) for _ in range(10)), return_exceptions=True
    )
    assert 8 == sum(isinstance(each, TooManyRequests) for each in came)
    assert 2 == feed.followers


async def test_nothing_is_kept_of_those_who_left(process: Process, alice: Actor) -> None:
    followers = [await process.follow(alice) for _ in range(3)]
    for follower in followers:
        process.feed.leave(follower)
        process.feed.leave(follower)
    assert 0 == process.feed.followers
    assert {} == process.feed._audiences


async def test_news_that_could_not_be_read_come_later(
    process: Process, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = await process.follow(alice)
    read = process.database.read
    failures = iter([True, True])

    async def failing_read(statement: Statement, values: dict[str, object]) -> object:
        if next(failures, False):
            raise DatabaseUnavailable("a test says so")
        return await read(statement, values)

    monkeypatch.setattr(process.database, "read", failing_read)
    await alice.create("Tea")
    assert ["1 created Tea"] == await take(follower, 1)


async def test_missed_events_that_cannot_be_read_end_the_follower(
    process: Process, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await alice.create("Tea")
    follower = await process.follow(alice, BEGINNING)

    async def failing_read(statement: Statement, values: dict[str, object]) -> object:
        raise DatabaseUnavailable("a test says so")

    monkeypatch.setattr(process.database, "read", failing_read)
    with pytest.raises(FeedEnded, match="database"):
        await follower.take(PATIENCE)
