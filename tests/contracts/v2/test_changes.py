"""``/api/v2/changes``: history and undo."""

from typing import Any

import pytest

from tests.contracts.client import Reply
from tests.contracts.v2.conftest import TASKS, Lister

ELSEWHERE = ("revision", "updated_at")


def changes(user: Lister, query: str = "") -> list[dict[str, Any]]:
    reply = user.get(f"/api/v2/changes{query}")
    assert 200 == reply.status, reply.body
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


def undo(user: Lister, revision: int) -> Reply:
    return user.post(f"/api/v2/changes/{revision}/undo")


def facts(task: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in task.items() if name not in ELSEWHERE}


def test_a_change_says_who_did_what_when_through_which_contract(ada: Lister) -> None:
    task = ada.made(due={"date": "2026-12-01"}, tags=["x"])
    changed = ada.put(f"/api/v1/tasks/{task['number']}", {"title": "Coffee", "priority": "high"}).json()

    [later, first] = changes(ada)

    assert {
        "revision": 2,
        "at": changed["updated_at"],
        "user_id": ada.id,
        "contract": "versioned",
        "changes": [
            {
                "id": task["id"],
                "number": task["number"],
                "action": "updated",
                "fields": {
                    "title": {"before": "Tea", "after": "Coffee"},
                    "priority": {"before": None, "after": "high"},
                },
            }
        ],
    } == later
    assert {
        "title": {"before": None, "after": "Tea"},
        "due": {"before": None, "after": {"date": "2026-12-01"}},
        "tags": {"before": [], "after": ["x"]},
        "position": {"before": None, "after": task["position"]},
    } == first["changes"][0]["fields"] | {"tags": {"before": [], "after": ["x"]}}
    assert ("created", "v2", 1) == (first["changes"][0]["action"], first["contract"], first["revision"])


def test_each_action_and_the_fields_it_touches(ada: Lister) -> None:
    ada.made("other")
    task = ada.made()
    ada.turned(task, "complete")
    ada.turned(task, "reopen")
    ada.turned(task, "move", {"to": "first"})
    ada.deleted(task)
    ada.turned(task, "restore")
    ada.changed(task, title="Coffee", completed=True)

    told = [
        (each["changes"][0]["action"], [*each["changes"][0]["fields"]]) for each in changes(ada, "?since=2")
    ]

    assert [
        ("completed", ["completed_at"]),
        ("reopened", ["completed_at"]),
        ("moved", ["position"]),
        ("deleted", ["deleted_at"]),
        ("restored", ["deleted_at"]),
        ("updated", ["title", "completed_at"]),
    ] == told


def test_changes_are_read_forwards_from_a_revision_and_backwards_without(ada: Lister) -> None:
    for title in "abcde":
        ada.made(title)

    def page(query: str) -> tuple[list[int], bool]:
        answer = ada.get(f"/api/v2/changes{query}").json()
        return [each["revision"] for each in answer["items"]], answer["more"]

    assert ([1, 2], True) == page("?since=0&limit=2")
    assert ([3, 4], True) == page("?since=2&limit=2")
    assert ([5], False) == page("?since=4&limit=2")
    assert ([], False) == page("?since=5")
    assert ([5, 4], True) == page("?limit=2")
    assert ([3, 2], True) == page("?limit=2&before=4")
    assert ([1], False) == page("?limit=2&before=2")
    assert ([], False) == page("?before=1")
    assert ([2, 3], False) == page("?since=1&before=4")
    assert 400 == ada.get("/api/v2/changes?since=6").status


def test_a_request_is_one_change_and_never_on_two_pages(ada: Lister) -> None:
    ada.made()
    operations = [{"op": "create", "task": {"title": f"{number}"}} for number in range(5)]
    ada.post("/api/v2/batch", {"operations": operations})
    ada.made()

    queries = ("?limit=2", "?limit=2&before=3", "?limit=2&before=2", "?since=0&limit=2", "?since=1&limit=2")
    sizes = [[len(each["changes"]) for each in changes(ada, query)] for query in queries]

    assert [[1], [5], [1], [1], [5]] == sizes


def test_a_task_has_a_history_of_its_own(ada: Lister, bob: Lister) -> None:
    task, other = ada.made(), ada.made()
    ada.changed(task, title="a")
    ada.changed(other, title="b")
    ada.turned(task, "complete")
    ada.deleted(task)

    assert [6, 5, 3, 1] == [each["revision"] for each in changes(ada, f"?task={task['id']}")]
    assert [5, 6] == [each["revision"] for each in changes(ada, f"?task={task['id']}&since=3")]
    assert [3] == [each["revision"] for each in changes(ada, f"?task={task['id']}&before=5&limit=1")]
    assert 404 == bob.get(f"/api/v2/changes?task={task['id']}").status
    assert [] == changes(bob)


def test_undoing_a_change_takes_back_what_it_changed_and_nothing_else(ada: Lister) -> None:
    task = ada.made(description="black", priority="low", tags=["x"])
    ada.changed(task, title="Coffee", tags=[])
    current = ada.changed(task, priority="high")

    done = undo(ada, 2).json()

    assert 4 == done["revision"]
    [undone] = done["results"]
    assert facts(current) | {"title": "Tea", "tags": ["x"]} == facts(undone)
    assert undone == ada.read(task)


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "Grün"},
        {"description": "much"},
        {"description": None},
        {"completed": False},
        {"priority": None},
        {"due": {"at": "2026-12-01T08:00:00Z", "time_zone": "Europe/Berlin"}},
        {"due": None},
        {"tags": []},
    ],
)
def test_each_field_comes_back_and_an_undo_can_be_undone(ada: Lister, fields: dict[str, Any]) -> None:
    task = ada.made(
        "Tee", description="x", completed=True, priority="low", due={"date": "2026-12-01"}, tags=["y"]
    )
    changed = ada.changed(task, **fields)

    assert 200 == undo(ada, 2).status
    assert facts(task) == facts(ada.read(task))
    assert 200 == undo(ada, 3).status
    assert facts(changed) == facts(ada.read(task))
    assert 200 == undo(ada, 4).status
    assert facts(task) == facts(ada.read(task))
    # What was found by its text is found again.
    assert ["Tee"] == ada.titles("?q=TEE+x")


