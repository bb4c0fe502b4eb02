"""Case 22: bodies too large, without end, or of another length than they say."""

import asyncio
from contextlib import suppress

import pytest

from tests.faults.conftest import Serve
from tests.faults.memory import forget_peak, memory
from tests.faults.programme import Tries
from tests.faults.server import Server, token_for
from tests.faults.wire import Connection, Lost, request_bytes

LARGE = 10_000_000
AT_ONCE = 20
ROOM = 60_000_000
"""Bytes by which the server may grow while twenty times 10 MB are sent to it at once."""
PATIENCE = 40
"""Seconds after which a refusal that did not come is not coming."""


def head(token: str, *lines: str, path: str = "/api/v1/tasks") -> bytes:
    """A request whose body is to follow."""
    return (
        request_bytes("POST", path, token=token)[:-2]
        + "".join(f"{line}\r\n" for line in ("Content-Type: application/json", *lines, "")).encode()
    )


async def pour(connection: Connection, first: bytes, piece: bytes, times: int) -> int:
    """Send until the server answers or leaves; the status, and that it is one."""

    async def send() -> None:
        with suppress(Lost):
            await connection.send(first)
            for _ in range(times):
                await connection.send(piece)

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(PATIENCE):
            return (await connection.answer()).status
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        connection.abort()


async def flood(server: Server) -> None:
    """Twenty at once, announced and chunked: all are refused, and the server does not grow with them."""
    token = token_for("ada")
    assert 200 == (await server.ask("GET", "/api/v1/tasks", token=token)).status
    piece = b" " * 65_536
    before = memory(server, "VmRSS")
    forget_peak(server)
    chunked = head(token, "Transfer-Encoding: chunked")
    for first, chunk, number in (
        (head(token, f"Content-Length: {LARGE}"), piece, AT_ONCE),
        (chunked, b"%x\r\n%b\r\n" % (len(piece), piece), AT_ONCE),
        (chunked, b"1\r\n \r\n" * 10_000, 2),
    ):
        floods = [pour(await server.connect(), first, chunk, LARGE // len(piece) + 1) for _ in range(number)]
        assert [413] * number == await asyncio.gather(*floods)
    grown = memory(server, "VmHWM") - before
    assert grown < ROOM, f"it grew by {grown} bytes"
    assert 200 == (await server.ask("GET", "/api/v1/tasks", token=token)).status


async def test_large_and_endless_bodies_are_refused_and_take_no_memory(
    database_url: str, serve: Serve, tries: Tries
) -> None:
    with serve(database_url) as server:
        await flood(await server.ready())

    tries(2 * AT_ONCE + 2, "bodies of 10 MB")


LENGTHS = {
    "too small": (["Content-Length: 5"], b'{"title":"x"}'),
    "negative": (["Content-Length: -5"], b'{"title":"x"}'),
    "no number": (["Content-Length: five"], b'{"title":"x"}'),
    "hexadecimal": (["Content-Length: 0xd"], b'{"title":"x"}'),
    "two": (["Content-Length: 13", "Content-Length: 12"], b'{"title":"x"}'),
    "a list": (["Content-Length: 13, 13"], b'{"title":"x"}'),
    "and chunks": (["Content-Length: 13", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
    "beyond any number": (["Content-Length: " + "9" * 40], b'{"title":"x"}'),
    "a chunk of no size": (["Transfer-Encoding: chunked"], b"x\r\n"),
    "a chunk beyond any number": (["Transfer-Encoding: chunked"], b"f" * 40 + b"\r\n"),
    "a negative chunk": (["Transfer-Encoding: chunked"], b"-1\r\n"),
    "too large": (["Content-Length: 100"], b'{"title":"x"}'),
}


@pytest.mark.parametrize("length", LENGTHS)
async def test_a_wrong_length_is_refused(sqlite_url: str, serve: Serve, length: str, tries: Tries) -> None:
    lines, body = LENGTHS[length]
    with serve(sqlite_url, BODY_TIMEOUT=1) as server:
        token = token_for("ada")
        async with await (await server.ready()).connect() as connection:
            await connection.send(head(token, *lines) + body)
            answer = await connection.answer()
        listed = await server.ask("GET", "/api/v1/tasks", token=token)

    # 408 for the rest that never comes; the shorter body is no JSON.
    assert answer.status in {400, 408, 413, 422}
    assert [] == listed.json()
    tries(1, "wrong lengths")
