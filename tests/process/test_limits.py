"""What a hostile or broken client can do to a real server over its socket: nothing for long."""

import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.process.program import PATIENCE, Program, serve
from tests.process.wire import GET, Wire, statuses
from tests.service import bearer

LIMIT = 1.0
"""The time limits of the servers here, in seconds."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    directory = tmp_path_factory.mktemp("limits")
    with serve(directory, HEADER_TIMEOUT=LIMIT, BODY_TIMEOUT=LIMIT, LOG_FORMAT="json") as program:
        yield program


def test_a_client_that_says_nothing_is_sent_away(program: Program) -> None:
    with Wire(program) as wire:
        assert ["408"] == statuses(wire.read_to_the_end())


@pytest.mark.parametrize("drips", [1, 20])
def test_a_head_has_to_be_whole_in_time_however_it_drips(program: Program, drips: int) -> None:
    with Wire(program) as wire:
        started = time.monotonic()
        wire.send("GET /health HTTP/1.1\r\nHo")
        for _ in range(drips):
            if wire.is_closed() or select.select([wire.socket], [], [], LIMIT / 5)[0]:
                break
            wire.send("o")

        assert ["408"] == statuses(wire.read_to_the_end())
        assert time.monotonic() - started < PATIENCE


def test_a_second_head_has_a_time_limit_too(program: Program) -> None:
    with Wire(program) as wire:
        assert b"healthy" in wire.send(GET).read_answer()
        assert ["408"] == statuses(wire.send("G").read_to_the_end())


def test_a_connection_may_rest_between_requests(program: Program) -> None:
    with Wire(program) as wire:
        for _ in range(2):
            assert b"healthy" in wire.send(GET).read_answer()
            time.sleep(LIMIT * 2.5)

        assert not wire.is_closed()


def test_five_hundred_silent_clients_keep_nobody_from_being_served(program: Program) -> None:
    wires = [Wire(program) for _ in range(500)]
    try:
        for _ in range(10):
            assert 200 == httpx.get(f"{program.url}/health").status_code
        assert {"408"} == {status for wire in wires for status in statuses(wire.read_to_the_end())}
    finally:
        for wire in wires:
            wire.socket.close()


@pytest.mark.parametrize(
    "headers",
    [
        f"X-Large: {'x' * 40_000}\r\n",
        "".join(f"X-{number}: x\r\n" for number in range(120)),
        "".join(f"X-{number}: {'x' * 900}\r\n" for number in range(50)),
    ],
    ids=["one large", "many", "many large"],
)
@pytest.mark.parametrize("piece", [1000, 1_000_000])
def test_a_head_too_large_is_refused(program: Program, headers: str, piece: int) -> None:
    text = f"GET /health HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode()
    with Wire(program) as wire:
        try:
            for start in range(0, len(text), piece):
                wire.send(text[start : start + piece])
        except OSError:
            pass  # it was refused before its end

        assert statuses(wire.read_to_the_end()) in (["431"], [])


def test_a_head_without_end_is_refused(program: Program) -> None:
    with Wire(program) as wire:
        wire.send("GET /health HTTP/1.1\r\n")

        assert wire.is_lost_while_sending(f"X: {'x' * 1000}\r\n", pause=0)


def test_the_limit_of_the_head_is_each_requests_own(program: Program) -> None:
    large = f"GET /health HTTP/1.1\r\nHost: a\r\nX: {'x' * 20_000}\r\n\r\n"
    with Wire(program) as wire:
        for _ in range(4):
            assert b"200 OK" in wire.send(large).read_answer()


def test_nothing_behind_a_refused_head_is_answered(program: Program) -> None:
    with Wire(program) as wire:
        wire.send(f"GET /health HTTP/1.1\r\nHost: a\r\nX: {'x' * 40_000}\r\n\r\n{GET}{GET}")

        assert ["431"] == statuses(wire.read_to_the_end())


def test_a_body_that_nobody_wants_may_not_drip_for_ever(program: Program) -> None:
    with Wire(program) as wire:
        wire.send("GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        assert b"healthy" in wire.read_answer()

        assert wire.is_lost_while_sending("x", pause=0.1)


def test_a_slow_body_is_refused_in_the_contracts_own_words(program: Program) -> None:
    token = bearer("ada")["Authorization"]
    with Wire(program) as wire:
        wire.send(
            "POST /api/v1/tasks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            f'Authorization: {token}\r\nContent-Length: 100\r\n\r\n{{"title"'
        )
        answer = wire.read_answer()

    assert ["408"] == statuses(answer)
    assert b'"code":' in answer


def test_a_client_that_takes_nothing_is_left(program: Program) -> None:
    page = httpx.get(f"{program.url}/redoc").text
    asset = next(part for part in page.split('"') if part.startswith("/docs/assets/redoc.standalone"))
    with Wire(program) as wire:
        # More than fits into the buffers on the way.
        wire.send(f"GET {asset} HTTP/1.1\r\nHost: a\r\n\r\n" * 40)
        time.sleep(LIMIT * 4)

        assert len(statuses(wire.read_to_the_end())) < 40


@pytest.mark.parametrize(
    "request_text",
    [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        "POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 6\r\n\r\nabcde",
        "POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        "POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n",
        "POST /health HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nabcde",
        "GET /health HTTP/1.1\r\nHost: a\r\n X-Folded: b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\ncontent-type: text/plain\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n",
        "GET /health HTTP/1.1\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: user@a\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a:port\r\n\r\n",
        "GET /health HTTP/9.9\r\nHost: a\r\n\r\n",
        "GARBAGE\r\n\r\n",
    ],
)
def test_a_request_of_two_minds_is_refused_and_nothing_behind_it_is_answered(
    program: Program, request_text: str
) -> None:
    with Wire(program) as wire:
        wire.send(request_text + GET)

        assert ["400"] == statuses(wire.read_to_the_end())


@pytest.mark.parametrize("host", ["a", "a:80", "127.0.0.1:8000", "[::1]:8000", "xn--bcher-kva.example"])
def test_every_proper_host_is_served(program: Program, host: str) -> None:
    with Wire(program) as wire:
        assert b"200 OK" in wire.send(f"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n").read_answer()


def test_old_http_needs_no_host(program: Program) -> None:
    with Wire(program) as wire:
        assert ["200"] == statuses(wire.send("GET /health HTTP/1.0\r\n\r\n").read_to_the_end())


def test_a_compressed_body_is_refused(program: Program) -> None:
    response = httpx.post(
        f"{program.url}/api/v1/tasks",
        headers=bearer("ada") | {"Content-Encoding": "gzip", "Content-Type": "application/json"},
        content=b"\x1f\x8b",
    )

    assert 415 == response.status_code


def test_an_upgrade_is_ignored_without_a_word_in_the_log(program: Program) -> None:
    before = program.log()
    with Wire(program) as wire:
        wire.send("GET /health HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert b"200 OK" in wire.read_answer()

    assert "upgrade" not in program.log().removeprefix(before).lower()


def test_answers_do_not_name_the_software(program: Program) -> None:
    assert "server" not in httpx.get(f"{program.url}/health").headers


def test_a_request_under_way_is_finished_when_the_server_stops(tmp_path: Path) -> None:
    with serve(tmp_path) as program, Wire(program) as wire:
        token = bearer("ada")["Authorization"]
        body = '{"title": "Buy milk"}'
        wire.send(
            "POST /api/v1/tasks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            f"Authorization: {token}\r\nContent-Length: {len(body)}\r\n\r\n{body[:5]}"
        )
        time.sleep(0.3)
        program.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        answer = wire.send(body[5:]).read_to_the_end()

        assert ["201"] == statuses(answer)
        assert 0 == program.process.wait(PATIENCE)


def test_a_request_that_was_sent_as_the_server_stops_is_still_served(tmp_path: Path) -> None:
    with serve(tmp_path) as program, Wire(program) as wire:
        wire.send(GET).read_answer()
        program.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        answer = wire.send(GET).read_to_the_end()

        assert ["200"] == statuses(answer)
        assert b"connection: close" in answer
        assert 0 == program.process.wait(PATIENCE)


def test_a_server_that_takes_its_time_to_stop_is_not_ready_but_serves(tmp_path: Path) -> None:
    with serve(tmp_path, SHUTDOWN_DELAY=3) as program:
        assert 200 == httpx.get(f"{program.url}/health/ready").status_code
        program.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 2
        while (ready := httpx.get(f"{program.url}/health/ready")).status_code != 503:
            assert time.monotonic() < deadline

        assert {"status": "not ready", "reason": "the server is stopping"} == ready.json()
        assert 200 == httpx.get(f"{program.url}/api/v1/tasks", headers=bearer("ada")).status_code
        assert 0 == program.process.wait(PATIENCE)
