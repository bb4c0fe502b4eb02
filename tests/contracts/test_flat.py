"""``flat``: the lines of its section, one by one."""

from typing import Any

import pytest

from tests.contracts.client import User
from tests.contracts.spoken import FLAT

TASKS = "/api/tasks"
FIELDS = ["id", "user_id", "title", "description", "completed", "created_at", "updated_at"]
NOT_FOUND = {"detail": "Task not found"}


def create(ada: User, title: str, **fields: Any) -> dict[str, Any]:
    return FLAT.create(ada, title=title, **fields)


def test_list_of_a_new_user_has_no_items(ada: User) -> None:
    reply = ada.get(TASKS)
    assert (200, {"items": []}) == (reply.status, reply.json())


def test_list_has_the_items_newest_first(ada: User) -> None:
    made = [create(ada, title) for title in ("one", "two", "three")]
    reply = ada.get(TASKS)
    assert (200, {"items": made[::-1]}) == (reply.status, reply.json())


@pytest.mark.parametrize(
    ("status", "expected"), [("all", ["done", "open"]), ("pending", ["open"]), ("completed", ["done"])]
)
def test_list_by_status(ada: User, status: str, expected: list[str]) -> None:
    create(ada, "open")
    ada.patch(f"{TASKS}/{create(ada, 'done')['id']}/complete")
    assert expected == [task["title"] for task in ada.get(f"{TASKS}?status={status}").json()["items"]]


@pytest.mark.parametrize("status", ["done", "", "Pending", "all,pending"])
def test_list_by_a_bad_status_is_422(ada: User, status: str) -> None:
    reply = ada.get(f"{TASKS}?status={status}")
    assert 422 == reply.status
    assert {
        "detail": [
            {
                "type": "literal_error",
                "loc": ["query", "status"],
                "msg": "Input should be 'all', 'pending' or 'completed'",
            }
        ]
    } == reply.json()


def test_create_answers_201_with_the_task(ada: User) -> None:
    reply = ada.post(TASKS, {"title": "Buy milk", "description": "two"})
    task = reply.json()
    assert 201 == reply.status
    assert FIELDS == list(task)
    assert [ada.id, "Buy milk", "two", False] == [task[name] for name in FIELDS[1:5]]
    assert task["created_at"] == task["updated_at"]
    assert {"items": [task]} == ada.get(TASKS).json()


@pytest.mark.parametrize("completed", [True, None, "nonsense"])
def test_create_ignores_completed(ada: User, completed: Any) -> None:
    reply = ada.post(TASKS, {"title": "t", "completed": completed})
    assert (201, False) == (reply.status, reply.json()["completed"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"title": "x"}, 201),
        ({"title": "x" * 200}, 201),
        ({"title": "x" * 201}, 422),
        ({"title": None}, 422),
        ({}, 422),
        ({"title": "x", "description": "d" * 2000}, 201),
        ({"title": "x", "description": "d" * 2001}, 422),
        ({"title": "x", "description": None}, 201),
    ],
)
def test_create_keeps_the_limits(ada: User, body: Any, status: int) -> None:
    assert status == ada.post(TASKS, body).status


def test_get_answers_the_task(ada: User) -> None:
    task = create(ada, "one")
    reply = ada.get(f"{TASKS}/{task['id']}")
    assert (200, task) == (reply.status, reply.json())


@pytest.mark.parametrize(
    "fields", [{"title": "new"}, {"description": "new"}, {"title": "new", "description": "new"}]
)
def test_change_sets_title_and_description(ada: User, fields: dict[str, Any]) -> None:
    task = create(ada, "old", description="old")
    reply = ada.put(f"{TASKS}/{task['id']}", fields)
    assert 200 == reply.status
    assert task | fields | {"updated_at": reply.json()["updated_at"]} == reply.json()
    assert reply.json() == ada.get(f"{TASKS}/{task['id']}").json()


@pytest.mark.parametrize(
    "fields",
    [
        {"completed": True},
        {"completed": None},
        {"completed": "nonsense"},
        {"title": None},
        {"description": None},
        {"title": None, "description": None, "completed": None},
    ],
)
def test_change_ignores_completed_and_nulls(ada: User, fields: dict[str, Any]) -> None:
    task = create(ada, "old", description="old")
    reply = ada.put(f"{TASKS}/{task['id']}", fields)
    assert (200, task) == (reply.status, reply.json())


@pytest.mark.parametrize("fields", [{"title": ""}, {"title": "x" * 201}, {"description": "d" * 2001}])
def test_change_to_a_bad_value_is_422(ada: User, fields: dict[str, Any]) -> None:
    task = create(ada, "old")
    assert 422 == ada.put(f"{TASKS}/{task['id']}", fields).status
    assert task == ada.get(f"{TASKS}/{task['id']}").json()


def test_delete_answers_204_and_then_404(ada: User) -> None:
    task, other = create(ada, "one"), create(ada, "two")
    deleted = ada.delete(f"{TASKS}/{task['id']}")
    assert (204, b"") == (deleted.status, deleted.body)
    again = ada.delete(f"{TASKS}/{task['id']}")
    assert (404, NOT_FOUND) == (again.status, again.json())
    assert {"items": [other]} == ada.get(TASKS).json()


@pytest.mark.parametrize(
    ("method", "end"), [("GET", ""), ("PUT", ""), ("DELETE", ""), ("PATCH", "/complete")]
)
def test_a_missing_task_is_404(ada: User, method: str, end: str) -> None:
    reply = ada(method, f"{TASKS}/999999999{end}", **({"json": {}} if method == "PUT" else {}))
    assert (404, NOT_FOUND) == (reply.status, reply.json())


def test_complete_toggles(ada: User) -> None:
    task = create(ada, "one")
    replies = [ada.patch(f"{TASKS}/{task['id']}/complete") for _ in range(3)]
    assert [(200, True), (200, False), (200, True)] == [
        (each.status, each.json()["completed"]) for each in replies
    ]
