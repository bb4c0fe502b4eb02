"""Bodies that a process holds at once, of one user and of all."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from donebook.errors import Overloaded, TooManyRequests
from donebook.http.bounds.bodies import SMALL_BODY, BodyMemory
from donebook.http.requests import Disconnected, read_json
from tests.faults.endpoints import assert_in_shape
from tests.faults.server import eventually
from tests.faults.wire import Answer
from tests.service import bearer, run_service

MEBIBYTE = 1024 * 1024
SHARE = 8 * MEBIBYTE
TOTAL = 32 * MEBIBYTE


def test_a_user_has_a_quarter() -> None:
    bodies = BodyMemory(MEBIBYTE)
    held = [bodies.hold("ada") for _ in range(8)]
    for each in held:
        each.grow(MEBIBYTE)
    with pytest.raises(TooManyRequests):
        bodies.hold("ada").grow(1)
    bodies.hold("bob").grow(1)
    held.pop().release()
    bodies.hold("ada").grow(MEBIBYTE)


def test_all_together_have_no_more_than_there_is() -> None:
    bodies = BodyMemory(MEBIBYTE)
    held = [bodies.hold(f"user {number}") for number in range(4)]
    for each in held:
        each.grow(SHARE)
    with pytest.raises(Overloaded):
        bodies.hold("one more").grow(1)
    assert TOTAL == bodies.held
    for each in held:
        each.release()
        each.release()
    assert 0 == bodies.held
    assert {} == bodies._shares._shares


def test_the_largest_body_fits_in_however_large_it_may_be() -> None:
    bodies = BodyMemory(100 * MEBIBYTE)
    bodies.hold("ada").grow(100 * MEBIBYTE)


def reading(bodies: BodyMemory, *pieces: bytes, more: bool = False) -> Any:
    """Read a body of these pieces, of which ``more`` never come."""
    coming = list(pieces)

    async def receive() -> Any:
        if not coming:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": coming.pop(0), "more_body": bool(coming) or more}

    return read_json({"headers": []}, receive, limit=MEBIBYTE, seconds=60, hold=lambda: bodies.hold("ada"))


async def test_a_small_body_in_one_piece_is_not_counted() -> None:
    bodies = BodyMemory(MEBIBYTE)
    body, held = await reading(bodies, b"x" * SMALL_BODY)
    assert (SMALL_BODY, None) == (len(body), held)


@pytest.mark.parametrize("pieces", [[b"x" * (SMALL_BODY + 1)], [b"x", b"y"]])
async def test_any_other_is_counted_until_its_request_is_answered(pieces: list[bytes]) -> None:
    bodies = BodyMemory(MEBIBYTE)
    body, held = await reading(bodies, *pieces)
    assert b"".join(pieces) == body
    assert len(body) == bodies.held
    held.release()
    assert 0 == bodies.held


async def test_a_body_whose_reader_is_cancelled_is_counted_no_more() -> None:
    bodies = BodyMemory(MEBIBYTE)
    task = asyncio.create_task(reading(bodies, b"x" * 1000, more=True))
    await asyncio.sleep(0.01)
    assert 1000 == bodies.held
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert 0 == bodies.held


async def test_a_body_whose_client_leaves_is_counted_no_more() -> None:
    bodies = BodyMemory(MEBIBYTE)
    messages = [{"type": "http.request", "body": b"x", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return messages.pop(0)

    with pytest.raises(Disconnected):
        await read_json({"headers": []}, receive, limit=1000, seconds=60, hold=lambda: bodies.hold("ada"))
    assert 0 == bodies.held


PATHS = ["/api/v2/tasks", "/api/v1/tasks", "/api/tasks", "/api/ada/tasks", "/enveloped/api/ada/tasks"]


@pytest.mark.parametrize("path", PATHS)
async def test_more_than_a_user_may_send_at_once_is_refused_in_the_contracts_shape(
    sqlite_url: str, path: str
) -> None:
    async with run_service(sqlite_url) as service:
        ended = asyncio.Event()
        arrived: list[int] = []

        async def endless() -> AsyncIterator[bytes]:
            yield b'{"title":"' + b" " * (MEBIBYTE - 100)
            arrived.append(1)
            await ended.wait()
            yield b'x"}'

        json = {"content-type": "application/json"} | bearer("ada")
        async with service.client(None) as client:
            posts = [client.post(path, content=endless(), headers=json) for _ in range(8)]
            sending = [asyncio.create_task(each) for each in posts]
            await eventually(lambda: len(arrived) == 8, "all bodies are held")
            refused = await client.post(path, content=b'{"title":"' + b" " * 20_000 + b'x"}', headers=json)
            others = await client.post(
                "/api/v1/tasks",
                content=b'{"title":"' + b" " * 20_000 + b'x"}',
                headers=json | bearer("bob"),
            )
            ended.set()
            answers = await asyncio.gather(*sending)
            after = await client.post(path, content=b'{"title":"' + b" " * 20_000 + b'x"}', headers=json)

    assert 429 == refused.status_code
    assert "1" == refused.headers["retry-after"]
    assert_in_shape(path, Answer(429, {}, refused.content, refused.content))
    assert [201] * 8 == [each.status_code for each in answers]
    assert [201, 201] == [others.status_code, after.status_code]
