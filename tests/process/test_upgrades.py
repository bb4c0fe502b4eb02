"""A request that asks for another protocol, on real servers: no byte of its body becomes a request."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import httpx
import pytest

from tests.process.program import ROOT, Program, run_program, serve
from tests.process.wire import GET, Wire, statuses
from tests.servers.ports import free_port
from tests.service import bearer

WISHES = {
    "h2c": "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n",
    "websocket": "Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "a whole websocket": (
        "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    ),
    "anything": "upgrade: foo\r\nconnection: keep-alive\r\nconnection: UPGRADE\r\n",
}
AUTHORIZED = f"Host: a\r\nAuthorization: {bearer('ada')['Authorization']}\r\n"
BEHIND = f'POST /api/v1/tasks HTTP/1.1\r\n{AUTHORIZED}Content-Length: 21\r\n\r\n{{"title": "smuggled"}}'
PADDED = "\r\n" * 9000 + BEHIND
"""Too much for one packet, so that its end arrives as if it were a request of its own."""
PAUSE = 0.2


class Way(NamedTuple):
    """How a body that looks like a request is sent."""

    name: str
    body: str
    in_one_packet: bool = True
    chunked: bool = False
    authorized: bool = True

    def __str__(self) -> str:
        return self.name


WAYS = [
    Way("in one packet", BEHIND),
    Way("in chunks", BEHIND, chunked=True),
    Way("later", BEHIND, in_one_packet=False),
    Way("later, in chunks", PADDED, in_one_packet=False, chunked=True),
    Way("after 9000 lines", PADDED),
    Way("later, without token", BEHIND, in_one_packet=False, authorized=False),
    Way("after 9000 lines, without token", PADDED, authorized=False),
]


def write(wish: str, body: str, *, authorized: bool = True, chunked: bool = False) -> tuple[str, str]:
    """The head and the body of a request to write a task."""
    fields = AUTHORIZED if authorized else "Host: a\r\n"
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    if chunked:
        body = f"{len(body):x}\r\n{body}\r\n0\r\n\r\n"
    return f"POST /api/v1/tasks HTTP/1.1\r\n{fields}{WISHES[wish]}{framing}\r\n\r\n", body


def titles(program: Program) -> list[str]:
    response = httpx.get(f"{program.url}/api/v1/tasks", headers=bearer("ada"))
    return [task["title"] for task in response.json()]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with serve(tmp_path_factory.mktemp("served")) as program:
        yield program


@pytest.fixture(scope="module", params=["httptools", "h11"])
def uvicorn_alone(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    directory, port = tmp_path_factory.mktemp("alone"), free_port()
    command = ["uvicorn", "--app-dir", str(ROOT), "main:app", "--port", str(port), "--http", request.param]
    with run_program(command, port, directory) as program:
        yield program


@pytest.mark.parametrize("chunked", [False, True], ids=["by length", "in chunks"])
@pytest.mark.parametrize("in_one_packet", [True, False], ids=["in one packet", "body later"])
@pytest.mark.parametrize("wish", WISHES)
def test_serve_reads_the_body_and_answers(
    served: Program, wish: str, in_one_packet: bool, chunked: bool
) -> None:
    head, body = write(wish, '{"title": "Buy milk"}', chunked=chunked)
    with Wire(served) as wire:
        if in_one_packet:
            wire.send(head + body)
        else:
            wire.send(head)
            time.sleep(PAUSE)
            wire.send(body)
        answer = wire.read_answer()

        assert ["201"] == statuses(answer)
        assert b'"title":"Buy milk"' in answer
        assert ["200"] == statuses(wire.send(GET).read_answer())  # and the connection goes on


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("wish", WISHES)
def test_serve_takes_no_request_from_a_body(served: Program, wish: str, way: Way) -> None:
    head, body = write(wish, way.body, authorized=way.authorized, chunked=way.chunked)
    with Wire(served) as wire:
        if way.in_one_packet:
            wire.send(head + body)
        else:
            wire.send(head)
            time.sleep(PAUSE)
            wire.send(body)

        assert ["422" if way.authorized else "401"] == statuses(wire.read_answer())
        assert ["200"] == statuses(wire.send(GET).read_answer())
    assert "smuggled" not in titles(served)


def test_serve_answers_requests_in_one_packet_each_in_turn(served: Program) -> None:
    requests = "".join(
        "".join(write(wish, f'{{"title": "{number}"}}', chunked=number % 2 == 0))
        for number, wish in enumerate(WISHES)
    )
    with Wire(served) as wire:
        wire.send(requests + "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answers = wire.read_to_the_end()

    assert ["201"] * len(WISHES) + ["200"] == statuses(answers)
    places = [answers.index(f'"title":"{number}"'.encode()) for number in range(len(WISHES))]
    assert sorted(places) == places


def test_serve_asks_for_the_body_of_a_client_that_waits(served: Program) -> None:
    head, body = write("h2c", '{"title": "Buy milk"}')
    with Wire(served) as wire:
        wire.send(head.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"))
        assert b"HTTP/1.1 100 Continue\r\n\r\n" == wire.socket.recv(100)
        assert ["201"] == statuses(wire.send(body).read_to_the_end())


@pytest.mark.parametrize("way", [*WAYS, Way("a task", '{"title": "smuggled"}')], ids=str)
@pytest.mark.parametrize("wish", WISHES)
def test_uvicorn_alone_refuses_it_and_closes_the_connection(
    uvicorn_alone: Program, wish: str, way: Way
) -> None:
    head, body = write(wish, way.body, authorized=way.authorized, chunked=way.chunked)
    with Wire(uvicorn_alone) as wire:
        answers = wire.send(head + body if way.in_one_packet else head).read_to_the_end()
        with suppress(OSError):
            wire.send(body + GET)
            answers += wire.read_to_the_end()

    assert ["400"] == statuses(answers)
    assert b"connection: close" in answers
    assert "smuggled" not in titles(uvicorn_alone)


@pytest.mark.parametrize("behind", ["", GET, GET * 3])
def test_uvicorn_alone_answers_what_came_before_it_and_nothing_behind(
    uvicorn_alone: Program, behind: str
) -> None:
    wish = f"GET /health HTTP/1.1\r\nHost: a\r\n{WISHES['anything']}\r\n"
    with Wire(uvicorn_alone) as wire:
        answers = wire.send(GET + GET + wish + behind).read_to_the_end()

    assert ["200", "200", "400"] == statuses(answers)
    assert b"connection: close" in answers


def test_uvicorn_alone_says_what_to_leave_out(uvicorn_alone: Program) -> None:
    response = httpx.get(f"{uvicorn_alone.url}/health", headers={"Connection": "Upgrade", "Upgrade": "h2c"})

    assert (400, {"detail": "Send the request without Upgrade"}) == (response.status_code, response.json())
    assert "close" == response.headers["connection"]
