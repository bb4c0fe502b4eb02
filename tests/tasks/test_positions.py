"""Positions between positions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donebook.ledger.kinds.positions import LONGEST, between, first_of, last_of, rank

POSITIONS = st.builds(
    lambda number, suffix: rank(number) + suffix,
    st.integers(-(2**40), 2**40),
    st.text("0123456789abcdef", max_size=20),
)


@given(st.lists(st.integers(-(2**59), 2**59), min_size=2))
def test_ranks_sort_as_their_numbers_do(numbers: list[int]) -> None:
    assert [rank(number) for number in sorted(numbers)] == sorted(rank(number) for number in numbers)


@given(POSITIONS, POSITIONS, st.integers(1, 40))
def test_new_positions_are_in_order_between_the_two(one: str, other: str, count: int) -> None:
    low, high = sorted([one, other])

    found = between(low, high, count, LONGEST)

    if found is not None:
        assert [low, *found, high] == sorted({low, *found, high})
        assert count == len(found)
        assert max(map(len, found)) <= LONGEST


@given(st.integers(0, 2**40), st.integers(1, 40))
def test_there_is_room_between_two_ranks(number: int, count: int) -> None:
    assert between(rank(number), rank(number + 1), count, LONGEST) is not None


@pytest.mark.parametrize(("low", "high"), [("1" * 16, "1" * 16), ("1" * 16, "1" * 16 + "000")])
def test_there_is_nothing_between_positions_that_mean_the_same(low: str, high: str) -> None:
    assert between(low, high, 1, LONGEST) is None


@given(st.integers(1, 2**40), st.integers(0, 1000), st.integers(0, 1000))
def test_both_ends_are_beyond_what_earlier_revisions_gave_out(number: int, nth: int, other: int) -> None:
    assert (
        first_of(number + 1, nth)
        < first_of(number, other)
        < last_of(number, nth)
        < last_of(number + 1, other)
    )


@given(st.integers(1, 2**40), st.integers(0, 1000))
def test_both_ends_grow_outwards_within_a_revision(number: int, nth: int) -> None:
    assert first_of(number, nth + 1) < first_of(number, nth)
    assert last_of(number, nth) < last_of(number, nth + 1)
