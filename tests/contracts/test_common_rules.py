"""What the description calls common to all contracts: each rule, in each contract."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contracts.client import User, serve
from tests.contracts.conformance import conforms_to
from tests.contracts.spoken import ENVELOPED, FLAT, TASK_CONTRACTS, VERSIONED, Spoken

RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


def test_timestamps_go_out_in_utc_with_a_z(ada: User, spoken: Spoken) -> None:
    task = spoken.create(ada)
    ada.patch(f"{spoken.task(ada, task)}/complete")
    shown = ada.get(spoken.task(ada, task)).json()
    moments = [value for name, value in shown.items() if name.endswith("_at")]
    assert len(moments) >= 2
    assert all(RFC_3339_UTC.fullmatch(moment) for moment in moments)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2026-12-01T08:30:00Z", "2026-12-01T08:30:00Z"),
        ("2026-12-01t08:30:00z", "2026-12-01T08:30:00Z"),
        ("2026-12-01 08:30:00Z", "2026-12-01T08:30:00Z"),
        ("2026-12-01T08:30:00+05:30", "2026-12-01T03:00:00Z"),
        ("2026-12-01T08:30:00-00:00", "2026-12-01T08:30:00Z"),
        ("2026-12-01T08:30:00.5Z", "2026-12-01T08:30:00.500000Z"),
        ("2026-12-01T08:30:00.123456Z", "2026-12-01T08:30:00.123456Z"),
        ("2026-12-01T08:30:00", "2026-12-01T08:30:00Z"),
        ("2026-12-01T08:30:00.25", "2026-12-01T08:30:00.250000Z"),
        ("2026-12-01", "2026-12-01T00:00:00Z"),
    ],
)
def test_timestamps_come_in_as_any_rfc_3339_and_without_an_offset_as_utc(
    ada: User, sent: str, shown: str
) -> None:
    created = VERSIONED.create(ada, due_date=sent)
    changed = ada.put(VERSIONED.task(ada, VERSIONED.create(ada)), {"due_date": sent})
    assert [shown, shown] == [created["due_date"], changed.json()["due_date"]]


@pytest.mark.parametrize("space", [" ", "\t\n", "\N{NO-BREAK SPACE}", "\N{IDEOGRAPHIC SPACE}"])
def test_titles_are_trimmed(ada: User, spoken: Spoken, space: str) -> None:
    task = spoken.create(ada, title=f"{space}a{space}b{space}")
    assert f"a{space}b" == task["title"]
    changed = ada.put(spoken.task(ada, task), {"title": f"{space}c{space}"})
    assert "c" == changed.json()["title"]


def test_the_limit_counts_what_is_left_of_a_title(ada: User, spoken: Spoken) -> None:
    longest = "x" * spoken.title_limit
    assert longest == spoken.create(ada, title=f"  {longest}  ")["title"]
    too_long = ada.post(spoken.tasks(ada), {"title": f"{longest}x"})
    [problem] = spoken.problems(too_long)
    assert ("string_too_long", ["body", "title"]) == (problem["type"], problem["loc"])


@pytest.mark.parametrize("title", ["", " ", "\t \n", "\N{NO-BREAK SPACE}\N{EM SPACE}"])
def test_a_title_of_white_space_is_422(ada: User, spoken: Spoken, title: str) -> None:
    task = spoken.create(ada)
    for reply in (
        ada.post(spoken.tasks(ada), {"title": title}),
        ada.put(spoken.task(ada, task), {"title": title}),
    ):
        [problem] = spoken.problems(reply)
        assert ["body", "title"] == problem["loc"]
    assert [task] == spoken.listed(ada.get(spoken.tasks(ada)))


def test_unknown_fields_are_ignored(ada: User, spoken: Spoken) -> None:
    unknown = {"colour": "red", "nested": {"a": [1, 2.5, None, True]}, "": 0}
    task = spoken.create(ada, **unknown)
    assert unknown.keys().isdisjoint(task)
    same = ada.put(spoken.task(ada, task), unknown)
    assert (200, task) == (same.status, same.json())


def test_id_owner_and_timestamps_in_a_body_never_take_effect(ada: User, bob: User, spoken: Spoken) -> None:
    bob.get(spoken.tasks(bob))
    claimed = {
        "id": 424242,
        "uuid": "00000000-0000-7000-8000-000000000000",
        "user_id": bob.id,
        "owner_id": bob.id,
        "created_at": "2001-01-01T00:00:00Z",
        "updated_at": "2001-01-01T00:00:00Z",
        "completed_at": "2001-01-01T00:00:00Z",
        "deleted_at": "2001-01-01T00:00:00Z",
        "revision": 4242,
        "previous_revision": 4242,
        "position": "0",
    }
    task = spoken.create(ada, **claimed)
    changed = ada.put(spoken.task(ada, task), claimed | {"title": "new"}).json()
    assert task | {"title": "new", "updated_at": changed["updated_at"]} == changed
    assert ada.id == task["user_id"]
    assert not task["created_at"].startswith("2001")
    assert not changed["updated_at"].startswith("2001")
    assert task["id"] not in {424242, claimed["uuid"]}
    assert [changed] == spoken.listed(ada.get(spoken.tasks(ada)))
    assert [] == spoken.listed(bob.get(spoken.tasks(bob)))
    assert 2 == ada.row()[3]
    stored = ada.service.rows(
        "SELECT completed_at, deleted_at, revision, previous_revision FROM tasks WHERE owner_id = ?", ada.id
    )
    assert [(None, None, 2, 1)] == stored


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{'title':'x'}", b'{"title":"x",}', b'{"title":"x"} x', b"title=x"]
)
def test_malformed_json_is_422(ada: User, spoken: Spoken, body: bytes) -> None:
    task = spoken.create(ada)
    problem = {"type": "json_invalid", "loc": ["body"], "msg": "Invalid JSON"}
    for method, target in (("POST", spoken.tasks(ada)), ("PUT", spoken.task(ada, task))):
        reply = ada(method, target, body=body)
        assert (422, spoken.broken([problem], reply)) == (reply.status, reply.json())


@pytest.mark.parametrize(
    "headers",
    [{}, {"Content-Type": "application/json; charset=utf-8"}, {"Content-Type": "application/ld+json"}],
)
def test_a_json_body_may_be_called_by_any_of_its_names(
    ada: User, spoken: Spoken, headers: dict[str, str]
) -> None:
    assert 201 == ada("POST", spoken.tasks(ada), body=b'{"title":"x"}', headers=headers).status


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "text/json"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/jsonx"},
        {"Content-Type": ""},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/json", "Content-Encoding": "identity, br"},
    ],
)
def test_a_body_that_is_not_json_is_415(ada: User, spoken: Spoken, headers: dict[str, str]) -> None:
    task = spoken.create(ada)
    for method, target in (("POST", spoken.tasks(ada)), ("PUT", spoken.task(ada, task))):
        reply = ada(method, target, body=b'{"title":"x"}', headers=headers)
        assert (415, spoken.refusal("not json", reply)) == (reply.status, reply.json())
    assert [task] == spoken.listed(ada.get(spoken.tasks(ada)))


def test_a_body_above_the_limit_is_413(lasting_url: str) -> None:
    with serve(lasting_url, check=conforms_to(), max_body_size=1024) as service:
        for spoken in TASK_CONTRACTS:
            user = User(service)
            task = spoken.create(user)
            body = b'{"title":"x"}'
            for method, target in (("POST", spoken.tasks(user)), ("PUT", spoken.task(user, task))):
                for sent in (body.ljust(1025), [body, b" " * 1000, b" " * 1000]):
                    reply = user(method, target, body=sent)
                    assert (413, spoken.refusal("too large", reply)) == (reply.status, reply.json())
            assert 201 == user("POST", spoken.tasks(user), body=body.ljust(1024)).status


@pytest.mark.parametrize("spoken", [each for each in TASK_CONTRACTS if each is not ENVELOPED], ids=str)
@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63 - 1, 2**63, -(2**63), 2**64, 10**40])
def test_integer_ids_that_no_task_has_are_404(ada: User, spoken: Spoken, number: int) -> None:
    for method, target, body in spoken.calls(f"{spoken.tasks(ada)}/{number}"):
        reply = ada(method, target, **({} if body is None else {"json": body}))
        assert (404, spoken.refusal("no task", reply)) == (reply.status, reply.json())


@pytest.mark.parametrize(
    "word", ["x", "1.0", "1e3", "0x1", "+1", "1_0", "%201", "--1", "-", "%D9%A1", "null", "NaN"]
)
def test_ids_of_another_kind_are_422(ada: User, spoken: Spoken, word: str) -> None:
    kind = "uuid" if spoken.name == "enveloped" else "int"
    valid = {"uuid": "UUID", "int": "integer"}[kind]
    problem = {
        "type": f"{kind}_parsing",
        "loc": ["path", "task_id"],
        "msg": f"Input should be a valid {valid}",
    }
    for method, target, body in spoken.calls(f"{spoken.tasks(ada)}/{word}"):
        reply = ada(method, target, **({} if body is None else {"json": body}))
        assert (422, spoken.broken([problem], reply)) == (reply.status, reply.json())


def test_an_absent_field_keeps_its_value(ada: User, spoken: Spoken) -> None:
    task = spoken.create(ada)
    ada.patch(f"{spoken.task(ada, task)}/complete")
    before = ada.get(spoken.task(ada, task)).json()
    for fields in ({}, {"title": "new"}):
        after = ada.put(spoken.task(ada, task), fields).json()
        assert before | fields | {"updated_at": after["updated_at"]} == after


@pytest.mark.parametrize(
    ("spoken", "name"),
    [(each, name) for each in TASK_CONTRACTS if each is not FLAT for name in ("title", each.done)],
    ids=str,
)
def test_null_is_422_where_there_must_be_a_value(ada: User, spoken: Spoken, name: str) -> None:
    task = spoken.create(ada)
    reply = ada.put(spoken.task(ada, task), {name: None})
    [problem] = spoken.problems(reply)
    assert ["body", name] == problem["loc"]
    assert task == ada.get(spoken.task(ada, task)).json()


@pytest.mark.parametrize("name", ["description", "priority", "due_date"])
def test_null_clears_what_may_be_absent(ada: User, name: str) -> None:
    task = VERSIONED.create(ada, description="d", priority="low", due_date="2026-12-01T00:00:00Z")
    reply = ada.put(VERSIONED.task(ada, task), {name: None})
    assert (200, None) == (reply.status, reply.json()[name])
    assert task | {name: None, "updated_at": reply.json()["updated_at"]} == reply.json()


def test_updated_at_moves_when_and_only_when_something_changed(ada: User, spoken: Spoken) -> None:
    task = spoken.create(ada, description="d")
    address = spoken.task(ada, task)
    same = {name: task[name] for name in ("title", "description")}
    for fields in ({}, same, {"unknown": 1}):
        kept = ada.put(address, fields)
        assert (200, task, '"1"') == (kept.status, kept.json(), kept.etag)
    assert 1 == ada.row()[3]
    changed = ada.put(address, {"title": "new"})
    assert changed.json()["updated_at"] > task["updated_at"]
    assert '"2"' == changed.etag
    done = ada.patch(f"{address}/complete")
    assert done.json()["updated_at"] > changed.json()["updated_at"]
    assert task["created_at"] == done.json()["created_at"]
    assert done.json() == ada.get(address).json()


def test_updated_at_goes_forward_whatever_the_clock_does(
    lasting_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    clock = [noon]
    monkeypatch.setattr("donebook.app._now", lambda: clock[-1])
    with serve(lasting_url) as service:
        for spoken in TASK_CONTRACTS:
            user = User(service)
            task = spoken.create(user)
            seen = [task["updated_at"]]
            for hours_back in (0, 0, 1, 2, 0):
                clock.append(noon - timedelta(hours=hours_back))
                changed = user.put(spoken.task(user, task), {"title": f"{len(seen)}"})
                seen.append(changed.json()["updated_at"])
            moments = [datetime.fromisoformat(each) for each in seen]
            assert sorted(set(moments)) == moments


def test_what_is_deleted_is_gone_and_deleting_again_is_404(ada: User, spoken: Spoken) -> None:
    task = spoken.create(ada)
    kept = spoken.create(ada)
    deleted = ada.delete(spoken.task(ada, task))
    assert (204, b"") == (deleted.status, deleted.body)
    assert "content-type" not in deleted.headers
    for method, target, body in spoken.calls(spoken.task(ada, task)):
        reply = ada(method, target, **({} if body is None else {"json": body}))
        assert (404, spoken.refusal("no task", reply)) == (reply.status, reply.json())
    assert [kept] == spoken.listed(ada.get(spoken.tasks(ada)))


def test_every_path_answers_with_and_without_a_trailing_slash(ada: User, spoken: Spoken) -> None:
    created = ada.post(f"{spoken.tasks(ada)}/", {"title": "x"})
    assert 201 == created.status
    task = spoken.task(ada, created.json())
    if spoken is VERSIONED:
        assert task == created.headers["location"]
    assert created.json() == ada.get(f"{task}/").json()
    assert [created.json()] == spoken.listed(ada.get(f"{spoken.tasks(ada)}/"))
    assert [created.json()] == spoken.listed(ada.get(f"{spoken.tasks(ada)}/?status=all"))
    assert 200 == ada.put(f"{task}/", {"title": "y"}).status
    assert 200 == ada.patch(f"{task}/complete/").status
    assert 204 == ada.delete(f"{task}/").status


@pytest.mark.parametrize(
    ("end", "methods", "allowed"),
    [
        ("", ["PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"], "GET, HEAD, POST"),
        ("/{id}", ["POST", "PATCH", "OPTIONS", "TRACE"], "GET, HEAD, PUT, DELETE"),
        ("/{id}/complete", ["GET", "POST", "PUT", "DELETE"], "PATCH"),
    ],
)
def test_405_says_what_is_allowed(
    ada: User, spoken: Spoken, end: str, methods: list[str], allowed: str
) -> None:
    task = spoken.create(ada)
    for method in methods:
        reply = ada(method, spoken.tasks(ada) + end.format(id=task["id"]))
        assert (405, allowed) == (reply.status, reply.headers["allow"])
        assert spoken.refusal("no method", reply) == reply.json()


@pytest.mark.parametrize("end", ["/{id}/completed", "/{id}/complete/x", "//", "/{id}//"])
def test_an_address_below_the_tasks_that_nobody_has_is_404(ada: User, spoken: Spoken, end: str) -> None:
    task = spoken.create(ada)
    reply = ada.get(spoken.tasks(ada) + end.format(id=task["id"]))
    assert (404, spoken.refusal("no page", reply)) == (reply.status, reply.json())


def test_every_reply_carries_a_request_id_and_is_for_its_reader_alone(ada: User, spoken: Spoken) -> None:
    task = spoken.create(ada)
    mine = ada.get(spoken.task(ada, task), headers={"X-Request-ID": "abc-123"})
    assert "abc-123" == mine.headers["x-request-id"]
    made = [ada.get(spoken.tasks(ada)).headers["x-request-id"] for _ in range(2)]
    assert made[0] != made[1]
    assert "private, no-cache" == mine.headers["cache-control"]
    assert "Authorization" in mine.headers["vary"]
    assert "nosniff" == mine.headers["x-content-type-options"]


def test_a_task_is_the_same_in_every_contract(ada: User) -> None:
    task: dict[str, Any] = FLAT.create(ada, title="one", description="d")
    [scoped] = ada.get(f"/api/{ada.id}/tasks").json()
    [versioned] = ada.get("/api/v1/tasks").json()
    [enveloped] = ada.get(f"/enveloped/api/{ada.id}/tasks").json()["data"]
    assert task | {"priority": None, "due_date": None} == scoped == versioned
    shared = ("user_id", "title", "description", "created_at", "updated_at")
    assert {name: task[name] for name in shared} == {name: enveloped[name] for name in shared}
