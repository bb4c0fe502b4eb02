"""``POST /api/v2/batch``: all of it under one revision, or none."""

from typing import Any
from uuid import uuid4

import pytest

from tests.contracts.client import Reply
from tests.contracts.v2.conftest import TASKS, Lister

MISSING = "01990000-0000-7000-8000-000000000000"


def batch(user: Lister, *operations: Any) -> Reply:
    return user.post("/api/v2/batch", {"operations": list(operations)})


def test_every_operation_in_one_revision(ada: Lister) -> None:
    a, b, c, d, e = (ada.made(title) for title in "abcde")
    ada.deleted(e)

    done = batch(
        ada,
        {"op": "create", "task": {"title": "new", "tags": ["x"]}},
        {"op": "update", "id": a["id"], "task": {"title": "A", "priority": "high"}},
        {"op": "complete", "id": b["id"]},
        {"op": "delete", "id": c["id"]},
        {"op": "restore", "id": e["id"]},
        {"op": "move", "id": d["id"], "to": "first"},
    ).json()

    assert 7 == done["revision"]
    assert {7} == {task["revision"] for task in done["results"]}
    new, a, b, c, e, d = done["results"]
    assert ["new", "A", "b", "c", "e", "d"] == [task["title"] for task in done["results"]]
    assert (True, True, None) == (b["completed"], c["deleted_at"] is not None, e["deleted_at"])
    assert ["d", "A", "b", "e", "new"] == ada.titles()
    assert [new, a, b, e, d] == [ada.read(task) for task in (new, a, b, e, d)]
    [change] = ada.get("/api/v2/changes?since=6").json()["items"]
    assert ["updated", "completed", "deleted", "moved", "restored", "created"] == [
        each["action"] for each in change["changes"]
    ]


def test_an_operation_sees_what_those_before_it_did(ada: Lister) -> None:
    first, second = str(uuid4()), str(uuid4())

    done = batch(
        ada,
        {"op": "create", "task": {"id": first, "title": "a"}},
        {"op": "create", "task": {"id": second, "title": "b"}},
        {"op": "move", "id": second, "before": first},
        {"op": "update", "id": first, "task": {"title": "A"}},
        {"op": "complete", "id": first},
        {"op": "create", "task": {"id": first, "title": "again"}},
    ).json()

    assert [first, second, second, first, first, first] == [task["id"] for task in done["results"]]
    assert {("A", True)} == {
        (task["title"], task["completed"]) for task in done["results"] if task["id"] == first
    }
    assert ["b", "A"] == ada.titles()
    assert 1 == done["revision"]
    assert ["created", "created"] == [
        each["action"] for each in ada.get("/api/v2/changes").json()["items"][0]["changes"]
    ]


def test_many_moves_to_the_ends_within_one_batch_stay_in_order(ada: Lister) -> None:
    tasks = [ada.made(title) for title in "abcd"]

    batch(ada, *({"op": "move", "id": task["id"], "to": "first"} for task in tasks))
    assert ["d", "c", "b", "a"] == ada.titles()
    batch(ada, *({"op": "move", "id": task["id"], "to": "last"} for task in (tasks[3], tasks[1])))
    assert ["c", "a", "d", "b"] == ada.titles()
    ada.made("e")
    ada.turned(tasks[0], "move", {"to": "first"})
    assert ["a", "c", "d", "b", "e"] == ada.titles()


def test_a_batch_that_changes_nothing_takes_no_revision(ada: Lister) -> None:
    task = ada.made()

    done = batch(
        ada,
        {"op": "reopen", "id": task["id"]},
        {"op": "update", "id": task["id"], "task": {"title": "Tea"}},
        {"op": "move", "id": task["id"], "to": "last"},
    ).json()

    assert {"revision": 1, "results": [task, task, task]} == done


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [
        ({"op": "update", "id": MISSING, "task": {"title": "x"}}, 404, "task_not_found"),
        ({"op": "complete", "id": MISSING}, 404, "task_not_found"),
        ({"op": "restore", "id": MISSING}, 404, "task_not_found"),
        ({"op": "delete", "id": "{foreign}"}, 404, "task_not_found"),
        ({"op": "move", "id": "{own}", "before": MISSING}, 404, "neighbour_not_found"),
        ({"op": "move", "id": "{own}", "before": "{foreign}"}, 404, "neighbour_not_found"),
        ({"op": "create", "task": {"id": "{erased}", "title": "x"}}, 409, "task_erased"),
        ({"op": "move", "id": "{own}"}, 422, "invalid"),
        ({"op": "move", "id": "{own}", "to": "first", "after": MISSING}, 422, "invalid"),
    ],
)
def test_one_that_cannot_be_done_undoes_all_and_is_named(
    ada: Lister, bob: Lister, operation: Any, status: int, code: str
) -> None:
    own, foreign, erased = ada.made("own"), bob.made("foreign"), ada.made("erased")
    ada.deleted(erased)
    ada.delete(f"/api/v2/trash/{erased['id']}")
    ids = {"{own}": own["id"], "{foreign}": foreign["id"], "{erased}": erased["id"]}
    filled = {
        key: ids.get(value, value) if isinstance(value, str) else value for key, value in operation.items()
    }
    if "task" in filled and filled["task"].get("id") in ids:
        filled["task"] = filled["task"] | {"id": erased["id"]}

    refused = batch(
        ada, {"op": "create", "task": {"title": "a"}}, {"op": "complete", "id": own["id"]}, filled
    )

    assert (status, code, 2) == (refused.status, refused.json()["code"], refused.json()["operation"])
    assert own == ada.read(own)
    assert ["own"] == ada.titles()
    assert 4 == ada.get("/api/v2/sync").json()["revision"]


@pytest.mark.parametrize(
    ("operations", "place"),
    [
        ([], ["body", "operations"]),
        ([{"op": "reopen", "id": MISSING}] * 101, ["body", "operations"]),
        ([{"op": "reopen", "id": MISSING}, {"op": "burn", "id": MISSING}], ["body", "operations", 1]),
        ([{"op": "complete"}], ["body", "operations", 0, "complete", "id"]),
        ([{"op": "complete", "id": MISSING, "x": 1}], ["body", "operations", 0, "complete", "x"]),
        ([{"op": "create", "task": {"title": ""}}], ["body", "operations", 0, "create", "task", "title"]),
    ],
)
def test_a_malformed_batch_is_refused_and_the_place_is_named(
    ada: Lister, operations: Any, place: list[Any]
) -> None:
    refused = ada.post("/api/v2/batch", {"operations": operations})

    assert 422 == refused.status
    assert place == refused.json()["errors"][0]["loc"]
    assert [] == ada.get(TASKS).json()["items"]
