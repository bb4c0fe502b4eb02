"""``PATCH …?base=``: merging instead of clobbering."""

from typing import Any

import pytest

from tests.contracts.client import Reply
from tests.contracts.v2.conftest import TASKS, Lister


def merge(user: Lister, task: dict[str, Any], base: int, **fields: Any) -> Reply:
    return user.patch(f"{TASKS}/{task['id']}?base={base}", json=fields)


def conflicts(reply: Reply) -> list[dict[str, Any]]:
    assert (409, "conflict") == (reply.status, reply.json()["code"])
    found: list[dict[str, Any]] = reply.json()["conflicts"]
    return found


def test_changes_of_different_fields_are_both_kept(ada: Lister) -> None:
    task = ada.made()
    ada.changed(task, priority="high", completed=True)

    merged = merge(ada, task, 1, title="Coffee", tags=["x"]).json()

    assert ("Coffee", ["x"], "high", True) == (
        merged["title"], merged["tags"], merged["priority"], merged["completed"]
    )  # fmt: skip
    assert 3 == merged["revision"]


def test_only_what_truly_conflicts_is_named_with_both_values(ada: Lister) -> None:
    task = ada.made(description="short", due={"date": "2026-12-01"})
    theirs = {
        "title": "Coffee",
        "description": "long",
        "due": {"at": "2026-12-02T08:00:00Z", "time_zone": None},
    }
    current = ada.changed(task, **theirs)

    refused = merge(
        ada,
        task,
        1,
        title="Milk",
        description="long",
        due={"date": "2026-12-03"},
        priority="low",
        completed=False,
    )

    assert [
        {"field": "title", "yours": "Milk", "current": "Coffee"},
        {"field": "due", "yours": {"date": "2026-12-03"}, "current": theirs["due"]},
    ] == conflicts(refused)
    assert current == ada.read(task)


def test_a_base_is_any_revision_at_which_the_client_knew_the_task(ada: Lister) -> None:
    task = ada.made()
    for _ in range(5):
        ada.made()
    ada.changed(task, title="Coffee")
    ada.made()

    assert ["title"] == [each["field"] for each in conflicts(merge(ada, task, 6, title="Milk"))]
    assert "Milk" == merge(ada, task, 7, title="Milk").json()["title"]
    assert "Tee" == merge(ada, task, 9, title="Tee").json()["title"]


def test_what_was_changed_and_changed_back_does_not_conflict(ada: Lister) -> None:
    task = ada.made()
    ada.changed(task, title="Coffee")
    ada.changed(task, title="Tea")

    assert 200 == merge(ada, task, 1, title="Milk").status


def test_writes_of_the_frozen_contracts_conflict_as_well(ada: Lister) -> None:
    task = ada.made()
    ada.put(f"/api/v1/tasks/{task['number']}", {"due_date": "2026-12-01T00:00:00Z"})
    ada.patch(f"/api/tasks/{task['number']}/complete")

    refused = merge(ada, task, 1, completed=False, due=None, title="Coffee")

    assert ["completed", "due"] == [each["field"] for each in conflicts(refused)]
    assert "Coffee" == merge(ada, task, 1, completed=True, title="Coffee").json()["title"]


def test_a_base_before_the_task_puts_every_field_in_conflict(ada: Lister) -> None:
    ada.made("other")
    task = ada.made()

    assert ["title", "priority"] == [
        each["field"]
        for each in conflicts(merge(ada, task, 1, title="Milk", priority="low", completed=False))
    ]
    assert 200 == merge(ada, task, 0, title="Tea").status


def test_a_base_from_the_future_is_refused(ada: Lister) -> None:
    task = ada.made()

    refused = merge(ada, task, 2, title="Milk")

    assert (400, "revision_ahead", 1) == (
        refused.status, refused.json()["code"], refused.json()["revision"]
    )  # fmt: skip
    assert task == ada.read(task)


def test_a_merge_that_changes_nothing_takes_no_revision(ada: Lister) -> None:
    task = ada.made()

    assert task == merge(ada, task, 1, title="Tea").json()
    assert task == merge(ada, task, 1).json()


@pytest.mark.parametrize("base", ["-1", "x", "1.5", str(2**63)])
def test_a_base_is_a_revision(ada: Lister, base: str) -> None:
    task = ada.made()

    assert 422 == ada.patch(f"{TASKS}/{task['id']}?base={base}", json={"title": "x"}).status


def test_a_deleted_task_is_not_merged_into(ada: Lister) -> None:
    task = ada.made()
    ada.deleted(task)

    assert 404 == merge(ada, task, 1, title="Milk").status
