"""Who takes too little of what is sent is left; who takes it slowly is not. (The rest: tests/process.)"""

import asyncio
from collections.abc import Iterator

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from donebook.http.protocol import LimitedProtocol


class Buffer(asyncio.Transport):
    """A connection with so much that is still to be taken."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.size = 1_000_000
        self.is_aborted = False

    def get_write_buffer_size(self) -> int:
        return self.size

    def abort(self) -> None:
        self.is_aborted = True

    def is_closing(self) -> bool:
        return self.is_aborted


@pytest.fixture
def buffer() -> Buffer:
    return Buffer()


@pytest.fixture
async def connection(buffer: Buffer) -> LimitedProtocol:
    config = Config(lambda *_: None, lifespan="off", log_config=None)
    config.load()
    connection = LimitedProtocol(
        config=config, server_state=ServerState(), app_state={}, header_timeout=10, drain_timeout=10
    )
    connection.connection_made(buffer)
    connection.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    connection.pause_writing()
    return connection


def seconds() -> Iterator[int]:
    return iter(range(1, 61))


async def test_a_client_that_takes_nothing_is_left_after_the_limit(
    connection: LimitedProtocol, buffer: Buffer
) -> None:
    aborted_at = None
    for now in seconds():
        connection.sweep(now)
        if aborted_at is None and buffer.is_aborted:
            aborted_at = now

    assert 12 == aborted_at


async def test_a_client_that_takes_some_kilobytes_within_the_limit_is_kept(
    connection: LimitedProtocol, buffer: Buffer
) -> None:
    for now in seconds():
        connection.sweep(now)
        buffer.size -= 5000 if now % 9 == 0 else 0

    assert not buffer.is_aborted


async def test_a_client_that_takes_a_byte_now_and_then_is_left(
    connection: LimitedProtocol, buffer: Buffer
) -> None:
    for now in seconds():
        connection.sweep(now)
        buffer.size -= 10

    assert buffer.is_aborted
