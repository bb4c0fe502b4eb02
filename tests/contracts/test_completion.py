"""``PATCH …/complete`` with a body: what real clients send there, and what comes of it."""

from collections.abc import Sequence

import pytest

from tests.contracts.client import User, serve
from tests.contracts.conformance import conforms_to
from tests.contracts.spoken import ENVELOPED, TASK_CONTRACTS, Spoken

TOGGLING = [each for each in TASK_CONTRACTS if each.toggles]
MEDIA_TYPES = [
    "application/json",
    "application/json; charset=utf-8",
    "text/plain",
    "application/octet-stream",
    "",
]
SAYS_NOTHING = [
    b"",
    b"{}",
    b'{"completed":null}',
    b'{"completed":"true"}',
    b'{"completed":1}',
    b'{"is_completed":true}',
    b'{"task":{"completed":true}}',
    b'[{"completed":true}]',
    b"[]",
    b"null",
    b"true",
    b'"completed"',
    b"completed=true",
    b'{"completed":true',
    b'{"completed":true} x',
    b"{'completed': true}",
    b"\xff\xfe",
    b"[" * 100_000,
]


@pytest.mark.parametrize("spoken", TOGGLING, ids=str)
@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@pytest.mark.parametrize("completed", [True, False])
def test_a_boolean_completed_sets_it_whatever_the_media_type(
    ada: User, spoken: Spoken, media_type: str, completed: bool
) -> None:
    complete = f"{spoken.task(ada, spoken.create(ada))}/complete"
    replies = [
        ada.patch(complete, json={"completed": completed, "more": 1}, headers={"Content-Type": media_type})
        for _ in range(2)
    ]
    assert [(200, completed)] * 2 == [(each.status, each.json()["completed"]) for each in replies]
    assert replies[0].body == replies[1].body
    other = ada.patch(complete, json={"completed": not completed})
    assert (200, not completed) == (other.status, other.json()["completed"])


@pytest.mark.parametrize("spoken", TOGGLING, ids=str)
@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@pytest.mark.parametrize("body", SAYS_NOTHING, ids=lambda body: repr(body[:30]))
def test_any_other_body_toggles_whatever_the_media_type(
    ada: User, spoken: Spoken, media_type: str, body: bytes
) -> None:
    complete = f"{spoken.task(ada, spoken.create(ada))}/complete"
    replies = [ada.patch(complete, body=body, headers={"Content-Type": media_type}) for _ in range(3)]
    assert [(200, True), (200, False), (200, True)] == [
        (each.status, each.json()["completed"]) for each in replies
    ]


@pytest.mark.parametrize("spoken", TOGGLING, ids=str)
def test_the_last_of_two_completed_counts(ada: User, spoken: Spoken) -> None:
    complete = f"{spoken.task(ada, spoken.create(ada))}/complete"
    assert ada.patch(complete, body=b'{"completed":false,"completed":true}').json()["completed"] is True


@pytest.mark.parametrize("body", [b"", b"{}", b'{"completed":false}', b'{"is_completed":false}', b"[", b"x"])
@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_enveloped_sets_whatever_the_body(ada: User, body: bytes, media_type: str) -> None:
    complete = f"{ENVELOPED.task(ada, ENVELOPED.create(ada))}/complete"
    replies = [ada.patch(complete, body=body, headers={"Content-Type": media_type}) for _ in range(2)]
    assert [(200, True)] * 2 == [(each.status, each.json()["is_completed"]) for each in replies]


@pytest.mark.parametrize(("turn", "completed"), [("complete", True), ("reopen", False)])
@pytest.mark.parametrize("body", [b"", b'{"completed":false}', b'{"completed":true}', b"[", b"x"])
@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_v2_ignores_the_body(ada: User, turn: str, completed: bool, body: bytes, media_type: str) -> None:
    task = ada.post("/api/v2/tasks", {"title": "x", "completed": not completed}).json()
    for _ in range(2):
        reply = ada(
            "POST", f"/api/v2/tasks/{task['id']}/{turn}", body=body, headers={"Content-Type": media_type}
        )
        assert (200, completed) == (reply.status, reply.json()["completed"])


@pytest.mark.parametrize("sent", [b" " * 1025, [b"{", b" " * 1000, b" " * 1000]])
def test_a_body_above_the_limit_is_413(lasting_url: str, sent: bytes | Sequence[bytes]) -> None:
    with serve(lasting_url, check=conforms_to(), max_body_size=1024) as service:
        for spoken in TOGGLING:
            user = User(service)
            task = spoken.create(user)
            reply = user.patch(f"{spoken.task(user, task)}/complete", body=sent)
            assert (413, spoken.refusal("too large", reply)) == (reply.status, reply.json())
            assert task == user.get(spoken.task(user, task)).json()


@pytest.mark.parametrize("spoken", TOGGLING, ids=str)
def test_a_key_is_good_for_one_body(ada: User, spoken: Spoken) -> None:
    complete = f"{spoken.task(ada, spoken.create(ada))}/complete"
    key = {"Idempotency-Key": "once"}
    first, again = (ada.patch(complete, json={"completed": True}, headers=key) for _ in range(2))
    assert (200, first.body, "true") == (again.status, again.body, again.headers["idempotent-replayed"])
    assert 422 == ada.patch(complete, json={"completed": False}, headers=key).status
