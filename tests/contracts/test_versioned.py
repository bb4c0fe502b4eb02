"""``versioned``: the rows of its table, one by one."""

from typing import Any

import pytest

from tests.contracts.client import User
from tests.contracts.spoken import VERSIONED

TASKS = "/api/v1/tasks"
FIELDS = [
    "id",
    "title",
    "description",
    "completed",
    "priority",
    "due_date",
    "user_id",
    "created_at",
    "updated_at",
]
NOT_FOUND = {"detail": "Task not found or you don't have permission to access it", "code": "TASK_NOT_FOUND"}


def create(ada: User, title: str, **fields: Any) -> dict[str, Any]:
    return VERSIONED.create(ada, title=title, **fields)


def test_list_of_a_new_user_is_an_empty_array(ada: User) -> None:
    reply = ada.get(TASKS)
    assert (200, []) == (reply.status, reply.json())


def test_list_is_a_bare_array_oldest_first(ada: User) -> None:
    made = [create(ada, title) for title in ("one", "two", "three")]
    reply = ada.get(TASKS)
    assert (200, made) == (reply.status, reply.json())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("completed=true", ["done, high", "done"]),
        ("completed=false", ["low", "medium"]),
        ("priority=low", ["low"]),
        ("priority=medium", ["medium"]),
        ("priority=high", ["done, high"]),
        ("completed=true&priority=high", ["done, high"]),
        ("completed=false&priority=high", []),
    ],
)
def test_list_by_completion_and_priority(ada: User, query: str, expected: list[str]) -> None:
    create(ada, "done, high", completed=True, priority="high")
    create(ada, "low", priority="low")
    create(ada, "medium", priority="medium")
    create(ada, "done", completed=True)
    assert expected == [task["title"] for task in ada.get(f"{TASKS}?{query}").json()]


def test_list_without_a_token_is_401(ada: User) -> None:
    reply = ada.service.get(TASKS)
    assert (401, "MISSING_TOKEN") == (reply.status, reply.json()["code"])


@pytest.mark.parametrize(
    ("query", "detail", "kind"),
    [
        ("priority=urgent", "priority: Input should be 'low', 'medium' or 'high'", "literal_error"),
        (
            "completed=maybe",
            "completed: Input should be a valid boolean, unable to interpret input",
            "bool_parsing",
        ),
    ],
)
def test_list_by_a_bad_value_is_422(ada: User, query: str, detail: str, kind: str) -> None:
    reply = ada.get(f"{TASKS}?{query}")
    name, _, message = detail.partition(": ")
    assert 422 == reply.status
    assert {
        "detail": detail,
        "code": "VALIDATION_ERROR",
        "errors": [{"type": kind, "loc": ["query", name], "msg": message}],
    } == reply.json()


def test_create_answers_201_with_the_task_and_its_location(ada: User) -> None:
    reply = ada.post(TASKS, {"title": "Buy milk"})
    task = reply.json()
    assert 201 == reply.status
    assert FIELDS == list(task)
    assert ["Buy milk", None, False, None, None, ada.id] == [task[name] for name in FIELDS[1:7]]
    assert task["created_at"] == task["updated_at"]
    assert f"/api/v1/tasks/{task['id']}" == reply.headers["location"]
    assert task == ada.get(reply.headers["location"]).json()


def test_create_takes_every_field(ada: User) -> None:
    fields = {
        "title": "t",
        "description": "d",
        "priority": "high",
        "due_date": "2026-12-01T08:30:00Z",
        "completed": True,
    }
    reply = ada.post(TASKS, fields)
    assert (201, fields) == (reply.status, {name: reply.json()[name] for name in fields})


def test_create_takes_null_for_what_may_be_absent(ada: User) -> None:
    fields = {"description": None, "priority": None, "due_date": None}
    reply = ada.post(TASKS, {"title": "t"} | fields)
    assert (201, fields) == (reply.status, {name: reply.json()[name] for name in fields})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"title": "x"}, 201),
        ({"title": "ä" * 200}, 201),
        ({"title": "x" * 201}, 422),
        ({}, 422),
        ({"title": "x", "description": "d" * 10_000}, 201),
        ({"title": "x", "description": "d" * 10_001}, 422),
        ({"title": "x", "priority": "urgent"}, 422),
        ({"title": "x", "priority": "High"}, 422),
        ({"title": "x", "due_date": "tomorrow"}, 422),
        ({"title": "x", "due_date": 1_700_000_000}, 422),
        ({"title": "x", "due_date": ""}, 422),
        ({"title": "x", "completed": None}, 422),
        ([{"title": "x"}], 422),
    ],
)
def test_create_keeps_the_limits(ada: User, body: Any, status: int) -> None:
    assert status == ada.post(TASKS, body).status


