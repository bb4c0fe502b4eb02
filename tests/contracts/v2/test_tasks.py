"""``/api/v2/tasks``: one task, as v2 shows and takes it."""

from uuid import UUID

import httpx
import pytest

TASKS = "/api/v2/tasks"


async def test_a_task_carries_every_field(ann: httpx.AsyncClient) -> None:
    answer = await ann.post(TASKS, json={"title": "  Buy milk "})

    assert 201 == answer.status_code
    task = answer.json()
    assert UUID(task["id"]).version == 7
    assert task["created_at"] == task["updated_at"]
    assert {
        "number": 1,
        "title": "Buy milk",
        "description": None,
        "completed": False,
        "completed_at": None,
        "priority": None,
        "due": None,
        "tags": [],
        "deleted_at": None,
        "revision": 1,
    } == {key: task[key] for key in task if key not in {"id", "position", "created_at", "updated_at"}}
    assert '"1"' == answer.headers["etag"]


@pytest.mark.parametrize(
    "due",
    [
        {"date": "2026-12-01"},
        {"at": "2026-12-01T08:00:00Z", "time_zone": "Europe/Berlin"},
        {"at": "2026-12-01T08:00:00.123456Z", "time_zone": None},
    ],
)
async def test_a_due_date_reads_as_it_was_written(ann: httpx.AsyncClient, due: dict[str, str]) -> None:
    created = await ann.post(TASKS, json={"title": "Report", "due": due})

    assert due == created.json()["due"]
    assert due == (await ann.get(f"{TASKS}/{created.json()['id']}")).json()["due"]


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
async def test_a_due_date_of_another_shape_is_refused(ann: httpx.AsyncClient, due: object) -> None:
    answer = await ann.post(TASKS, json={"title": "Report", "due": due})

    assert 422 == answer.status_code
    assert ["body", "due"] == answer.json()["errors"][0]["loc"][:2]


async def test_an_all_day_task_is_midnight_utc_in_the_versioned_contract(ann: httpx.AsyncClient) -> None:
    created = await ann.post(TASKS, json={"title": "Report", "due": {"date": "2026-12-01"}})

    seen = await ann.get(f"/api/v1/tasks/{created.json()['number']}")

    assert "2026-12-01T00:00:00Z" == seen.json()["due_date"]


async def test_a_patch_keeps_what_is_absent_and_clears_what_is_null(ann: httpx.AsyncClient) -> None:
    given = {
        "title": "Report",
        "description": "All of it",
        "priority": "high",
        "due": {"date": "2026-12-01"},
        "tags": ["work", "work", "home"],
    }
    task = (await ann.post(TASKS, json=given)).json()
    url = f"{TASKS}/{task['id']}"

    renamed = (await ann.patch(url, json={"title": "Summary"})).json()
    assert given | {"title": "Summary", "tags": ["work", "home"]} == {key: renamed[key] for key in given}

    cleared = (await ann.patch(url, json=dict.fromkeys(("description", "priority", "due", "tags")))).json()
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
        {"tags": ["a\u0000b"]},
    ],
)
async def test_what_cannot_be_set_is_refused(ann: httpx.AsyncClient, body: dict[str, object]) -> None:
    task = (await ann.post(TASKS, json={"title": "Report"})).json()

    answer = await ann.patch(f"{TASKS}/{task['id']}", json=body)

    assert 422 == answer.status_code
    assert "application/problem+json" == answer.headers["content-type"]
    assert "invalid" == answer.json()["code"]
    assert task == (await ann.get(f"{TASKS}/{task['id']}")).json()


async def test_a_stale_if_match_is_answered_with_the_current_task(ann: httpx.AsyncClient) -> None:
    task = (await ann.post(TASKS, json={"title": "Report"})).json()
    url = f"{TASKS}/{task['id']}"
    current = (await ann.patch(url, json={"title": "Summary"})).json()

    answer = await ann.patch(url, json={"title": "Essay"}, headers={"If-Match": '"1"'})

    assert (412, "precondition_failed") == (answer.status_code, answer.json()["code"])
    assert current == answer.json()["task"]


async def test_a_foreign_task_is_a_missing_one(ann: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    task = (await ann.post(TASKS, json={"title": "Report"})).json()
    marks = {"x-request-id": "same"}

    foreign = await bob.get(f"{TASKS}/{task['id']}", headers=marks)
    missing = await bob.get(f"{TASKS}/01990000-0000-7000-8000-000000000000", headers=marks)

    assert 404 == foreign.status_code
    assert (missing.status_code, missing.content) == (foreign.status_code, foreign.content)
