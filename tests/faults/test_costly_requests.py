"""Cases 57 and 61: many streams of one user, tickets that come late, bodies full of faults."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from tests.databases import DIALECTS
from tests.faults.conftest import Serve, Servers
from tests.faults.endpoints import Visitor, assert_in_shape
from tests.faults.programme import Tries
from tests.faults.server import Server, eventually, token_for
from tests.faults.wire import Connection, request_bytes

EVENTS = "/api/v2/events"
ALLOWED = 100
MEGABYTE = 1_000_000


async def open_stream(server: Server, token: str) -> tuple[int, Connection]:
    """The status of a stream, and its connection."""
    connection = await server.connect()
    await connection.send(request_bytes("GET", EVENTS, token=token))
    head = (await connection.reader.readuntil(b"\r\n\r\n")).decode()
    if "429" in head.splitlines()[0]:
        assert "retry-after: 30" in head.lower()
    return int(head.split()[1]), connection


async def test_one_user_has_a_hundred_streams_and_others_have_theirs(
    database_url: str, serve: Serve, tries: Tries
) -> None:
    with serve(database_url, LOG_REQUESTS=False) as server:
        ada, bob = token_for("ada"), token_for("bob")
        await server.ready()
        assert 200 == (await server.ask("GET", "/api/v1/tasks", token=ada)).status
        opened = await asyncio.gather(*(open_stream(server, ada) for _ in range(ALLOWED + 30)))
        theirs, _ = await open_stream(server, bob)
        statuses = sorted(status for status, _ in opened)
        for _, connection in opened:
            connection.abort()

        async def there_is_room() -> bool:
            return (await open_stream(server, ada))[0] == 200

        await eventually(there_is_room, "the streams of those who left make room")
    assert [200] * ALLOWED + [429] * 30 == statuses
    assert 200 == theirs
    tries(ALLOWED + 30, "streams")


async def test_a_ticket_redeemed_after_its_tokens_end_opens_nothing(
    database_url: str, serve: Serve, tries: Tries
) -> None:
    with serve(database_url) as server:
        await server.ready()
        until = int(time.time()) + 4
        token = token_for("ada", exp=until)
        ticket = (await server.ask("POST", f"{EVENTS}/ticket", token=token)).json()["ticket"]
        await asyncio.sleep(until - time.time() + 0.1)
        refused = await server.ask("GET", f"{EVENTS}?ticket={ticket}")
    assert 401 == refused.status
    assert "token_expired" == refused.json()["code"]
    tries(1, "tickets")


def repeated(item: bytes) -> bytes:
    return b"[" + b",".join([item] * (MEGABYTE // (len(item) + 1))) + b"]"


def hostile_bodies() -> dict[str, bytes]:
    fields = b",".join(b'"field %d":1' % index for index in range(60_000))
    few = b",".join(b'"field %d":1' % index for index in range(300))
    return {
        "fields": b"{" + fields + b"}",
        "operations": b'{"operations":' + repeated(b"{}") + b"}",
        "arrays": b'{"title":"x","other":' + repeated(b"[]") + b"}",
        "a long title and some fields": b'{"title":"' + b"x" * (MEGABYTE - 9000) + b'",' + few + b"}",
        "an array": repeated(b"1"),
    }


def processor_seconds(server: Server) -> float:
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_megabyte_of_faults_is_refused_with_fifty_at_most_and_little_work(
    servers: Servers, dialect: str, tries: Tries
) -> None:
    server, times = servers[dialect], 10
    visitor = await Visitor.arrive(server)
    asked = 0
    for what, body in hostile_bodies().items():
        for endpoint in visitor.endpoints():
            if endpoint.public or endpoint.method == "PATCH":
                continue
            answer = await visitor.ask(endpoint.method, endpoint.path, content=body)
            told = answer.json()
            assert_in_shape(endpoint.path, answer)
            assert 422 == answer.status, (what, endpoint)
            problems = told.get("errors") or told.get("detail") or told["error"]["details"]
            assert len(problems) <= 50
            asked += 1
        before = processor_seconds(server)
        for _ in range(times):
            await visitor.ask("POST", "/api/v2/tasks", content=body)
        # Reading half a million values takes some hundred milliseconds, and as many problems half a second.
        assert (processor_seconds(server) - before) / times < 0.04, what
        asked += times
    tries(asked, "bodies full of faults")
