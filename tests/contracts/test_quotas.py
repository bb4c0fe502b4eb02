"""A quota that is used up is a 403 in each contract's shape, and deleting is never refused."""

from collections.abc import Iterator

import pytest

from tests.contracts.client import Service, User, serve
from tests.contracts.conformance import conforms_to
from tests.contracts.spoken import Spoken

WORDS = "Quota exceeded: there are as many tasks as allowed; delete some for good"


@pytest.fixture(scope="module")
def bounded(sqlite_service_url: str) -> Iterator[Service]:
    with serve(sqlite_service_url, check=conforms_to(), quota_tasks=1, quota_answers=100_000) as service:
        yield service


def test_the_contract_says_that_there_are_too_many_tasks(bounded: Service, spoken: Spoken) -> None:
    user = User(bounded)
    task = spoken.create(user)

    refused = user.post(spoken.tasks(user), {"title": "one more"})

    body = refused.json()
    assert 403 == refused.status
    if spoken.name == "enveloped":
        assert ("FORBIDDEN", WORDS) == (body["error"]["code"], body["error"]["message"])
    elif spoken.name == "versioned":
        assert {"detail": WORDS, "code": "QUOTA_EXCEEDED"} == body
    else:
        assert {"detail": WORDS} == body
    assert 204 == user.delete(spoken.task(user, task)).status


def test_v2_names_the_limit(bounded: Service) -> None:
    user = User(bounded)
    assert 201 == user.post("/api/v2/tasks", {"title": "one"}).status

    body = user.post("/api/v2/tasks", {"title": "two"}).json()

    assert ("quota_exceeded", "tasks", 1, 403) == tuple(
        body[name] for name in ("code", "limit", "quota", "status")
    )
    operations = [{"op": "create", "task": {"title": "two"}}]
    batch = user.post("/api/v2/batch", {"operations": operations}).json()
    assert ("quota_exceeded", 0) == (batch["code"], batch["operation"])


def test_a_key_is_refused_rather_than_its_promise_broken(bounded: Service) -> None:
    user = User(bounded)
    task = user.post("/api/v2/tasks", {"title": "one"}, headers={"Idempotency-Key": "first"}).json()
    url = f"/api/v2/tasks/{task['id']}"
    for number in range(200):
        key = {"Idempotency-Key": f"{number}"}
        reply = user.patch(url, json={"description": f"{number}" * 1000}, headers=key)
        if reply.status != 200:
            break

    assert (403, "answers", 100_000) == (reply.status, reply.json()["limit"], reply.json()["quota"])
    again = user.post("/api/v2/tasks", {"title": "one"}, headers={"Idempotency-Key": "first"})
    assert (201, "true") == (again.status, again.headers["idempotent-replayed"])
    assert 200 == user.patch(url, json={"title": "without a key"}).status
    assert 204 == user.delete(url, headers={"Idempotency-Key": "delete"}).status
    restored = user.post(f"{url}/restore")
    assert 200 == restored.status
    deletions = {"operations": [{"op": "delete", "id": task["id"]}]}
    for replayed in (None, "true"):
        batch = user.post("/api/v2/batch", deletions, headers={"Idempotency-Key": "batch"})
        assert (200, replayed) == (batch.status, batch.headers.get("idempotent-replayed"))
    undo = f"/api/v2/changes/{batch.json()['revision']}/undo"
    refused = user.post(undo, headers={"Idempotency-Key": "undo"})
    assert (403, "answers") == (refused.status, refused.json()["limit"])
