"""A wish for another protocol changes nothing of how a connection is read, however it arrives."""

import asyncio
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn import Config
from uvicorn.server import ServerState

from donebook.http.edge import Edge
from donebook.http.protocol import LimitedProtocol

WISHES = [
    [b"Connection: Upgrade", b"Upgrade: websocket"],
    [b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AAMAAABkAARAAAAA", b"Upgrade: h2c"],
    [b"upgrade: foo", b"CONNECTION:keep-alive , uPGRADE"],
    [b"Connection: keep-alive", b"Connection: upgrade", b"Upgrade: a", b"Upgrade: b"],
]
BEHIND = b"GET /executed HTTP/1.1\r\nHost: a\r\n\r\n"
BODIES = [b"", b"{}", BEHIND, b"\r\n" * 9000 + BEHIND, b"0\r\n\r\n" + BEHIND]


class Request(NamedTuple):
    """What the application is asked."""

    method: str
    path: str
    version: str
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Client(asyncio.Transport):
    """Takes whatever is answered."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.answers = b""
        self._is_closed = False

    def write(self, data: Any) -> None:
        self.answers += data

    def close(self) -> None:
        self._is_closed = True

    def is_closing(self) -> bool:
        return self._is_closed

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def read(packets: Iterable[bytes]) -> tuple[list[Request], bytes]:
    """The requests that the application is asked when these packets arrive, and what is answered."""
    asked: list[Request] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = [each for each in scope["headers"] if each[0] not in WISHED]
        asked.append(Request(scope["method"], scope["path"], scope["http_version"], headers, body))
        answer = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]}
        await send(answer)
        await send({"type": "http.response.body"})

    config = Config(Edge(app), lifespan="off", log_config=None)
    config.load()
    state, client = ServerState(), Client()
    connection = LimitedProtocol(
        config=config, server_state=state, app_state={}, header_timeout=10, drain_timeout=10
    )
    connection.connection_made(client)
    for packet in packets:
        if not client.is_closing():
            connection.data_received(packet)
            await asyncio.sleep(0)
    for _ in range(50):
        await asyncio.sleep(0)
    connection.connection_lost(None)
    return asked, client.answers


WISHED = {b"connection", b"upgrade", b"http2-settings", b"x-nothing"}


def request(number: int, fields: list[bytes], body: bytes, *, chunked: bool, version: bytes) -> bytes:
    if chunked:
        framing = [b"Transfer-Encoding: chunked"]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:]) if part)
        body += b"0\r\n\r\n"
    else:
        framing = [b"Content-Length: %d" % len(body)] if body else []
    line = b"POST /%d HTTP/%b" % (number, version)
    return b"\r\n".join([line, b"Host: a", *fields, *framing, b"", body])


def cut(text: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % len(text) for place in places} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(ends)]


@given(
    requests=st.lists(
        st.tuples(st.sampled_from([*WISHES, []]), st.sampled_from(BODIES), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    places=st.lists(st.integers(0, 50_000), max_size=8),
    last_is_old=st.booleans(),
)
async def test_what_is_asked_is_the_same_with_and_without_it(
    requests: list[tuple[list[bytes], bytes, bool]], places: list[int], last_is_old: bool
) -> None:
    with_wish, without = (
        b"".join(
            request(
                number,
                (fields if wished else []) + [b"X-Field: value\xff  x "],
                body,
                chunked=chunked,
                version=b"1.0" if last_is_old and number == len(requests) - 1 and not chunked else b"1.1",
            )
            for number, (fields, body, chunked) in enumerate(requests)
        )
        for wished in (True, False)
    )

    asked, _ = await read(cut(with_wish, places))

    assert asked == (await read([without]))[0]
    assert [f"/{number}" for number in range(len(requests))] == [each.path for each in asked]
    assert [body for _, body, _ in requests] == [each.body for each in asked]


@pytest.mark.parametrize("wish", WISHES)
async def test_its_head_may_arrive_byte_by_byte(wish: list[bytes]) -> None:
    text = request(0, wish, b"\r\n" + BEHIND, chunked=False, version=b"1.1")

    asked, _ = await read(text[index : index + 1] for index in range(len(text)))

    assert [("/0", b"\r\n" + BEHIND)] == [(each.path, each.body) for each in asked]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (request(0, [*WISHES[0], b"X: " + b"x" * 40_000], b"", chunked=False, version=b"1.1"), b"431"),
        (request(0, [*WISHES[0], *[b"X: x"] * 120], b"", chunked=False, version=b"1.1"), b"431"),
        (b"POST / HTTP/1.1\r\nHost: a\r\n" + b"\r\n".join(WISHES[0]) + b"\r\nX: a\r\n b\r\n\r\n", b"400"),
        (b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", b"400"),
        (b"CONNECT / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
    ],
    ids=["large", "many fields", "folded", "a tunnel", "a tunnel with a body", "HTTP/2"],
)
@pytest.mark.parametrize("in_one_packet", [True, False])
async def test_a_head_that_is_refused_is_the_end(text: bytes, status: bytes, in_one_packet: bool) -> None:
    packets = [text + BEHIND] if in_one_packet else [text, BEHIND]

    asked, answers = await read(packets)

    assert [] == asked
    assert [status] == [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]]


async def test_a_body_with_a_broken_chunk_is_the_end() -> None:
    broken = b"\r\n".join(
        [b"POST / HTTP/1.1", b"Host: a", *WISHES[0], b"Transfer-Encoding: chunked", b"", b""]
    )

    asked, answers = await read([broken + b"5\r\nhelloGET", BEHIND])

    assert [] == [each for each in asked if each.path == "/executed"]
    assert b"400" == answers.split(b"HTTP/1.1 ")[1][:3]


async def test_a_connection_that_is_to_be_closed_is_closed() -> None:
    text = request(0, [b"Connection: close, Upgrade", b"Upgrade: x"], b"{}", chunked=False, version=b"1.1")

    asked, answers = await read([text, BEHIND])

    assert [b"{}"] == [each.body for each in asked]
    assert b"connection: close" in answers


async def test_a_body_is_asked_for_when_its_client_waits() -> None:
    head = request(
        0, [*WISHES[1], b"Expect: 100-continue", b"Content-Length: 2"], b"", chunked=False, version=b"1.1"
    )

    asked, answers = await read([head, b"", b"{}"])

    assert [b"{}"] == [each.body for each in asked]
    assert [b"100", b"200"] == [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]]
