"""What is refused before it is a request is answered, logged and counted like everything else."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from donebook.http.stream import HEARTBEAT_SECONDS
from tests.process.program import PATIENCE, Program, serve
from tests.process.wire import GET, Wire, statuses
from tests.servers.ports import free_port
from tests.service import bearer

FORGED = '{"event":"forged"}\x1b[2J\x85canary'
GARBAGE = f"GARBAGE {FORGED}\r\n\r\n"
LARGE = f"GET /canary HTTP/1.1\r\nHost: a\r\nX: canary{'x' * 40_000}\r\n\r\n"

REFUSED = {
    "no HTTP": (GARBAGE, 400),
    "no URL": (f"GET http://[{FORGED} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a tunnel": ("CONNECT canary:80 HTTP/1.1\r\nHost: canary:80\r\n\r\n", 400),
    "another protocol": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03canary", 400),
    "a steered terminal": (f"GET / HTTP/1.1\r\nHost: a\r\nX: {FORGED}\r\n\r\n", 400),
    "two lengths": ("GET / HTTP/1.1\r\nHost: canary\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "a large head": (LARGE, 431),
    "a large head, unfinished": (LARGE.removesuffix("\r\n\r\n"), 431),
    "many fields": ("GET / HTTP/1.1\r\nHost: a\r\n" + "X: canary\r\n" * 120 + "\r\n", 431),
    "half a head": ('GET /canary HTTP/1.1\r\nX: {"event":"forged"}\r\n', 408),
    "silence": ("", 408),
}
BROKEN_BODY = (
    "POST /api/v1/tasks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    f"Authorization: {bearer('ada')['Authorization']}\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n"
)


class Service(NamedTuple):
    """A server with short limits, and what it tells."""

    program: Program
    metrics: int

    def wire(self) -> Wire:
        return Wire(self.program)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.program.log().splitlines()]

    def events_of(self, request_id: str) -> list[dict[str, Any]]:
        """The lines with this id, once there is one."""
        deadline = time.monotonic() + PATIENCE
        while not (found := [each for each in self.events() if each.get("request_id") == request_id]):
            assert time.monotonic() < deadline, request_id
            time.sleep(0.05)
        return found

    def samples(self, name: str) -> dict[tuple[str, ...], float]:
        """Values by the values of the labels contract, method, route and status."""
        text = httpx.get(f"http://127.0.0.1:{self.metrics}/metrics").text
        return {
            tuple(sample.labels.get(label, "") for label in ("contract", "method", "route", "status")): (
                sample.value
            )
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        }

    def refusals(self) -> dict[str, float]:
        """How often which status was counted of what was no request."""
        counted = self.samples("donebook_requests_total").items()
        return {status: value for (_, method, _, status), value in counted if method == "other"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    port = free_port()
    with serve(
        tmp_path_factory.mktemp("refusals"),
        ENVIRONMENT="production",
        HEADER_TIMEOUT=1,
        METRICS_PORT=port,
        TMPDIR="/tmp",
    ) as program:
        yield Service(program, port)


def wait_until(find: Callable[[], Any], expected: Any, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while (found := find()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def headers_of(answer: bytes) -> dict[str, str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return dict(line.lower().split(": ", 1) for line in lines)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_a_whole_answer_a_line_and_a_count(service: Service, name: str) -> None:
    text, status = REFUSED[name]
    counted = service.refusals().get(str(status), 0)
    with service.wire() as wire:
        answer = wire.send(text).read_answer()
        assert b"" == wire.read_to_the_end()

    assert [str(status)] == statuses(answer)
    headers = headers_of(answer)
    request_id = headers.pop("x-request-id")
    assert 16 == len(request_id)
    assert headers.pop("date")
    body = answer.partition(b"\r\n\r\n")[2]
    assert ["detail"] == list(json.loads(body))
    assert headers == {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "connection": "close",
        "cache-control": "private, no-cache",
        "vary": "authorization",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "strict-transport-security": "max-age=31536000; includesubdomains",
    }

    [event] = service.events_of(request_id)
    assert event.pop("time").endswith("Z")
    assert 0 <= event.pop("duration_ms") < PATIENCE * 1000
    assert event == {
        "level": "info",
        "logger": "donebook.requests",
        "event": "request",
        "request_id": request_id,
        "method": "other",
        "status": status,
        "failure": {400: "NotHttp", 408: "HeadTooSlow", 431: "HeadTooLarge"}[status],
    }
    assert [] == [each for each in service.events() if each["level"] != "info"]
    assert "canary" not in service.program.log()
    assert counted + 1 == service.refusals()[str(status)]


@pytest.mark.parametrize(
    ("head", "failure"),
    [
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "FieldRepeated"),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "HostInvalid"),
    ],
)
def test_a_request_of_two_minds_is_named_in_the_log(service: Service, head: str, failure: str) -> None:
    with service.wire() as wire:
        answer = wire.send(head).read_to_the_end()

    [event] = service.events_of(headers_of(answer)["x-request-id"])
    assert (400, failure) == (event["status"], event["failure"])


def test_how_long_a_client_was_silent_is_not_counted_as_a_slow_request(service: Service) -> None:
    with service.wire() as wire:
        wire.read_to_the_end()

    seconds = service.samples("donebook_request_duration_seconds_sum")
    assert sum(value for (_, method, _, _), value in seconds.items() if method == "other") < 1


def test_what_follows_an_answer_on_its_connection_is_refused_too(service: Service) -> None:
    with service.wire() as wire:
        assert ["200"] == statuses(wire.send(GET).read_answer())
        assert ["400"] == statuses(wire.send(GARBAGE).read_to_the_end())


@pytest.mark.parametrize(("behind", "status"), [(GARBAGE, "400"), (LARGE, "431"), (BROKEN_BODY, "400")])
def test_a_refusal_waits_for_the_answers_ahead_of_it(service: Service, behind: str, status: str) -> None:
    with service.wire() as wire:
        answers = wire.send(GET + GET + behind + GET).read_to_the_end()

    assert ["200", "200", status] == statuses(answers)


def test_a_request_with_a_broken_body_is_refused_and_not_carried_out(service: Service) -> None:
    def left() -> int:
        return sum(each.get("status") == 499 for each in service.events())

    before = left()
    with service.wire() as wire:
        answer = wire.send(BROKEN_BODY + GET).read_to_the_end()

    assert ["400"] == statuses(answer)
    wait_until(left, before + 1)
    tasks = httpx.get(f"{service.program.url}/api/v1/tasks", headers=bearer("ada"))
    assert [] == tasks.json()


def test_what_is_answered_already_is_not_answered_again(service: Service) -> None:
    with service.wire() as wire:
        wire.send("POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert ["405"] == statuses(wire.read_answer())
        assert b"" == wire.send("no size\r\n").read_to_the_end()


@pytest.mark.parametrize("behind", [GARBAGE, GET, GET + GET], ids=["a refusal", "a request", "two"])
def test_a_stream_of_events_goes_on_before_what_follows_until_its_client_leaves(
    service: Service, behind: str
) -> None:
    def followers() -> list[float]:
        return list(service.samples("donebook_event_connections").values())

    token = bearer("ada")["Authorization"]
    with service.wire() as wire:
        wire.send(f"GET /api/v2/events HTTP/1.1\r\nHost: a\r\nAuthorization: {token}\r\n\r\n{behind}")
        wait_until(followers, [1])
        wire.send(GARBAGE)
    # At once, not when the next heartbeat cannot be sent.
    wait_until(followers, [0], HEARTBEAT_SECONDS / 2)