def test_undoing_a_creation_deletes_and_undoing_that_restores(ada: Lister) -> None:
    task = ada.made()

    [gone] = undo(ada, 1).json()["results"]
    assert gone["deleted_at"] is not None
    assert 404 == ada.get(f"{TASKS}/{task['id']}").status

    [back] = undo(ada, 2).json()["results"]
    assert facts(task) == facts(back)
    assert ["restored", "deleted", "created"] == [each["changes"][0]["action"] for each in changes(ada)]


def test_undoing_a_deletion_restores(ada: Lister) -> None:
    task = ada.made()
    ada.deleted(task)

    assert 200 == undo(ada, 2).status
    assert facts(task) == facts(ada.read(task))


def test_undoing_a_move_puts_it_back(ada: Lister) -> None:
    a, b, c = (ada.made(title) for title in "abc")
    ada.turned(c, "move", {"before": a["id"]})
    ada.turned(a, "move", {"to": "last"})
    assert ["c", "b", "a"] == ada.titles()

    undo(ada, 4)
    assert ["b", "c", "a"] == ada.titles()
    assert 200 == undo(ada, 5).status
    assert ["a", "b", "c"] == ada.titles()
    assert b == ada.read(b)


def test_a_batch_is_undone_as_a_whole(ada: Lister) -> None:
    a, b = ada.made("a"), ada.made("b")
    before = [facts(task) for task in (a, b)]
    ada.post(
        "/api/v2/batch",
        {
            "operations": [
                {"op": "create", "task": {"title": "c"}},
                {"op": "delete", "id": a["id"]},
                {"op": "update", "id": b["id"], "task": {"title": "B", "completed": True}},
                {"op": "move", "id": b["id"], "to": "first"},
            ]
        },
    )

    done = undo(ada, 3).json()

    assert (4, 3) == (done["revision"], len(done["results"]))
    assert before == [facts(ada.read(task)) for task in (a, b)]
    assert ["a", "b"] == ada.titles()


def test_what_the_frozen_contracts_did_can_be_undone(ada: Lister) -> None:
    made = ada.post("/api/tasks", {"title": "flat"}).json()
    ada.patch(f"/api/tasks/{made['id']}/complete")
    ada.delete(f"/api/v1/tasks/{made['id']}")

    assert [200, 200] == [undo(ada, 3).status, undo(ada, 2).status]
    assert (False, "flat") == (
        (seen := ada.get(f"/api/tasks/{made['id']}").json())["completed"],
        seen["title"],
    )


def test_a_field_that_was_changed_again_stands_in_the_way(ada: Lister) -> None:
    task = ada.made()
    ada.changed(task, title="Coffee", priority="low")
    current = ada.changed(task, priority="high")

    refused = undo(ada, 2)

    assert (409, "undo_conflict") == (refused.status, refused.json()["code"])
    assert [{"id": task["id"], "number": task["number"], "fields": ["priority"]}] == refused.json()[
        "conflicts"
    ]
    assert current == ada.read(task)


def test_one_task_in_the_way_keeps_a_whole_batch_from_being_undone(ada: Lister) -> None:
    a, b = ada.made("a"), ada.made("b")
    ada.post("/api/v2/batch", {"operations": [{"op": "delete", "id": task["id"]} for task in (a, b)]})
    ada.turned(a, "restore")

    refused = undo(ada, 3)

    assert [{"id": a["id"], "number": a["number"], "fields": ["deleted_at"]}] == refused.json()["conflicts"]
    assert ["b"] == [task["title"] for task in ada.get("/api/v2/trash").json()["items"]]


def test_a_creation_is_in_conflict_with_everything_after_it(ada: Lister) -> None:
    task = ada.made()
    ada.turned(task, "complete")

    assert ["completed_at"] == undo(ada, 1).json()["conflicts"][0]["fields"]
    assert [200, 200] == [undo(ada, 2).status, undo(ada, 1).status]


def test_a_change_of_a_task_that_is_in_the_trash_is_undone_there(ada: Lister) -> None:
    task = ada.made()
    ada.changed(task, title="Coffee")
    ada.deleted(task)

    [undone] = undo(ada, 2).json()["results"]

    assert ("Tea", True) == (undone["title"], undone["deleted_at"] is not None)
    assert "Tea" == ada.turned(task, "restore")["title"]


def test_what_was_deleted_for_good_cannot_be_brought_back(ada: Lister) -> None:
    task = ada.made()
    ada.deleted(task)
    ada.delete(f"/api/v2/trash/{task['id']}")

    for revision in (1, 2, 3):
        refused = undo(ada, revision)
        assert (409, None) == (refused.status, refused.json()["conflicts"][0]["id"])
    assert 4 == len(changes(ada)) + 1


@pytest.mark.parametrize(
    ("revision", "status"), [("3", 404), ("0", 404), (str(2**63), 404), ("-1", 404), ("x", 422)]
)
def test_only_a_change_can_be_undone(ada: Lister, bob: Lister, revision: str, status: int) -> None:
    ada.made()
    for _ in range(4):
        bob.made()

    assert status == ada.post(f"/api/v2/changes/{revision}/undo").status
