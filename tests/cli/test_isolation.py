"""What ``donebook doctor --isolation`` makes of what a server lets everybody ask."""

from typing import Any

import httpx
import pytest

from donebook.cli.isolation import Attempt, probes
from donebook.cli.isolation.document import Operation, read_operations
from donebook.cli.isolation.people import OwnTask, Person, make_people
from donebook.tokens.shared import SharedSecrets

TASK = OwnTask("0190b3a5-3f6b-7c1d-9a53-1e6f0c2d4b7e", 1)


def open_operation(named: str) -> Operation:
    """An operation that asks for no token, as a server's document has it."""
    method, _, path = named.partition(" ")
    parameters = [{"in": "path", "name": "task_id", "schema": {"type": "integer"}}] * ("{task_id}" in path)
    given: dict[str, Any] = {"responses": {}, "parameters": parameters}
    [operation] = read_operations({"paths": {path: {method.lower(): given}}})
    return operation


class Server:
    """Answers everybody alike."""

    def __init__(self, **headers: str) -> None:
        self.headers = headers
        self.asked: list[httpx.Request] = []
        self.text = "fine"

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(200, text=self.text, headers=self.headers)

    def people(self) -> tuple[Person, Person]:
        client = httpx.Client(base_url="http://service", transport=httpx.MockTransport(self.answer))
        people = make_people(client, SharedSecrets(["a secret for the two users of this very test"]), [])
        for person in people:
            person.live.append(TASK)
        return people


@pytest.mark.parametrize(
    "named",
    [
        "GET /health",
        "GET /health/ready",
        "POST /api/auth/signup",
        "POST /api/auth/register",
        "POST /enveloped/api/auth/login",
    ],
)
def test_what_has_to_be_open_is_asked_and_may_show_nothing_of_anybodys(named: str) -> None:
    server = Server()
    victim, intruder = server.people()

    [sound] = probes.probe(open_operation(named), victim, intruder)
    server.text = f"welcome, {victim.tag}"
    [telling] = probes.probe(open_operation(named), victim, intruder)

    assert (True, False) == (sound.good, telling.good)
    assert [named, named] == [f"{each.method} {each.url.path}" for each in server.asked]
    assert not any("authorization" in each.headers for each in server.asked)


@pytest.mark.parametrize(
    "named",
    [
        "GET /api/v2/tasks",
        "GET /api/v1/tasks/{task_id}",
        "GET /api/auth/me",
        "GET /api/auth/login",
        "POST /api/auth/logout",
        "POST /api/{user_id}/tasks",
        "GET /healthy",
        "GET /enveloped/health",
    ],
)
def test_nothing_else_may_be_open_even_if_it_shows_nothing(named: str) -> None:
    found = list(probes.probe(open_operation(named), *Server().people()))

    tried = f"{named} · without a token"
    assert [Attempt(False, tried, "200, open to everybody, must NOT be")] == found


@pytest.mark.parametrize(
    ("left", "waits"),
    [('"auth";r=1;t=60', []), ('"auth";r=0;t=17', [17]), ('"auth";r=0;t=3600', [60])],
)
def test_the_limit_on_log_ins_is_not_exceeded(
    monkeypatch: pytest.MonkeyPatch, left: str, waits: list[int]
) -> None:
    waited: list[int] = []
    monkeypatch.setattr("donebook.cli.isolation.probes.time.sleep", waited.append)

    list(probes.probe(open_operation("POST /api/auth/login"), *Server(ratelimit=left).people()))

    assert waits == waited
