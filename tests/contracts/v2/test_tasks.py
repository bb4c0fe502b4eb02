"""``/api/v2/tasks``: one task, as v2 shows and takes it."""

from uuid import UUID, uuid4

import jsonschema_rs
import pytest

from donebook.app import openapi_document
from donebook.settings import Mount
from tests.contracts.v2.conftest import Lister

DOCUMENT = openapi_document((Mount("v2"),))
TASKS = "/api/v2/tasks"
ELSEWHERE = {"id", "number", "position", "created_at", "updated_at"}


def test_a_task_carries_every_field(ada: Lister) -> None:
    answer = ada.post(TASKS, {"title": "  Buy milk "})

    assert 201 == answer.status
    task = answer.json()
    assert UUID(task["id"]).version == 7
    assert task["created_at"] == task["updated_at"]
    assert {
        "title": "Buy milk",
        "description": None,
        "completed": False,
        "completed_at": None,
        "priority": None,
        "due": None,
        "tags": [],
        "deleted_at": None,
        "revision": 1,
    } == {key: task[key] for key in task if key not in ELSEWHERE}
    assert task["number"] > 0
    assert '"1"' == answer.headers["etag"]


@pytest.mark.parametrize(
    "due",
    [
        {"date": "2026-12-01"},
        {"at": "2026-12-01T08:00:00Z", "time_zone": "Europe/Berlin"},
        {"at": "2026-12-01T08:00:00.123456Z", "time_zone": None},
    ],
)
def test_a_due_date_reads_as_it_was_written(ada: Lister, due: dict[str, str]) -> None:
    created = ada.post(TASKS, {"title": "Report", "due": due})

    assert due == created.json()["due"]
    assert due == ada.get(f"{TASKS}/{created.json()['id']}").json()["due"]


@pytest.mark.parametrize(
    "due",
    [
        {},
        {"date": "2026-12-01", "time_zone": "Europe/Berlin"},
        {"date": "2026-12-01T00:00:00Z"},
        {"date": 1_800_000_000},
        {"at": "2026-12-01T08:00:00Z", "time_zone": "Europe/Nowhere"},
        {"at": "2026-12-01T08:00:00Z", "time_zone": "../../etc/passwd"},
        {"at": 1_800_000_000},
        "2026-12-01",
    ],
)
def test_a_due_date_of_another_shape_is_refused(ada: Lister, due: object) -> None:
    answer = ada.post(TASKS, {"title": "Report", "due": due})

    assert 422 == answer.status
    assert ["body", "due"] == answer.json()["errors"][0]["loc"][:2]


def test_an_all_day_task_is_midnight_utc_in_the_versioned_contract(ada: Lister) -> None:
    created = ada.post(TASKS, {"title": "Report", "due": {"date": "2026-12-01"}})

    seen = ada.get(f"/api/v1/tasks/{created.json()['number']}")

    assert "2026-12-01T00:00:00Z" == seen.json()["due_date"]


def test_a_patch_keeps_what_is_absent_and_clears_what_is_null(ada: Lister) -> None:
    given = {
        "title": "Report",
        "description": "All of it",
        "priority": "high",
        "due": {"date": "2026-12-01"},
        "tags": ["work", "work", "home"],
    }
    task = ada.post(TASKS, given).json()
    url = f"{TASKS}/{task['id']}"

    renamed = ada.patch(url, json={"title": "Summary"}).json()
    assert given | {"title": "Summary", "tags": ["work", "home"]} == {key: renamed[key] for key in given}

    cleared = (ada.patch(url, json=dict.fromkeys(("description", "priority", "due", "tags")))).json()
    empty: dict[str, object] = {
        "title": "Summary",
        "description": None,
        "priority": None,
        "due": None,
        "tags": [],
    }
    assert empty == {key: cleared[key] for key in given}


@pytest.mark.parametrize(
    "body",
    [
        {"revision": 7},
        {"position": "1"},
        {"user_id": "bob"},
        {"title": None},
        {"completed": None},
        {"title": ""},
        {"title": "x" * 501},
        {"description": "x" * 10_001},
        {"priority": "urgent"},
        {"tags": ["x"] * 21},
        {"tags": ["x" * 51]},
        {"tags": [" "]},
        {"tags": ["\u0085"]},
        {"tags": ["a\u0000b"]},
    ],
)
def test_what_cannot_be_set_is_refused_and_the_document_says_so(ada: Lister, body: dict[str, object]) -> None:
    task = ada.post(TASKS, {"title": "Report"}).json()

    answer = ada.patch(f"{TASKS}/{task['id']}", json=body)

    assert 422 == answer.status
    assert "application/problem+json" == answer.headers["content-type"]
    assert "invalid" == answer.json()["code"]
    assert task == ada.get(f"{TASKS}/{task['id']}").json()
    change = {"$ref": "#/components/schemas/GivenChange", "components": DOCUMENT["components"]}
    assert not jsonschema_rs.is_valid(change, body)


def test_a_stale_if_match_is_answered_with_the_current_task(ada: Lister) -> None:
    task = ada.post(TASKS, {"title": "Report"}).json()
    url = f"{TASKS}/{task['id']}"
    current = ada.patch(url, json={"title": "Summary"}).json()

    answer = ada.patch(url, json={"title": "Essay"}, headers={"If-Match": '"1"'})

    assert (412, "precondition_failed") == (answer.status, answer.json()["code"])
    assert current == answer.json()["task"]


