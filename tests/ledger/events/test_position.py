import pytest

from donebook.ledger.events.position import Position, after_revision, parse_position


def test_the_place_after_a_revision_is_named_by_its_number() -> None:
    assert "41" == str(after_revision(41))


def test_a_place_within_a_revision_is_named_by_the_revision_before_and_the_task() -> None:
    assert "41.7" == str(Position(42, 7))


@pytest.mark.parametrize("position", [after_revision(0), after_revision(41), Position(1, 7), Position(42, 9)])
def test_a_name_reads_back(position: Position) -> None:
    assert position == parse_position(str(position))


def test_places_are_in_the_order_of_events() -> None:
    names = ["41", "41.7", "41.10", "42", "42.1"]
    assert names == [str(each) for each in sorted(map(parse_position, reversed(names)))]


@pytest.mark.parametrize(
    "name",
    ["", "-1", "x", "1.", ".1", "1.0", "01", "1.2.3", "1e3", " 1", "1\n", "٣", "9" * 19, "1." + "9" * 19],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="revision or the id of an event"):
        parse_position(name)
