"""Types and functions that mean the same on both databases."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import BigInteger, ColumnElement, Text, bindparam, literal, null, select

from donebook.storage.database import Database
from donebook.storage.statement import Statement
from donebook.storage.types import (
    RANK_ORIGIN,
    Instant,
    Labels,
    contains_labels,
    contains_text,
    later,
    rank_text,
)
from tests.databases import open_database

NOON = datetime(2031, 1, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as database:
        yield database


async def evaluate(database: Database, expression: ColumnElement[Any], **values: Any) -> Any:
    """The value of an SQL expression."""
    return (await database.read(Statement("evaluate", select(expression)), values))[0][0]


async def evaluate_all(database: Database, *expressions: ColumnElement[Any]) -> list[Any]:
    return list((await database.read(Statement("evaluate", select(*expressions)), {}))[0])


def text(value: str) -> ColumnElement[str]:
    return literal(value, Text)


@pytest.mark.parametrize("moment", [NOON, NOON + MICROSECOND, datetime(1, 1, 2, tzinfo=UTC), None])
async def test_an_instant_is_the_same_when_it_comes_back(database: Database, moment: datetime | None) -> None:
    assert moment == await evaluate(database, bindparam("moment", type_=Instant), moment=moment)


async def test_instants_compare_as_time_does(database: Database) -> None:
    moments = [
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(999, 12, 31, 23, 59, 59, 999999, UTC),
        NOON - MICROSECOND,
        NOON,
        NOON.astimezone() + MICROSECOND,
        datetime(9999, 12, 31, tzinfo=UTC),
    ]

    pairs = [literal(a, Instant) < literal(b, Instant) for a in moments for b in moments]

    assert [a < b for a in moments for b in moments] == await evaluate_all(database, *pairs)


@pytest.mark.parametrize(
    "labels", [[], ["a"], ["ä", '"', "\\", "𝄞", "a,b", "]", ""], ["b", "a"], ["null"], [" a "]]
)
async def test_labels_are_the_same_when_they_come_back(database: Database, labels: list[str]) -> None:
    assert labels == await evaluate(database, bindparam("labels", type_=Labels), labels=labels)


@pytest.mark.parametrize(
    ("have", "wanted", "expected"),
    [
        (["a", "b"], [], True),
        (["a", "b"], ["b"], True),
        (["a", "b"], ["b", "a"], True),
        (["a", "b"], ["b", "c"], False),
        (["ab"], ["a"], False),
        ([], ["a"], False),
        ([], [], True),
        (["Ä"], ["ä"], False),
        (['a"b'], ['a"b'], True),
        (["1"], ["1"], True),
    ],
)
async def test_labels_contain_all_that_are_wanted(
    database: Database, have: list[str], wanted: list[str], expected: bool
) -> None:
    contains = contains_labels(bindparam("have", type_=Labels), bindparam("wanted", type_=Labels))

    assert expected == bool(await evaluate(database, contains, have=have, wanted=wanted))


@pytest.mark.parametrize(
    ("have", "wanted", "expected"),
    [("abc", "bc", True), ("abc", "", True), ("", "", True), ("a%c", "%", True), ("abc", "_", False),
     ("ABC", "b", False), ("x𝄞y", "𝄞", True), ("e\u0301", "e", True)],
)  # fmt: skip
async def test_text_contains_text_code_point_for_code_point(
    database: Database, have: str, wanted: str, expected: bool
) -> None:
    assert expected == bool(await evaluate(database, contains_text(text(have), text(wanted))))


@pytest.mark.parametrize(
    ("now", "stored", "expected"),
    [
        (NOON, NOON - MICROSECOND, NOON),
        (NOON, NOON, NOON + MICROSECOND),
        (NOON, NOON + timedelta(days=1), NOON + timedelta(days=1) + MICROSECOND),
        (NOON, NOON - timedelta(days=1), NOON),
    ],
)
async def test_later_is_now_or_just_after_what_is_stored(
    database: Database, now: datetime, stored: datetime, expected: datetime
) -> None:
    assert expected == await evaluate(database, later(literal(now, Instant), literal(stored, Instant)))


async def test_ranks_sort_as_their_numbers_do(database: Database) -> None:
    numbers = [-RANK_ORIGIN, -(1 << 40), -1, 0, 1, 15, 16, 255, 1 << 20, (1 << 60) - 1]

    ranks = await evaluate_all(database, *(rank_text(literal(number, BigInteger)) for number in numbers))

    assert sorted(ranks) == ranks
    assert {16} == {len(rank) for rank in ranks}
    assert numbers == [int(rank, 16) - RANK_ORIGIN for rank in ranks]


async def test_null_stays_null(database: Database) -> None:
    for kind in (Instant, Labels):
        assert await evaluate(database, bindparam("nothing", type_=kind), nothing=None) is None
    assert await evaluate(database, null()) is None
