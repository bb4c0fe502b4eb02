"""``HEAD`` wherever there is ``GET``: the same status and head, no body."""

import pytest

from tests.contracts.client import Reply, Service, User
from tests.contracts.spoken import Spoken

OF_EACH_REQUEST = {"x-request-id"}
V2_READS = ["/tasks", "/tasks/{id}", "/trash", "/changes", "/sync", "/sync?since=1", "/nothing", "/tasks/x"]
PAGES = [
    "/",
    "/docs",
    "/redoc",
    "/openapi.json",
    "/health",
    "/health/",
    "/health/live",
    "/health/ready",
    "/nothing",
]


def head_of(reply: Reply) -> tuple[int, dict[str, str]]:
    return reply.status, {name: value for name, value in reply.headers.items() if name not in OF_EACH_REQUEST}


def assert_alike(got: Reply, head: Reply) -> None:
    assert head_of(got) == head_of(head)
    assert b"" == head.body


def test_a_task_and_the_list_answer_as_to_get(ada: User, spoken: Spoken) -> None:
    task = spoken.task(ada, spoken.create(ada))
    for target in (task, f"{task}/", spoken.tasks(ada), f"{spoken.tasks(ada)}/?x=1"):
        got, head = ada.get(target), ada("HEAD", target)
        assert_alike(got, head)
        assert 200 == head.status
        assert "etag" in head.headers
        assert str(len(got.body)) == head.headers["content-length"]


def test_conditions_hold_as_for_get(ada: User, spoken: Spoken) -> None:
    task = spoken.task(ada, spoken.create(ada))
    for target in (task, spoken.tasks(ada)):
        condition = {"If-None-Match": ada.get(target).etag}
        head = ada("HEAD", target, headers=condition)
        assert 304 == head.status
        assert_alike(ada.get(target, headers=condition), head)


def test_refusals_are_those_of_get_without_their_bodies(ada: User, spoken: Spoken) -> None:
    missing = spoken.missing(ada)
    bad = f"{spoken.tasks(ada)}/x"
    for target, status in (
        (missing, 404),
        (bad, 422),
        (f"{missing}/nothing", 404),
        (f"{missing}/complete", 405),
    ):
        head = ada("HEAD", target)
        assert status == head.status
        assert (b"", head.headers["content-type"]) == (head.body, ada.get(target).headers["content-type"])
    unknown = ada.service.request("HEAD", spoken.tasks(ada))
    assert (401, b"", "Bearer") == (unknown.status, unknown.body, unknown.headers["www-authenticate"])


def test_nothing_is_written(ada: User, spoken: Spoken) -> None:
    task = spoken.task(ada, spoken.create(ada))
    before = ada.stored()
    for target in (task, spoken.tasks(ada), f"{task}/complete"):
        ada("HEAD", target, headers={"Idempotency-Key": "k"}, body=b'{"title":"x","completed":true}')
    assert before == ada.stored()


@pytest.mark.parametrize("target", V2_READS)
def test_v2_answers_as_to_get(ada: User, target: str) -> None:
    task = ada.post("/api/v2/tasks", {"title": "x"}).json()
    address = "/api/v2" + target.format(id=task["id"])
    got, head = ada.get(address), ada("HEAD", address)
    assert got.status == head.status
    assert b"" == head.body
    if got.status == 200:
        assert_alike(got, head)


def test_an_event_stream_sends_its_head_and_ends(ada: User) -> None:
    head = ada("HEAD", "/api/v2/events")
    assert (200, "text/event-stream", b"") == (head.status, head.headers["content-type"], head.body)
    assert "content-length" not in head.headers


def test_an_event_stream_that_is_refused_says_so(ada: User) -> None:
    assert 401 == ada.service.request("HEAD", "/api/v2/events").status
    assert 422 == ada("HEAD", "/api/v2/events?since=x").status


def test_the_profile_answers_as_to_get(ada: User) -> None:
    assert_alike(ada.get("/api/auth/me"), ada("HEAD", "/api/auth/me"))


@pytest.mark.parametrize("target", PAGES)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_pages_and_health_answer_as_to_get(service: Service, target: str, accept: str) -> None:
    got, head = (service.request(method, target, headers={"Accept": accept}) for method in ("GET", "HEAD"))
    assert_alike(got, head)
    assert str(len(got.body)) == head.headers["content-length"]


@pytest.mark.parametrize("target", ["/", "/docs", "/openapi.json", "/health", "/health/ready"])
def test_allow_lists_head_wherever_it_lists_get(service: Service, target: str) -> None:
    refused = service.request("DELETE", target)
    assert 405 == refused.status
    assert {"GET", "HEAD"} == set(refused.headers["allow"].split(", "))


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("/api/v2/tasks", "GET, HEAD, POST"),
        ("/api/v2/sync", "GET, HEAD"),
        ("/api/v2/events", "GET, HEAD"),
        ("/api/v2/batch", "POST"),
        ("/api/auth/me", "GET, HEAD"),
        ("/api/auth/logout", "POST"),
    ],
)
def test_v2_and_auth_allow_it_too(ada: User, target: str, allowed: str) -> None:
    refused = ada("PUT", target)
    assert (405, allowed) == (refused.status, refused.headers["allow"])


def test_a_browser_may_send_it_from_a_known_origin(service: Service) -> None:
    asked = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "HEAD",
        "Access-Control-Request-Headers": "authorization",
    }
    assert 200 == service.request("OPTIONS", "/api/v2/tasks", headers=asked).status
