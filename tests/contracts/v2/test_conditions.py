"""Conditional requests in v2: every tag, every condition, on all that can be read or written."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from tests.contracts.v2.conftest import TASKS, Lister

SOME_UUID = "0193b5e7-6f1c-7a35-9d0c-4e2f8a61b7c3"
LISTS = ["/tasks", "/tasks?q=x", "/trash", "/sync", "/sync?since=0", "/changes", "/changes?since=0"]


@pytest.mark.parametrize("target", LISTS)
def test_a_list_is_revalidated_until_anything_changes(ada: Lister, target: str) -> None:
    ada.made()
    tag = ada.get(f"/api/v2{target}").etag
    condition = {"If-None-Match": tag}

    assert (304, tag) == ((still := ada.get(f"/api/v2{target}", headers=condition)).status, still.etag)
    assert 304 == ada.get(f"/api/v2{target}", headers={"If-None-Match": "*"}).status

    ada.made()
    changed = ada.get(f"/api/v2{target}", headers=condition)
    assert 200 == changed.status
    assert tag != changed.etag


def test_a_task_is_revalidated_until_it_changes(ada: Lister) -> None:
    task = ada.made()
    url = f"{TASKS}/{task['id']}"

    ada.made("another")
    assert 304 == ada.get(url, headers={"If-None-Match": '"1"'}).status

    ada.changed(task, title="changed")
    assert 200 == ada.get(url, headers={"If-None-Match": '"1"'}).status


def test_what_is_overdue_is_not_revalidated_in_another_minute(
    ada: Lister, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime(2026, 12, 1, 12, 0, 30, tzinfo=UTC)
    clock = SimpleNamespace(now=moment)
    monkeypatch.setattr("donebook.http.call.Services.now", property(lambda _: lambda: clock.now))
    ada.made(due={"at": "2026-12-01T12:00:45Z"})
    target = f"{TASKS}?overdue=true"

    first = ada.get(target)
    assert [] == first.json()["items"]
    clock.now = moment.replace(second=50)
    assert 304 == ada.get(target, headers={"If-None-Match": first.etag}).status

    clock.now = moment.replace(minute=1, second=0)
    later = ada.get(target, headers={"If-None-Match": first.etag})
    assert (200, 1) == (later.status, len(later.json()["items"]))


@pytest.mark.parametrize("query", ["due_before=2026-12-02", "due_after=2026-12-02"])
def test_what_is_due_by_a_day_is_not_revalidated_in_another_time_zone(service: Any, query: str) -> None:
    there = Lister(service, zoneinfo="Pacific/Kiritimati")
    here = Lister(service, there.id, email=there.claims["email"], zoneinfo="Pacific/Niue")
    there.made(due={"at": "2026-12-01T23:30:00Z"})
    seen = there.get(f"{TASKS}?{query}")
    condition = {"If-None-Match": seen.etag}

    assert 304 == there.get(f"{TASKS}?{query}", headers=condition).status
    moved = here.get(f"{TASKS}?{query}", headers=condition)
    assert 200 == moved.status
    assert {0, 1} == {len(reply.json()["items"]) for reply in (seen, moved)}


WRITES: dict[str, tuple[str, str, Any]] = {
    "patch": ("PATCH", "/tasks/{}", {"title": "x"}),
    "patch nothing": ("PATCH", "/tasks/{}", {}),
    "merge": ("PATCH", "/tasks/{}?base=2", {"title": "x"}),
    "complete": ("POST", "/tasks/{}/complete", None),
    "reopen": ("POST", "/tasks/{}/reopen", None),
    "restore": ("POST", "/tasks/{}/restore", None),
    "move to an end": ("POST", "/tasks/{}/move", {"to": "first"}),
    "move next to another": ("POST", "/tasks/{}/move", {"before": "{other}"}),
    "delete": ("DELETE", "/tasks/{}", None),
}


def _write(
    user: Lister, write: str, task: dict[str, Any], other: dict[str, Any], headers: dict[str, str]
) -> Any:
    method, target, body = WRITES[write]
    if body is not None:
        body = {key: other["id"] if value == "{other}" else value for key, value in body.items()}
    options = {} if body is None else {"json": body}
    return user(method, "/api/v2" + target.format(task["id"]), headers=headers, **options)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("tags", ['"999"', '"999", "998"', 'W/"1"', '"x"'])
def test_a_write_on_a_false_condition_is_refused_with_the_current_task(
    ada: Lister, write: str, tags: str
) -> None:
    other, task = ada.made("other"), ada.made()

    refused = _write(ada, write, task, other, {"If-Match": tags})

    assert (412, "precondition_failed") == (refused.status, refused.json()["code"])
    assert task == refused.json()["task"]
    assert 2 == refused.json()["revision"]
    assert task == ada.read(task)
    assert 2 == ada.get("/api/v2/sync").json()["revision"]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("tags", ['"2"', '"999", "2"', "*"])
def test_a_write_on_a_true_condition_is_done(ada: Lister, write: str, tags: str) -> None:
    other, task = ada.made("other"), ada.made()

    assert _write(ada, write, task, other, {"If-Match": tags}).status in {200, 204}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("tags", ["*", '"2"', 'W/"2", "9"'])
def test_a_write_to_what_must_not_be_there_is_refused_with_it(ada: Lister, write: str, tags: str) -> None:
    other, task = ada.made("other"), ada.made()

    refused = _write(ada, write, task, other, {"If-None-Match": tags})

    assert (412, "precondition_failed") == (refused.status, refused.json()["code"])
    assert (task, 2) == (refused.json()["task"], refused.json()["revision"])
    assert task == ada.read(task)
    assert 2 == ada.get("/api/v2/sync").json()["revision"]


@pytest.mark.parametrize("write", WRITES)
def test_what_is_not_there_is_404_even_if_it_must_not_be(ada: Lister, write: str) -> None:
    other, task = ada.made("other"), ada.made()
    missing = {"id": str(uuid4())}
    assert 404 == _write(ada, write, missing, other, {"If-None-Match": "*"}).status
    ada.deleted(task)
    expected = 412 if write == "restore" else 404
    assert expected == _write(ada, write, task, other, {"If-None-Match": "*"}).status


def test_creating_what_must_not_be_there_is_refused_with_what_is(ada: Lister) -> None:
    unless_there = {"If-None-Match": "*"}
    given = {"id": str(uuid4()), "title": "mine"}

    created = ada.post(TASKS, given, headers=unless_there)
    again = ada.post(TASKS, given | {"title": "other"}, headers=unless_there)

    assert (201, 412) == (created.status, again.status)
    assert (created.json(), 1) == (again.json()["task"], again.json()["revision"])
    assert 200 == ada.post(TASKS, given).status
    ada.deleted(created.json())
    assert 412 == ada.post(TASKS, given, headers=unless_there).status
    assert 201 == ada.post(TASKS, {"title": "another"}, headers=unless_there).status


def test_a_creation_sent_again_with_its_key_is_repeated_on_any_condition(ada: Lister) -> None:
    headers = {"If-None-Match": "*", "Idempotency-Key": "once"}
    first, again = (ada.post(TASKS, {"id": SOME_UUID, "title": "x"}, headers=headers) for _ in range(2))
    assert (201, 201, first.body) == (first.status, again.status, again.body)


def test_erasing_what_must_not_be_there_is_refused(ada: Lister) -> None:
    task = ada.made()
    ada.deleted(task)
    address = f"/api/v2/trash/{task['id']}"

    assert 412 == ada.delete(address, headers={"If-None-Match": "*"}).status
    assert 204 == ada.delete(address).status
    assert 404 == ada.delete(address, headers={"If-None-Match": "*"}).status


@pytest.mark.parametrize(("tags", "status"), [('"1"', 412), ('"2"', 204), ('"1", "2"', 204), ("*", 204)])
def test_erasing_can_be_conditional(ada: Lister, tags: str, status: int) -> None:
    task = ada.made()
    ada.deleted(task)

    erased = ada.delete(f"/api/v2/trash/{task['id']}", headers={"If-Match": tags})

    assert status == erased.status
    if status == 412:
        assert task["id"] == erased.json()["task"]["id"]


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/tasks", {"title": "x"}),
        ("POST", "/batch", {"operations": [{"op": "create", "task": {"title": "x"}}]}),
        ("POST", "/changes/1/undo", None),
    ],
)
def test_writes_to_the_whole_list_take_its_tag(ada: Lister, method: str, target: str, body: Any) -> None:
    ada.made()
    stale = ada.get(TASKS).etag
    ada.turned(ada.made(), "complete")
    fresh = ada.get(TASKS).etag
    options = {} if body is None else {"json": body}

    refused = ada(method, f"/api/v2{target}", headers={"If-Match": stale}, **options)
    assert (412, None, 3) == (refused.status, refused.json()["task"], refused.json()["revision"])
    assert ada(method, f"/api/v2{target}", headers={"If-Match": fresh}, **options).status in {200, 201}
