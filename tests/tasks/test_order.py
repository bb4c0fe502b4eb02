from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from donebook.tasks.values import Due
from tests.tasks.actors import Actor

NOON = datetime(2031, 1, 1, 12, tzinfo=UTC)


async def in_order(actor: Actor, **order: Any) -> list[str]:
    """The titles, from the list and from a page, which must agree."""
    titles = await actor.titles(**order)
    assert titles == await actor.titles(**order, limit=1000)
    return titles


async def test_tasks_are_listed_oldest_first_unless_asked_otherwise(alice: Actor) -> None:
    for title in ("c", "a", "b"):
        await alice.create(title)

    assert ["c", "a", "b"] == await in_order(alice)
    assert ["b", "a", "c"] == await in_order(alice, descending=True)


async def test_creation_is_the_order_of_arrival_whatever_the_clock_says(alice: Actor) -> None:
    await alice.create("first")
    alice.now -= timedelta(days=1)
    await alice.create("second")

    assert ["first", "second"] == await in_order(alice)


async def test_sorted_by_update_the_task_changed_last_is_last(alice: Actor) -> None:
    a, b, c = [(await alice.create(title)).record.id for title in "abc"]
    await alice.complete(a)
    await alice.change(b, title="b")

    assert ["b", "c", "a"] == await in_order(alice, sort="updated")
    assert ["a", "c", "b"] == await in_order(alice, sort="updated", descending=True)
    assert c > b > a


async def test_titles_are_sorted_without_regard_to_case_or_composition(alice: Actor) -> None:
    for title in ("b", "Z", "a", "B", "A", "é", "e\u0301a", "É", "e"):
        await alice.create(title)

    assert ["a", "A", "b", "B", "e", "Z", "é", "É", "e\u0301a"] == await in_order(alice, sort="title")


@pytest.mark.parametrize(
    "ascending",
    [
        ["-", "0", "10", "9", "A", "_", "a b", "aa"],
        ["z", "ä", "ö", "ü"],
        ["Straße 1", "STRASSE 2", "Strasse 3"],
        ["Ωmega", "Я", "中", "\uffee", "𝄞", "😀"],
        ["a", "a\u200d", "b"],
    ],
)
async def test_titles_are_sorted_by_the_code_points_of_their_folded_form(
    alice: Actor, ascending: list[str]
) -> None:
    for title in reversed(ascending):
        await alice.create(title)

    expected = sorted(ascending, key=lambda title: title.casefold())
    assert expected == await in_order(alice, sort="title")
    assert expected[::-1] == await in_order(alice, sort="title", descending=True)


async def test_sorted_by_priority_low_comes_first_and_none_last_in_both_directions(alice: Actor) -> None:
    for priority in ("high", None, "low", "medium"):
        await alice.create(str(priority), priority=priority)

    assert ["low", "medium", "high", "None"] == await in_order(alice, sort="priority")
    assert ["high", "medium", "low", "None"] == await in_order(alice, sort="priority", descending=True)


async def test_tasks_of_several_priorities_are_sorted_by_them(alice: Actor) -> None:
    for priority in ("high", None, "low", "medium"):
        await alice.create(str(priority), priority=priority)

    assert ["low", "high"] == await in_order(alice, sort="priority", priorities=("high", "low"))


async def test_sorted_by_due_date_the_earliest_comes_first_and_none_last_in_both_directions(
    alice: Actor,
) -> None:
    due = {
        "noon": Due(NOON),
        "never": None,
        "next microsecond": Due(NOON + timedelta(microseconds=1)),
        "that day": Due(NOON.replace(hour=0), all_day=True),
        "long ago": Due(datetime(1, 1, 2, tzinfo=UTC)),
        "far ahead": Due(datetime(9999, 12, 31, tzinfo=UTC)),
    }
    for title, at in due.items():
        await alice.create(title, due=at)

    ascending = ["long ago", "that day", "noon", "next microsecond", "far ahead"]
    assert [*ascending, "never"] == await in_order(alice, sort="due_date")
    assert [*ascending[::-1], "never"] == await in_order(alice, sort="due_date", descending=True)


@pytest.mark.parametrize("sort", ["updated", "title", "due_date", "priority"])
@pytest.mark.parametrize("facts", [{"title": "T"}, {"title": "T", "priority": "low", "due": Due(NOON)}])
async def test_equals_are_in_order_of_creation_which_turns_with_the_direction(
    alice: Actor, sort: str, facts: dict[str, Any]
) -> None:
    start = alice.now
    for number in range(4):
        alice.now = start
        await alice.create(**facts, description=str(number))

    async def descriptions(**order: Any) -> list[str | None]:
        return [task.description for task in (await alice.listing(**order)).tasks]

    assert ["0", "1", "2", "3"] == await descriptions(sort=sort)
    assert ["3", "2", "1", "0"] == await descriptions(sort=sort, descending=True)
