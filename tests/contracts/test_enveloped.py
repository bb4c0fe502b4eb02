"""``enveloped``: the rows of its table, one by one, where it is by default: under ``/enveloped``."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.contracts.client import Reply, User
from tests.contracts.conftest import NewUser
from tests.contracts.spoken import ENVELOPED, SCOPED

SOME_UUID = "0193b5e7-6f1c-7a35-9d0c-4e2f8a61b7c3"
FIELDS = [
    "id",
    "user_id",
    "title",
    "is_completed",
    "completed_at",
    "created_at",
    "updated_at",
    "description",
]


@pytest.fixture
def tasks(ada: User) -> str:
    return f"/enveloped/api/{ada.id}/tasks"


def create(ada: User, title: str, **fields: Any) -> dict[str, Any]:
    return ENVELOPED.create(ada, title=title, **fields)


def assert_error(reply: Reply, status: int, code: str, message: str, details: Any = None) -> None:
    assert status == reply.status
    error = reply.json()["error"]
    assert ["code", "message", "details", "timestamp", "request_id"] == list(error)
    assert (code, message, details) == (error["code"], error["message"], error["details"])
    assert error["timestamp"].endswith("Z")
    assert reply.headers["x-request-id"] == error["request_id"]


def test_list_has_the_tasks_newest_first_in_data_and_their_number_in_meta(ada: User, tasks: str) -> None:
    made = [create(ada, title) for title in ("one", "two", "three")]
    reply = ada.get(tasks)
    assert 200 == reply.status
    assert ["data", "meta"] == list(reply.json())
    assert made[::-1] == reply.json()["data"]
    assert ["timestamp", "count"] == list(reply.json()["meta"])
    assert 3 == reply.json()["meta"]["count"]
    assert reply.json()["meta"]["timestamp"].endswith("Z")


def test_list_of_a_new_user_has_no_data(ada: User, tasks: str) -> None:
    reply = ada.get(tasks)
    assert (200, [], 0) == (reply.status, reply.json()["data"], reply.json()["meta"]["count"])


def test_list_without_a_token_is_401(ada: User, tasks: str) -> None:
    assert_error(ada.service.get(tasks), 401, "UNAUTHORIZED", "Missing authorization token")


def test_list_of_another_user_is_403(ada: User, bob: User) -> None:
    reply = ada.get(f"/enveloped/api/{bob.id}/tasks")
    assert_error(reply, 403, "FORBIDDEN", "Not authorized to access this user's tasks")


@pytest.mark.parametrize("kind", [lambda: str(uuid4()), lambda: uuid4().hex])
def test_the_user_id_is_any_string(new_user: NewUser, kind: Any) -> None:
    user = new_user(kind())
    task = ENVELOPED.create(user)
    assert user.id == task["user_id"]
    assert [task] == user.get(f"/enveloped/api/{user.id}/tasks").json()["data"]


def test_create_answers_201_with_the_bare_task(ada: User, tasks: str) -> None:
    reply = ada.post(tasks, {"title": "Buy milk"})
    task = reply.json()
    assert 201 == reply.status
    assert FIELDS == list(task)
    assert 7 == UUID(task["id"]).version
    assert [ada.id, "Buy milk", False, None] == [task[name] for name in FIELDS[1:5]]
    assert task["description"] is None
    assert task["created_at"] == task["updated_at"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"title": "x" * 500}, 201),
        ({"title": "x" * 501}, 422),
        ({"title": ""}, 422),
        ({}, 422),
        ([], 422),
        ({"title": "x", "description": "d" * 10_000}, 201),
        ({"title": "x", "description": "d" * 10_001}, 422),
        ({"title": "x", "description": ""}, 201),
        ({"title": "x", "description": None}, 201),
        ({"title": "x", "description": 7}, 422),
    ],
)
def test_create_keeps_the_limits(ada: User, tasks: str, body: Any, status: int) -> None:
    assert status == ada.post(tasks, body).status


def test_a_422_names_the_broken_rules_in_details(ada: User, tasks: str) -> None:
    problem = {"type": "missing", "loc": ["body", "title"], "msg": "Field required"}
    assert_error(ada.post(tasks, {}), 422, "VALIDATION_ERROR", "The request is not valid", [problem])


def test_get_answers_the_bare_task(ada: User, tasks: str) -> None:
    task = create(ada, "one")
    reply = ada.get(f"{tasks}/{task['id']}")
    assert (200, task) == (reply.status, reply.json())


def test_the_description_is_stored_and_always_shown(ada: User, tasks: str) -> None:
    with_one = create(ada, "with", description="told here")
    SCOPED.create(ada, title="elsewhere", description="told elsewhere")
    without = create(ada, "without")
    found = ada.get(tasks).json()["data"]
    assert [None, "told elsewhere", "told here"] == [task["description"] for task in found]
    assert all(FIELDS == list(task) for task in found)
    assert [without, with_one] == [ada.get(f"{tasks}/{task['id']}").json() for task in (without, with_one)]


@pytest.mark.parametrize(
    ("fields", "description"),
    [
        ({"description": "new"}, "new"),
        ({"description": None}, None),
        ({"description": ""}, ""),
        ({"title": "new"}, "old"),
        ({"is_completed": True}, "old"),
        ({}, "old"),
    ],
)
def test_change_sets_clears_or_keeps_the_description(
    ada: User, tasks: str, fields: dict[str, Any], description: str | None
) -> None:
    task = create(ada, "x", description="old")
    reply = ada.put(f"{tasks}/{task['id']}", fields)
    assert (200, description) == (reply.status, reply.json()["description"])
    assert reply.json() == ada.get(f"{tasks}/{task['id']}").json()


@pytest.mark.parametrize(
    ("method", "end"), [("GET", ""), ("PUT", ""), ("DELETE", ""), ("PATCH", "/complete")]
)
def test_a_missing_task_is_404(ada: User, tasks: str, method: str, end: str) -> None:
    reply = ada(method, f"{tasks}/{uuid4()}{end}", **({"json": {}} if method == "PUT" else {}))
    assert_error(reply, 404, "NOT_FOUND", "Task not found")


@pytest.mark.parametrize("task_id", ["1", "x", SOME_UUID[:-1], f"{SOME_UUID}0", f"urn:uuid:{SOME_UUID}"])
@pytest.mark.parametrize(
    ("method", "end"), [("GET", ""), ("PUT", ""), ("DELETE", ""), ("PATCH", "/complete")]
)
def test_what_is_not_a_uuid_is_422(ada: User, tasks: str, method: str, end: str, task_id: str) -> None:
    reply = ada(method, f"{tasks}/{task_id}{end}", **({"json": {}} if method == "PUT" else {}))
    problem = {"type": "uuid_parsing", "loc": ["path", "task_id"], "msg": "Input should be a valid UUID"}
    assert_error(reply, 422, "VALIDATION_ERROR", "The request is not valid", [problem])


def test_change_sets_the_title(ada: User, tasks: str) -> None:
    task = create(ada, "old")
    reply = ada.put(f"{tasks}/{task['id']}", {"title": "new"})
    assert 200 == reply.status
    assert task | {"title": "new", "updated_at": reply.json()["updated_at"]} == reply.json()


def test_change_of_is_completed_sets_and_clears_completed_at(ada: User, tasks: str) -> None:
    task = create(ada, "one")
    before = datetime.fromisoformat(task["created_at"])
    done = ada.put(f"{tasks}/{task['id']}", {"is_completed": True})
    assert (200, True) == (done.status, done.json()["is_completed"])
    assert datetime.fromisoformat(done.json()["completed_at"]) >= before
    assert done.json()["completed_at"].endswith("Z")
    reopened = ada.put(f"{tasks}/{task['id']}", {"is_completed": False})
    assert (200, False, None) == (
        reopened.status,
        reopened.json()["is_completed"],
        reopened.json()["completed_at"],
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"title": None},
        {"title": "x" * 501},
        {"is_completed": None},
        {"description": "d" * 10_001},
        {"description": 7},
    ],
)
def test_change_to_a_bad_value_is_422(ada: User, tasks: str, fields: dict[str, Any]) -> None:
    task = create(ada, "old")
    assert 422 == ada.put(f"{tasks}/{task['id']}", fields).status
    assert task == ada.get(f"{tasks}/{task['id']}").json()


def test_complete_is_idempotent(ada: User, tasks: str) -> None:
    task = create(ada, "one")
    first, second = (ada.patch(f"{tasks}/{task['id']}/complete") for _ in range(2))
    assert (200, True) == (first.status, first.json()["is_completed"])
    assert first.json()["completed_at"] is not None
    assert (200, first.body, first.etag) == (second.status, second.body, second.etag)


def test_delete_answers_204_and_then_404(ada: User, tasks: str) -> None:
    task, other = create(ada, "one"), create(ada, "two")
    deleted = ada.delete(f"{tasks}/{task['id']}")
    assert (204, b"") == (deleted.status, deleted.body)
    assert_error(ada.delete(f"{tasks}/{task['id']}"), 404, "NOT_FOUND", "Task not found")
    assert [other] == ada.get(tasks).json()["data"]
