"""Moving tasks about."""

import random

import pytest

from donebook.errors import NeighbourNotFound, PreconditionFailed, TaskNotFound
from donebook.ledger.kinds.positions import LONGEST
from donebook.ledger.operations import Key, Move
from donebook.ledger.writing import records
from donebook.ledger.writing.revision import OpenRevision, Written
from donebook.tasks.kind import TASKS
from tests.tasks.actors import Actor, TaskFacts


async def _move(
    actor: Actor, key: Key, side: str, anchor: Key | None = None, *, if_match: int | None = None
) -> Written[TaskFacts]:
    assert side in {"before", "after"}
    move = Move(TASKS, key, "before" if side == "before" else "after", anchor)
    return await records.move_record(
        actor.database, actor.principal, move, actor.writing(if_match), TaskFacts
    )


async def _arranged(actor: Actor) -> str:
    return "".join(await actor.titles(sort="position"))


@pytest.fixture
async def numbers(alice: Actor) -> dict[str, int]:
    return {title: (await alice.create(title)).record.id for title in "abcde"}


async def test_new_tasks_come_last(alice: Actor, numbers: dict[str, int]) -> None:
    assert "abcde" == await _arranged(alice)


@pytest.mark.parametrize(
    ("move", "expected"),
    [
        (("c", "before", None), "cabde"),
        (("c", "after", None), "abdec"),
        (("e", "before", "b"), "aebcd"),
        (("a", "before", "e"), "bcdae"),
        (("a", "after", "e"), "bcdea"),
        (("e", "after", "a"), "aebcd"),
        (("c", "before", "a"), "cabde"),
    ],
)
async def test_a_task_moves(
    alice: Actor, numbers: dict[str, int], move: tuple[str, str, str | None], expected: str
) -> None:
    task, side, anchor = move

    moved = await _move(alice, numbers[task], side, numbers[anchor] if anchor else None)

    assert (True, 6) == (moved.changed, moved.revision)
    assert expected == await _arranged(alice)
    assert "moved" == (await alice.versions())[-1].action


@pytest.mark.parametrize(
    ("task", "side", "anchor"),
    [
        ("a", "before", None),
        ("e", "after", None),
        ("b", "after", "a"),
        ("b", "before", "c"),
        ("a", "before", "b"),
        ("b", "before", "b"),
        ("b", "after", "b"),
    ],
)
async def test_a_task_that_is_there_already_takes_no_revision(
    alice: Actor, numbers: dict[str, int], task: str, side: str, anchor: str | None
) -> None:
    moved = await _move(alice, numbers[task], side, numbers[anchor] if anchor else None)

    assert (False, numbers[task]) == (moved.changed, moved.record.id)
    assert 5 == await alice.revision()


async def test_moves_to_the_ends_stay_in_order(alice: Actor, numbers: dict[str, int]) -> None:
    for title in "bdace":
        await _move(alice, numbers[title], "before")
    assert "ecadb" == await _arranged(alice)

    await alice.create("f")
    for title in "ce":
        await _move(alice, numbers[title], "after")
    assert "adbfce" == await _arranged(alice)


async def test_a_task_in_the_trash_is_no_neighbour(alice: Actor, numbers: dict[str, int]) -> None:
    await alice.delete(numbers["b"])

    with pytest.raises(NeighbourNotFound):
        await _move(alice, numbers["e"], "before", numbers["b"])

    assert not (await _move(alice, numbers["c"], "after", numbers["a"])).changed


async def test_a_task_of_another_user_is_neither_moved_nor_a_neighbour(
    alice: Actor, bob: Actor, numbers: dict[str, int]
) -> None:
    theirs = (await bob.create("z")).record.id

    with pytest.raises(TaskNotFound):
        await _move(alice, theirs, "before")
    with pytest.raises(TaskNotFound):
        await _move(alice, theirs, "before", numbers["a"])
    with pytest.raises(NeighbourNotFound):
        await _move(alice, numbers["a"], "before", theirs)

    assert (5, 1) == (await alice.revision(), await bob.revision())


async def test_a_move_can_be_conditional(alice: Actor, numbers: dict[str, int]) -> None:
    for anchor in (None, numbers["b"]):
        with pytest.raises(PreconditionFailed) as failure:
            await _move(alice, numbers["d"], "before", anchor, if_match=3)
        assert (4, numbers["d"]) == (failure.value.revision, failure.value.current.id)

    assert (await _move(alice, numbers["d"], "before", numbers["b"], if_match=4)).changed


async def test_a_place_can_be_found_after_any_moves(alice: Actor, numbers: dict[str, int]) -> None:
    expected = list("abcde")
    dice = random.Random(7)
    for _ in range(60):
        task, anchor = dice.sample(expected, 2)
        side = dice.choice(["before", "after"])
        await _move(alice, numbers[task], side, numbers[anchor])
        expected.remove(task)
        expected.insert(expected.index(anchor) + (side == "after"), task)

        assert "".join(expected) == await _arranged(alice)


async def test_ten_thousand_moves_into_one_gap_keep_positions_short(alice: Actor) -> None:
    low, *others, high = [(await alice.create(title)).record.id for title in ("low", "one", "two", "high")]
    # Always next to the same task, so that the gap halves every time. Fewer where each is round trips.
    moves = 10_000 if alice.database.dialect == "sqlite" else 600

    async def work(revision: OpenRevision) -> None:
        for number in range(moves):
            await revision.move(Move(TASKS, others[number % 2], "after", low), TaskFacts)

    await alice.together(work)

    tasks = (await alice.listing(sort="position")).tasks
    assert [low, others[1], others[0], high] == [task.id for task in tasks]
    assert max(len(task.position) for task in tasks) <= LONGEST


async def test_spreading_out_is_part_of_the_move_that_needs_it(alice: Actor) -> None:
    low, _, *others = [(await alice.create(title)).record.id for title in ("low", "high", "1", "2")]
    for number in range(200):
        await _move(alice, others[number % 2], "after", low)

    by_revision: dict[int, list[str]] = {}
    for version in await alice.versions():
        by_revision.setdefault(version.revision, []).append(version.action)
    spread = [actions for actions in by_revision.values() if len(actions) > 1]
    assert spread
    assert {"moved"} == {action for actions in spread for action in actions}
    assert list(range(1, await alice.revision() + 1)) == list(by_revision)
