"""``Idempotency-Key`` in each contract: a write that is sent again is done once."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.contracts.client import Reply, User
from tests.contracts.spoken import Spoken

KEY = {"Idempotency-Key": "0190b3a5-3f6b-7c1d-9a53-1e6f0c2d4b7e"}
EVERY_TIME = {"x-request-id"}


def assert_repeated(first: Reply, again: Reply) -> None:
    assert (first.status, first.body) == (again.status, again.body)
    assert "true" == again.headers["idempotent-replayed"]
    assert "idempotent-replayed" not in first.headers
    mine, theirs = (
        {
            name: value
            for name, value in reply.headers.items()
            if name not in {*EVERY_TIME, "idempotent-replayed"}
        }
        for reply in (first, again)
    )
    assert mine == theirs


def test_every_write_of_every_contract_is_done_once(ada: User, spoken: Spoken) -> None:
    def twice(key: str, method: str, target: str, **options: Any) -> Reply:
        first, again = (ada(method, target, headers={"Idempotency-Key": key}, **options) for _ in range(2))
        assert_repeated(first, again)
        return first

    created = twice("create", "POST", spoken.tasks(ada), json={"title": "Tea"})
    assert 201 == created.status
    address = spoken.task(ada, created.json())
    assert 200 == twice("change", "PUT", address, json={"title": "Coffee"}).status
    assert 200 == twice("complete", "PATCH", f"{address}/complete").status
    assert 204 == twice("delete", "DELETE", address).status

    assert 4 == ada.row()[3]


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/tasks", {"title": "Tea"}),
        ("PATCH", "/tasks/{}", {"title": "Coffee"}),
        ("PATCH", "/tasks/{}?base=1", {"title": "Coffee"}),
        ("POST", "/tasks/{}/complete", None),
        ("POST", "/tasks/{}/reopen", None),
        ("POST", "/tasks/{}/move", {"to": "last"}),
        ("POST", "/tasks/{}/restore", None),
        ("DELETE", "/tasks/{}", None),
        ("POST", "/batch", {"operations": [{"op": "create", "task": {"title": "x"}}]}),
        ("POST", "/changes/1/undo", None),
    ],
)
def test_every_write_of_v2_is_done_once(ada: User, method: str, target: str, body: Any) -> None:
    task = ada.post("/api/v2/tasks", {"title": "Tea"}).json()
    ada.post("/api/v2/tasks", {"title": "Milk"})
    options = {} if body is None else {"json": body}
    address = "/api/v2" + target.format(task["id"])

    first, again = (ada(method, address, headers=KEY, **options) for _ in range(2))

    assert first.status in {200, 201, 204}
    assert_repeated(first, again)
    assert ada.row()[3] in {2, 3}


def test_a_toggle_that_is_sent_again_does_not_toggle_back(ada: User) -> None:
    task = ada.post("/api/tasks", {"title": "Tea"}).json()

    for _ in range(3):
        ada.patch(f"/api/tasks/{task['id']}/complete", headers=KEY)

    assert ada.get(f"/api/tasks/{task['id']}").json()["completed"]


def test_the_first_answer_comes_again_whatever_happened_since(ada: User) -> None:
    first = ada.post("/api/v2/tasks", {"title": "Tea"}, headers=KEY)
    ada.patch(f"/api/v2/tasks/{first.json()['id']}", json={"title": "Coffee"})
    ada.delete(f"/api/v2/tasks/{first.json()['id']}")

    assert_repeated(first, ada.post("/api/v2/tasks", {"title": "Tea"}, headers=KEY))


def test_another_request_with_the_key_is_refused_in_each_contracts_words(ada: User, spoken: Spoken) -> None:
    address = spoken.task(ada, spoken.create(ada))
    assert 201 == ada.post(spoken.tasks(ada), {"title": "Tea"}, headers=KEY).status
    before = ada.stored()

    for method, target, options in (
        ("POST", spoken.tasks(ada), {"json": {"title": "Milk"}}),
        ("POST", spoken.tasks(ada) + "?x=1", {"json": {"title": "Tea"}}),
        ("PUT", address, {"json": {"title": "Tea"}}),
        ("DELETE", address, {}),
    ):
        refused = ada(method, target, headers=KEY, **options)
        assert 422 == refused.status
        assert b"key" in refused.body.lower()
    assert before == ada.stored()


def test_a_key_belongs_to_one_contract_too(ada: User) -> None:
    ada.post("/api/tasks", {"title": "Tea"}, headers=KEY)

    assert 422 == ada.post("/api/v1/tasks", {"title": "Tea"}, headers=KEY).status
    assert "true" == ada.post("/api/tasks/", {"title": "Tea"}, headers=KEY).headers["idempotent-replayed"]


def test_a_key_is_one_users(ada: User, bob: User) -> None:
    mine, theirs = (user.post("/api/v2/tasks", {"title": user.text}, headers=KEY) for user in (ada, bob))

    assert [201, 201] == [mine.status, theirs.status]
    assert bob.text == theirs.json()["title"]
    assert "idempotent-replayed" not in theirs.headers


def test_a_failure_is_not_kept(ada: User) -> None:
    task = ada.post("/api/v2/tasks", {"title": "Tea"}).json()
    address = f"/api/v2/tasks/{task['id']}"

    assert 412 == ada.patch(address, json={"title": "x"}, headers=KEY | {"If-Match": '"9"'}).status
    assert 422 == ada.patch(address, json={"title": ""}, headers=KEY).status
    assert (
        404 == ada.patch("/api/v2/tasks/" + "0" * 8 + address[-28:], json={"title": "x"}, headers=KEY).status
    )
    done = ada.patch(address, json={"title": "x"}, headers=KEY | {"If-Match": '"1"'})

    assert (200, 2) == (done.status, ada.row()[3])
    assert_repeated(done, ada.patch(address, json={"title": "x"}, headers=KEY | {"If-Match": '"1"'}))


def test_a_key_is_good_for_a_day(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=datetime.now(UTC))
    monkeypatch.setattr("donebook.http.call.Services.now", property(lambda _: lambda: clock.now))
    first = ada.post("/api/v2/tasks", {"title": "Tea"}, headers=KEY)

    clock.now += timedelta(hours=23, minutes=59)
    assert_repeated(first, ada.post("/api/v2/tasks", {"title": "Tea"}, headers=KEY))
    clock.now += timedelta(minutes=1)
    anew = ada.post("/api/v2/tasks", {"title": "Milk"}, headers=KEY)

    assert (201, "Milk") == (anew.status, anew.json()["title"])
    assert_repeated(anew, ada.post("/api/v2/tasks", {"title": "Milk"}, headers=KEY))


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
def test_a_key_is_short_and_printable(ada: User, key: str) -> None:
    refused = ada.post("/api/v2/tasks", {"title": "Tea"}, headers={"Idempotency-Key": key})

    assert 422 == refused.status
    assert [["header", "Idempotency-Key"]] == [each["loc"] for each in refused.json()["errors"]]
    assert [] == ada.get("/api/v2/tasks").json()["items"]


def test_a_key_on_a_read_means_nothing(ada: User) -> None:
    for _ in range(2):
        assert "idempotent-replayed" not in ada.get("/api/v2/tasks", headers=KEY).headers


def test_the_first_request_of_a_new_user_may_carry_a_key(new_user: Any) -> None:
    user = new_user()

    first, again = (user.post("/api/v2/tasks", {"title": "Tea"}, headers=KEY) for _ in range(2))

    assert_repeated(first, again)
