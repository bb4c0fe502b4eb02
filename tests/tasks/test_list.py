from typing import Any

import pytest

from donebook.errors import UserUnknown
from donebook.principal import Principal
from donebook.storage.database import Database
from donebook.tasks.model import DESCRIPTION_LIMIT
from tests.tasks.actors import Actor


async def test_a_user_without_tasks_has_an_empty_list_at_revision_0(alice: Actor) -> None:
    listing = await alice.listing()

    assert ([], 0, None) == (listing.tasks, listing.revision, listing.total)


async def test_a_user_without_a_row_has_no_list(database: Database) -> None:
    nobody = Actor(database, Principal("never-provisioned"))

    for selection in ({}, {"limit": 10}):
        with pytest.raises(UserUnknown):
            await nobody.listing(**selection)
    with pytest.raises(UserUnknown):
        await nobody.revision()


async def test_a_list_has_whole_tasks_and_the_revision_it_was_read_at(alice: Actor) -> None:
    tasks = [(await alice.create(title, tags=("a",), priority="low")).record for title in ("One", "Two")]
    await alice.delete((await alice.create("Three")).record.id)

    listing = await alice.listing()

    assert (tasks, 4) == (listing.tasks, listing.revision)


async def test_a_list_has_nothing_of_another_user(alice: Actor, bob: Actor) -> None:
    await alice.create("Of Alice", description="of", priority="low")
    await bob.create("Of Bob", description="of", priority="low", completed=True)

    for selection in (
        {},
        {"search": "of"},
        {"priority": "low"},
        {"completed": False},
        {"limit": 10},
        {"limit": 10, "search": "of", "priority": "low", "sort": "title"},
    ):
        listing = await alice.listing(**selection)
        assert (["Of Alice"], 1) == ([task.title for task in listing.tasks], listing.revision)
        assert listing.total in {None, 1}
    assert 0 == (await alice.listing(limit=1, completed=True)).total


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, ["Open", "Done", "Low", "High done"]),
        ({"completed": False}, ["Open", "Low"]),
        ({"completed": True}, ["Done", "High done"]),
        ({"priority": "low"}, ["Low"]),
        ({"priority": "medium"}, []),
        ({"priority": "high", "completed": True}, ["High done"]),
        ({"priority": "high", "completed": False}, []),
        ({"search": "done"}, ["Done", "High done"]),
        ({"search": "done", "priority": "high"}, ["High done"]),
        ({"search": "done", "completed": False}, []),
    ],
)
async def test_filters_apply_together(alice: Actor, selection: dict[str, Any], expected: list[str]) -> None:
    await alice.create("Open")
    await alice.create("Done", completed=True)
    await alice.create("Low", priority="low")
    await alice.create("High done", priority="high", completed=True)
    await alice.delete((await alice.create("Low and done", priority="low", completed=True)).record.id)

    assert expected == await alice.titles(**selection)
    paged = await alice.listing(**selection, limit=100)
    assert (expected, len(expected)) == ([task.title for task in paged.tasks], paged.total)


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [
        (3, 0, ["1", "2", "3"]),
        (2, 3, ["4", "5"]),
        (3, 4, ["5"]),
        (5, 0, ["1", "2", "3", "4", "5"]),
        (1000, 0, ["1", "2", "3", "4", "5"]),
        (2, 5, []),
        (2, 6, []),
        (2, 2**53, []),
        (0, 0, []),
        (0, 9, []),
    ],
)
async def test_every_page_has_the_total_even_past_the_end(
    alice: Actor, limit: int, offset: int, expected: list[str]
) -> None:
    for number in range(1, 6):
        await alice.create(str(number))
    await alice.delete((await alice.create("gone")).record.id)

    page = await alice.listing(limit=limit, offset=offset)

    assert (expected, 5, 7) == ([task.title for task in page.tasks], page.total, page.revision)


async def test_a_page_of_a_filtered_list_has_the_filtered_total(alice: Actor) -> None:
    for number in range(10):
        await alice.create(
            f"Task {number}", completed=number % 2 == 0, priority="low" if number < 6 else None
        )

    selection: dict[str, Any] = {"completed": True, "priority": "low", "search": "task"}
    page = await alice.listing(**selection, limit=2, offset=2)
    beyond = await alice.listing(**selection, limit=2, offset=4)

    assert (["Task 4"], 3) == ([task.title for task in page.tasks], page.total)
    assert ([], 3) == (beyond.tasks, beyond.total)


async def test_pages_put_together_are_the_list(alice: Actor) -> None:
    for number in range(23):
        await alice.create(f"{number % 3}", priority=("low", "high", None)[number % 3])

    for sort in ("created", "updated", "title", "due_date", "priority"):
        for descending in (False, True):
            order: dict[str, Any] = {"sort": sort, "descending": descending}
            whole = (await alice.listing(**order)).tasks
            pages = [(await alice.listing(**order, limit=5, offset=at)).tasks for at in range(0, 25, 5)]
            assert whole == [task for page in pages for task in page]


async def test_a_list_without_a_limit_has_every_task(alice: Actor) -> None:
    for number in range(150):
        await alice.create(str(number))

    assert [str(number) for number in range(150)] == await alice.titles()


async def test_the_longest_texts_are_found_by_their_last_letters(alice: Actor) -> None:
    await alice.create("Long", description="ä" * (DESCRIPTION_LIMIT - 1) + "Ω")

    assert ["Long"] == await alice.titles(search="äω")
