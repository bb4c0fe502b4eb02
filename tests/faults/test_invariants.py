"""The checkers of the two invariants notice each way in which an invariant can break."""

from pathlib import Path

import pytest

from tests.faults.durability import Store, StoredTask, durability_violations
from tests.faults.isolation import Tagged, foreign_tags, log_violations
from tests.faults.journal import Journal, Promise, State, read_promises

BOUGHT = State("bread v0")
ADA, BOB = Tagged("tag" + "a" * 16), Tagged("tag" + "b" * 16)


def stored(state: State = BOUGHT, *, number: int = 1, revision: int = 1, owner: str = "ada") -> StoredTask:
    return StoredTask(owner, number, revision, "bread", state)


def store(*tasks: StoredTask, versions: list[StoredTask] | None = None, revision: int = 1) -> Store:
    return Store({"ada": range(1, revision + 1)}, tasks, list(tasks) if versions is None else versions)


def promised(*states: State, acknowledged: int) -> dict[str, Promise]:
    return {"bread": Promise("ada", list(states), acknowledged)}


def test_a_kept_promise_is_no_violation() -> None:
    assert [] == durability_violations(promised(BOUGHT, acknowledged=1), store(stored()))


@pytest.mark.parametrize("there", [True, False])
def test_a_write_in_doubt_may_have_happened_or_not(there: bool) -> None:
    held = store(stored()) if there else store(revision=0)

    assert [] == durability_violations(promised(BOUGHT, acknowledged=0), held)


@pytest.mark.parametrize("title", ["bread v1", "bread v2"])
def test_a_change_in_doubt_leaves_the_state_before_or_after_it(title: str) -> None:
    promise = promised(BOUGHT, State("bread v1"), State("bread v2"), acknowledged=2)

    assert [] == durability_violations(promise, store(stored(State(title))))


@pytest.mark.parametrize(
    ("held", "violation"),
    [
        (store(revision=0), "promised was"),
        (store(stored(State("bread v1"))), "promised was"),
        (store(stored(BOUGHT._replace(completed=True))), "promised was"),
        (store(stored(), stored(number=2)), "is there 2 times"),
        (store(stored(owner="bob")), "belongs to another user"),
        (store(stored()._replace(key="salt")), "was never meant"),
        (store(stored(), revision=2), "is at revision 2"),
        (store(stored(), versions=[]), "has versions of []"),
        (store(stored(), versions=[stored(State("bread v1"))]), "its newest version"),
        (
            Store({"ada": range(1, 2)}, [stored()], [stored()], "row 3 missing from index"),
            "the file is damaged",
        ),
    ],
    ids=[
        "lost",
        "older than acknowledged",
        "another value",
        "twice",
        "somebody else's",
        "never meant",
        "a gap in the revisions",
        "no version",
        "another version",
        "a damaged file",
    ],
)
def test_a_broken_promise_is_found(held: Store, violation: str) -> None:
    found = durability_violations(promised(BOUGHT, acknowledged=1), held)

    assert any(violation in each for each in found), found


def test_a_journal_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.intend("bread", "ada", BOUGHT)
    journal.acknowledge("bread", "ada", BOUGHT)
    journal.intend("bread", "ada", State("bread v1"))
    journal.close()

    assert promised(BOUGHT, State("bread v1"), acknowledged=1) == read_promises(journal.path)


def test_a_foreign_tag_is_found_wherever_it_is_shown() -> None:
    shown = b"HTTP/1.1 200 OK\r\nLocation: /" + BOB.id.encode() + b"\r\n\r\n" + ADA.text("bread").encode()

    assert {BOB.tag} == foreign_tags(ADA, shown)
    assert set() == foreign_tags(BOB, BOB.text("salt").encode())


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("GET /api/tasks 200", False),
        (f"user {ADA.id} signed in", False),
        (f"user {ADA.id} read what {BOB.id} wrote", True),
        (f"created {ADA.text('bread')}", True),
    ],
)
def test_a_log_line_shows_no_text_and_not_two_users(tmp_path: Path, line: str, is_one: bool) -> None:
    (tmp_path / "log").write_text(line + "\n")

    assert ([line] if is_one else []) == log_violations(tmp_path / "log")
