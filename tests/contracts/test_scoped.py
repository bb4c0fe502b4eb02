"""``scoped``: the rows of its table, one by one."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest

from tests.contracts.client import User
from tests.contracts.spoken import SCOPED, VERSIONED

FIELDS = [
    "id",
    "user_id",
    "title",
    "description",
    "completed",
    "priority",
    "due_date",
    "created_at",
    "updated_at",
]


NOT_DATES: list[Any] = [None, "", "tomorrow", "2026-13-01", "12/01/2026", 1_800_000_000, True, [], {}]


@pytest.fixture
def tasks(ada: User) -> str:
    return f"/api/{ada.id}/tasks"


def titles(found: list[dict[str, Any]]) -> list[str]:
    return [task["title"] for task in found]


def create(ada: User, *titles: str, **fields: Any) -> list[dict[str, Any]]:
    return [SCOPED.create(ada, title=title, **fields) for title in titles]


def test_list_of_a_new_user_is_an_empty_array(ada: User, tasks: str) -> None:
    reply = ada.get(tasks)
    assert (200, []) == (reply.status, reply.json())


def test_list_is_a_bare_array_oldest_first(ada: User, tasks: str) -> None:
    made = create(ada, "one", "two", "three")
    reply = ada.get(tasks)
    assert (200, made) == (reply.status, reply.json())


def test_list_without_a_token_is_401(ada: User, tasks: str) -> None:
    reply = ada.service.get(tasks)
    assert (401, {"detail": "Missing authorization token"}) == (reply.status, reply.json())


def test_list_of_another_user_is_403(ada: User, bob: User) -> None:
    reply = ada.get(f"/api/{bob.id}/tasks")
    assert 403 == reply.status
    assert {
        "detail": "Access forbidden: user_id mismatch. Not authorized to access this user's tasks"
    } == reply.json()


@pytest.mark.parametrize("name", ["status", "status_filter"])
@pytest.mark.parametrize(
    ("status", "expected"), [("all", ["open", "done"]), ("pending", ["open"]), ("completed", ["done"])]
)
def test_list_by_status(ada: User, tasks: str, name: str, status: str, expected: list[str]) -> None:
    create(ada, "open")
    create(ada, "done", completed=True)
    assert expected == titles(ada.get(f"{tasks}?{name}={status}").json())


def test_status_wins_over_its_other_name(ada: User, tasks: str) -> None:
    create(ada, "open")
    assert ["open"] == titles(ada.get(f"{tasks}?status=pending&status_filter=completed").json())


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("milk", ["Buy MILK", "Errands"]),
        ("ÄPFEL", ["Äpfel pflücken"]),
        ("a\N{COMBINING DIAERESIS}pfel", ["Äpfel pflücken"]),
        ("ΚΌΣΜΟΣ", ["κόσμος"]),
        ("strasse", ["Straße fegen"]),
        ("100%", ["100% done_now"]),
        ("e_n", ["100% done_now"]),
        ("'; DROP TABLE tasks; --", []),
        ("", ["Buy MILK", "Errands", "Äpfel pflücken", "κόσμος", "Straße fegen", "100% done_now"]),
    ],
)
def test_search_finds_text_in_title_or_description_in_any_case(
    ada: User, tasks: str, search: str, expected: list[str]
) -> None:
    create(ada, "Buy MILK")
    create(ada, "Errands", description="bread, Milk")
    create(ada, "Äpfel pflücken", "κόσμος", "Straße fegen", "100% done_now")
    found = ada.get(f"{tasks}?search={quote(search)}")
    assert (200, expected) == (found.status, titles(found.json()))


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("created", ["beta", "Alpha", "gamma", "ändern"]),
        ("created_at", ["beta", "Alpha", "gamma", "ändern"]),
        ("updated_at", ["Alpha", "gamma", "ändern", "beta"]),
        ("updated", ["Alpha", "gamma", "ändern", "beta"]),
        ("title", ["Alpha", "beta", "gamma", "ändern"]),
        ("due_date", ["gamma", "beta", "Alpha", "ändern"]),
        ("priority", ["Alpha", "beta", "gamma", "ändern"]),
    ],
)
@pytest.mark.parametrize("name", ["sort", "sort_by"])
def test_sort_and_order(ada: User, tasks: str, name: str, sort: str, expected: list[str]) -> None:
    first = VERSIONED.create(ada, title="beta", priority="medium", due_date="2026-02-01T00:00:00Z")
    VERSIONED.create(ada, title="Alpha", priority="low", due_date="2026-03-01T00:00:00Z")
    VERSIONED.create(ada, title="gamma", priority="high", due_date="2026-01-01T00:00:00Z")
    VERSIONED.create(ada, title="ändern")
    ada.put(f"{tasks}/{first['id']}", {"description": "changed last"})
    assert expected == titles(ada.get(f"{tasks}?{name}={sort}").json())
    assert expected == titles(ada.get(f"{tasks}?{name}={sort}&order=asc").json())
    descending = titles(ada.get(f"{tasks}?{name}={sort}&order=desc").json())
    # What a task lacks puts it last in both directions.
    absent = ["ändern"] if sort in {"due_date", "priority"} else []
    assert [title for title in reversed(expected) if title not in absent] + absent == descending


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort_by=TITLE", ["a", "b"]),
        ("sort=created&sort_by=title", ["b", "a"]),
        ("sort_by=", ["b", "a"]),
        ("sort_by=dueDate", ["b", "a"]),
        ("sort_by=created_at; DROP TABLE tasks", ["b", "a"]),
        ("sort_by=%00", ["b", "a"]),
    ],
)
def test_a_sort_by_that_cannot_be_read_is_ignored(
    ada: User, tasks: str, query: str, expected: list[str]
) -> None:
    create(ada, "b", "a")
    found = ada.get(f"{tasks}?{quote(query, safe='=&%')}")
    assert (200, expected) == (found.status, titles(found.json()))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("priority=high", ["high"]),
        ("priority=MEDIUM", ["medium"]),
        ("priority=Low&status=completed", []),
        ("priority=low&priority=high", ["low", "high"]),
        ("priority=all", ["low", "medium", "high", "none"]),
        ("priority=none", ["low", "medium", "high", "none"]),
        ("priority=", ["low", "medium", "high", "none"]),
        ("priority=urgent", ["low", "medium", "high", "none"]),
        ("priority=%00", ["low", "medium", "high", "none"]),
    ],
)
def test_list_by_priority(ada: User, tasks: str, query: str, expected: list[str]) -> None:
    for priority in ("low", "medium", "high", "none"):
        create(ada, priority, priority=priority)
    found = ada.get(f"{tasks}?{query}")
    assert (200, expected) == (found.status, titles(found.json()))


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (
            "status=done",
            {
                "type": "literal_error",
                "loc": ["query", "status"],
                "msg": "Input should be 'all', 'pending' or 'completed'",
            },
        ),
        (
            "status_filter=",
            {
                "type": "literal_error",
                "loc": ["query", "status_filter"],
                "msg": "Input should be 'all', 'pending' or 'completed'",
            },
        ),
        (
            "sort=id",
            {
                "type": "literal_error",
                "loc": ["query", "sort"],
                "msg": "Input should be 'created', 'updated', 'title', 'due_date', 'priority', "
                "'created_at' or 'updated_at'",
            },
        ),
        (
            "order=up",
            {"type": "literal_error", "loc": ["query", "order"], "msg": "Input should be 'asc' or 'desc'"},
        ),
        (
            "limit=0",
            {
                "type": "greater_than_equal",
                "loc": ["query", "limit"],
                "msg": "Input should be greater than or equal to 1",
            },
        ),
        (
            "offset=-1",
            {
                "type": "greater_than_equal",
                "loc": ["query", "offset"],
                "msg": "Input should be greater than or equal to 0",
            },
        ),
        (
            "limit=ten",
            {
                "type": "int_parsing",
                "loc": ["query", "limit"],
                "msg": "Input should be a valid integer, unable to parse string as an integer",
            },
        ),
    ],
)
def test_list_by_a_bad_value_is_422(ada: User, tasks: str, query: str, problem: dict[str, Any]) -> None:
    reply = ada.get(f"{tasks}?{query}")
    assert (422, {"detail": [problem]}) == (reply.status, reply.json())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=50&offset=0", {"tasks": [0, 1, 2], "total": 3, "limit": 50, "offset": 0}),
        ("limit=2", {"tasks": [0, 1], "total": 3, "limit": 2, "offset": 0}),
        ("offset=2", {"tasks": [2], "total": 3, "limit": 50, "offset": 2}),
        ("limit=2&offset=3", {"tasks": [], "total": 3, "limit": 2, "offset": 3}),
        ("limit=1&status=completed", {"tasks": [2], "total": 1, "limit": 1, "offset": 0}),
        ("limit=1&order=desc", {"tasks": [2], "total": 3, "limit": 1, "offset": 0}),
    ],
)
def test_list_with_a_limit_or_an_offset_is_a_page(
    ada: User, tasks: str, query: str, expected: dict[str, Any]
) -> None:
    made = [*create(ada, "one", "two"), *create(ada, "three", completed=True)]
    reply = ada.get(f"{tasks}?{query}")
    assert 200 == reply.status
    assert expected | {"tasks": [made[index] for index in expected["tasks"]]} == reply.json()


def test_create_answers_201_with_the_task(ada: User, tasks: str) -> None:
    reply = ada.post(tasks, {"title": "Buy milk"})
    task = reply.json()
    assert 201 == reply.status
    assert FIELDS == list(task)
    assert isinstance(task["id"], int)
    assert (ada.id, "Buy milk", None, False, None, None) == tuple(task[name] for name in FIELDS[1:7])
    assert task["created_at"] == task["updated_at"]
    assert task["created_at"].endswith("Z")
    assert datetime.fromisoformat(task["created_at"]).utcoffset() is not None
    assert [task] == ada.get(tasks).json()


def test_create_takes_description_and_completed(ada: User, tasks: str) -> None:
    reply = ada.post(tasks, {"title": "t", "description": "d", "completed": True})
    assert (201, "d", True) == (reply.status, reply.json()["description"], reply.json()["completed"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"title": "x"}, 201),
        ({"title": "ä" * 200}, 201),
        ({"title": "😀" * 200}, 201),
        ({"title": "x" * 201}, 422),
        ({"title": ""}, 422),
        ({}, 422),
        ({"title": "x", "description": "d" * 1000}, 201),
        ({"title": "x", "description": "d" * 1001}, 422),
        ({"title": "x", "description": ""}, 201),
        ({"title": "x", "description": None}, 201),
        ({"title": "x", "completed": "later"}, 422),
        ({"title": 7}, 422),
        ([], 422),
        ("x", 422),
        (None, 422),
    ],
)
def test_create_keeps_the_limits(ada: User, tasks: str, body: Any, status: int) -> None:
    assert status == ada.post(tasks, body).status


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        *(("low", "low"), ("medium", "medium"), ("high", "high"), ("MEDIUM", "medium"), (" High ", "high")),
        *((each, None) for each in (None, "", "none", "None", "urgent", "1", 1, True, ["low"], {"low": 1})),
    ],
)
def test_a_priority_is_read_in_any_case_or_ignored(ada: User, tasks: str, sent: Any, shown: Any) -> None:
    reply = ada.post(tasks, {"title": "x", "priority": sent})
    assert (201, shown) == (reply.status, reply.json()["priority"])


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2026-12-01T08:30:00Z", "2026-12-01T08:30:00Z"),
        ("2026-12-01T08:30:00.000+02:00", "2026-12-01T06:30:00Z"),
        ("2026-12-01T08:30", "2026-12-01T08:30:00Z"),
        ("2026-12-01", "2026-12-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59.999999Z", None),
        *((each, None) for each in NOT_DATES),
    ],
)
def test_a_due_date_is_read_or_ignored(ada: User, tasks: str, sent: Any, shown: Any) -> None:
    reply = ada.post(tasks, {"title": "x", "due_date": sent})
    assert (201, shown) == (reply.status, reply.json()["due_date"])
    assert reply.json() == ada.get(f"{tasks}/{reply.json()['id']}").json()


@pytest.mark.parametrize("sent", [None, "", "none"])
def test_change_clears_a_priority(ada: User, tasks: str, sent: Any) -> None:
    [task] = create(ada, "x", priority="high")
    assert ada.put(f"{tasks}/{task['id']}", {"priority": sent}).json()["priority"] is None


@pytest.mark.parametrize("sent", [None, ""])
def test_change_clears_a_due_date(ada: User, tasks: str, sent: Any) -> None:
    [task] = create(ada, "x", due_date="2026-12-01")
    assert ada.put(f"{tasks}/{task['id']}", {"due_date": sent}).json()["due_date"] is None


@pytest.mark.parametrize(
    "fields", [{"priority": "urgent"}, {"priority": 3}, {"due_date": "soon"}, {"due_date": 3}]
)
def test_change_to_what_cannot_be_read_keeps_the_value(ada: User, tasks: str, fields: Any) -> None:
    [task] = create(ada, "x", priority="high", due_date="2026-12-01")
    kept = ada.put(f"{tasks}/{task['id']}", fields)
    assert (200, task) == (kept.status, kept.json())


def test_create_names_what_is_wrong(ada: User, tasks: str) -> None:
    reply = ada.post(tasks, {"title": "x" * 201, "description": 5})
    assert 422 == reply.status
    assert {
        "detail": [
            {
                "type": "string_too_long",
                "loc": ["body", "title"],
                "msg": "String should have at most 200 characters",
            },
            {"type": "string_type", "loc": ["body", "description"], "msg": "Input should be a valid string"},
        ]
    } == reply.json()


def test_get_answers_the_task(ada: User, tasks: str) -> None:
    [task] = create(ada, "one")
    reply = ada.get(f"{tasks}/{task['id']}")
    assert (200, task) == (reply.status, reply.json())


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_missing_task_is_404(ada: User, tasks: str, method: str) -> None:
    reply = ada(method, f"{tasks}/999999999", **({"json": {}} if method == "PUT" else {}))
    assert (404, {"detail": "Task not found"}) == (reply.status, reply.json())


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "new"},
        {"description": "new"},
        {"completed": True},
        {"priority": "low"},
        {"due_date": "2026-12-01T08:30:00Z"},
        {"title": "new", "description": None, "completed": True, "priority": None, "due_date": None},
    ],
)
def test_change_sets_what_is_given_and_keeps_the_rest(ada: User, tasks: str, fields: dict[str, Any]) -> None:
    [task] = create(ada, "old", description="old", priority="high", due_date="2026-01-01")
    reply = ada.put(f"{tasks}/{task['id']}", fields)
    assert 200 == reply.status
    assert task | fields | {"updated_at": reply.json()["updated_at"]} == reply.json()
    assert reply.json() == ada.get(f"{tasks}/{task['id']}").json()


@pytest.mark.parametrize(
    "fields", [{"title": ""}, {"title": "x" * 201}, {"description": "d" * 1001}, {"completed": None}]
)
def test_change_to_a_bad_value_is_422(ada: User, tasks: str, fields: dict[str, Any]) -> None:
    [task] = create(ada, "old")
    assert 422 == ada.put(f"{tasks}/{task['id']}", fields).status
    assert task == ada.get(f"{tasks}/{task['id']}").json()


def test_complete_toggles(ada: User, tasks: str) -> None:
    [task] = create(ada, "one")
    replies = [ada.patch(f"{tasks}/{task['id']}/complete") for _ in range(3)]
    assert [(200, True), (200, False), (200, True)] == [
        (each.status, each.json()["completed"]) for each in replies
    ]
    assert task | {"completed": True, "updated_at": replies[2].json()["updated_at"]} == replies[2].json()


def test_complete_of_a_missing_task_is_404(ada: User, tasks: str) -> None:
    reply = ada.patch(f"{tasks}/999999999/complete")
    assert (404, {"detail": "Task not found"}) == (reply.status, reply.json())


def test_delete_answers_204_and_then_404(ada: User, tasks: str) -> None:
    [task, other] = create(ada, "one", "two")
    deleted = ada.delete(f"{tasks}/{task['id']}")
    assert (204, b"") == (deleted.status, deleted.body)
    assert 404 == ada.delete(f"{tasks}/{task['id']}").status
    assert 404 == ada.get(f"{tasks}/{task['id']}").status
    assert [other] == ada.get(tasks).json()