@pytest.mark.parametrize("turn", ["complete", "reopen", "restore"])
def test_a_turn_that_is_done_already_changes_nothing(ada: Lister, turn: str) -> None:
    task = ada.made(completed=turn == "complete")

    assert task == ada.turned(task, turn)


def test_a_task_is_completed_and_reopened(ada: Lister) -> None:
    task = ada.made()

    done = ada.turned(task, "complete")
    assert (True, done["updated_at"], 2) == (done["completed"], done["completed_at"], done["revision"])

    reopened = ada.turned(task, "reopen")
    assert (False, None, 3) == (reopened["completed"], reopened["completed_at"], reopened["revision"])


def test_a_deleted_task_can_be_restored_and_nothing_else(ada: Lister) -> None:
    task = ada.made()
    ada.deleted(task)
    url = f"{TASKS}/{task['id']}"

    assert [404] * 4 == [
        ada(method, target).status
        for method, target in (
            ("GET", url), ("DELETE", url), ("POST", f"{url}/complete"), ("POST", f"{url}/reopen")
        )
    ]  # fmt: skip
    assert 404 == ada.patch(url, json={"title": "x"}).status

    restored = ada.turned(task, "restore")
    assert task | {"revision": 3, "updated_at": restored["updated_at"]} == restored
    assert restored == ada.read(task)


def test_a_client_may_choose_the_id_and_ask_again(ada: Lister, bob: Lister) -> None:
    body = {"id": str(uuid4()), "title": "Tea"}

    first = ada.post(TASKS, body)
    again = ada.post(TASKS, body | {"title": "Milk"})

    assert [201, 200] == [first.status, again.status]
    assert first.json() == again.json()
    assert first.etag == again.etag
    assert body["id"] == first.json()["id"]
    assert ["Tea"] == ada.titles()
    assert 201 == bob.post(TASKS, body).status


def test_an_id_of_a_task_in_the_trash_is_taken_and_of_one_erased_is_refused(ada: Lister) -> None:
    task = ada.made()
    ada.deleted(task)
    body = {"id": task["id"], "title": "Again"}

    found = ada.post(TASKS, body)
    assert (200, "Tea", True) == (found.status, found.json()["title"], found.json()["deleted_at"] is not None)

    assert 204 == ada.delete(f"/api/v2/trash/{task['id']}").status
    refused = ada.post(TASKS, body)
    assert (409, "task_erased") == (refused.status, refused.json()["code"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"to": "first"}, 200),
        ({"to": "middle"}, 422),
        ({}, 422),
        ({"to": "first", "before": "01990000-0000-7000-8000-000000000000"}, 422),
        ({"before": "01990000-0000-7000-8000-000000000000"}, 404),
        ({"after": 7}, 422),
        ([], 422),
    ],
)
def test_a_move_names_one_place(ada: Lister, body: object, status: int) -> None:
    task = ada.made()

    assert status == ada.post(f"{TASKS}/{task['id']}/move", body).status


def test_tasks_are_moved_to_ends_and_next_to_others(ada: Lister) -> None:
    a, b, c = (ada.made(title) for title in "abc")

    ada.turned(c, "move", {"to": "first"})
    assert ["c", "a", "b"] == ada.titles()
    ada.turned(c, "move", {"after": a["id"]})
    assert ["a", "c", "b"] == ada.titles()
    ada.turned(b, "move", {"before": a["id"]})
    assert ["b", "a", "c"] == ada.titles()
    ada.turned(b, "move", {"to": "last"})
    assert ["a", "c", "b"] == ada.titles()
    assert ["b", "c", "a"] == ada.titles("?sort=-position")


def test_a_neighbour_that_is_not_there_is_told_apart_from_the_task(ada: Lister, bob: Lister) -> None:
    task, theirs = ada.made(), bob.made()

    for anchor in (theirs["id"], str(uuid4())):
        refused = ada.post(f"{TASKS}/{task['id']}/move", {"after": anchor})
        assert (404, "neighbour_not_found") == (refused.status, refused.json()["code"])
    refused = ada.post(f"{TASKS}/{theirs['id']}/move", {"to": "last"})
    assert (404, "task_not_found") == (refused.status, refused.json()["code"])


def test_a_foreign_task_is_a_missing_one(ada: Lister, bob: Lister) -> None:
    task = ada.made()
    missing = str(uuid4())
    marks = {"X-Request-ID": "same"}

    for method, target, body in (
        ("GET", "/tasks/{}", None),
        ("PATCH", "/tasks/{}", {"title": "x"}),
        ("PATCH", "/tasks/{}?base=0", {"title": "x"}),
        ("DELETE", "/tasks/{}", None),
        ("POST", "/tasks/{}/complete", None),
        ("POST", "/tasks/{}/reopen", None),
        ("POST", "/tasks/{}/restore", None),
        ("POST", "/tasks/{}/move", {"to": "last"}),
        ("GET", "/changes?task={}", None),
        ("DELETE", "/trash/{}", None),
    ):
        options = {} if body is None else {"json": body}
        theirs, none = (
            bob(method, "/api/v2" + target.format(task_id), headers=marks, **options)
            for task_id in (task["id"], missing)
        )
        assert 404 == theirs.status
        assert (none.body, none.headers) == (theirs.body, theirs.headers)
    assert task == ada.read(task)