def test_a_422_names_the_first_broken_rule_as_text_and_all_as_a_list(ada: User) -> None:
    reply = ada.post(TASKS, {"priority": "urgent"})
    assert 422 == reply.status
    assert {
        "detail": "title: Field required",
        "code": "VALIDATION_ERROR",
        "errors": [
            {"type": "missing", "loc": ["body", "title"], "msg": "Field required"},
            {
                "type": "literal_error",
                "loc": ["body", "priority"],
                "msg": "Input should be 'low', 'medium' or 'high'",
            },
        ],
    } == reply.json()


def test_get_answers_the_task(ada: User) -> None:
    task = create(ada, "one", priority="low")
    reply = ada.get(f"{TASKS}/{task['id']}")
    assert (200, task) == (reply.status, reply.json())


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_missing_task_is_404(ada: User, method: str) -> None:
    reply = ada(method, f"{TASKS}/999999999", **({"json": {}} if method == "PUT" else {}))
    assert (404, NOT_FOUND) == (reply.status, reply.json())


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "new"},
        {"description": "new"},
        {"priority": "low"},
        {"due_date": "2027-01-01T00:00:00Z"},
        {"completed": True},
        {"description": None, "priority": None, "due_date": None},
        {"title": "new", "description": None, "priority": "medium", "due_date": None, "completed": True},
    ],
)
def test_change_sets_any_subset_and_keeps_the_rest(ada: User, fields: dict[str, Any]) -> None:
    task = create(ada, "old", description="old", priority="high", due_date="2026-12-01T08:30:00Z")
    reply = ada.put(f"{TASKS}/{task['id']}", fields)
    assert 200 == reply.status
    assert task | fields | {"updated_at": reply.json()["updated_at"]} == reply.json()
    assert reply.json() == ada.get(f"{TASKS}/{task['id']}").json()


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"title": None},
        {"description": "d" * 10_001},
        {"priority": "none"},
        {"due_date": "never"},
        {"completed": None},
    ],
)
def test_change_to_a_bad_value_is_422(ada: User, fields: dict[str, Any]) -> None:
    task = create(ada, "old")
    reply = ada.put(f"{TASKS}/{task['id']}", fields)
    assert (422, "VALIDATION_ERROR") == (reply.status, reply.json()["code"])
    assert reply.json()["detail"].startswith(f"{next(iter(fields))}: ")
    assert task == ada.get(f"{TASKS}/{task['id']}").json()


def test_complete_toggles(ada: User) -> None:
    task = create(ada, "one")
    replies = [ada.patch(f"{TASKS}/{task['id']}/complete") for _ in range(3)]
    assert [(200, True), (200, False), (200, True)] == [
        (each.status, each.json()["completed"]) for each in replies
    ]


def test_complete_of_a_missing_task_is_404(ada: User) -> None:
    reply = ada.patch(f"{TASKS}/999999999/complete")
    assert (404, NOT_FOUND) == (reply.status, reply.json())


def test_delete_answers_204_and_then_404(ada: User) -> None:
    task, other = create(ada, "one"), create(ada, "two")
    deleted = ada.delete(f"{TASKS}/{task['id']}")
    assert (204, b"") == (deleted.status, deleted.body)
    again = ada.delete(f"{TASKS}/{task['id']}")
    assert (404, NOT_FOUND) == (again.status, again.json())
    assert 404 == ada.get(f"{TASKS}/{task['id']}").status
    assert [other] == ada.get(TASKS).json()


def test_preflight_needs_no_token(ada: User) -> None:
    reply = ada.service.request(
        "OPTIONS",
        TASKS,
        headers={
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    assert reply.status in {200, 204}
    assert "http://localhost:3000" == reply.headers["access-control-allow-origin"]
