"""An answer's head and body leave together; nothing is held back for longer than a turn of the loop."""

import asyncio

import pytest

from donebook.http.joined_writes import JoinedWrites


class Recorder(asyncio.Transport):
    """Keeps what it is told to send, by the call."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.sent: list[bytes] = []
        self.closing = False

    def write(self, data: object) -> None:
        assert not self.closing
        assert isinstance(data, bytes)
        self.sent.append(data)

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = True


@pytest.fixture
def sink() -> Recorder:
    return Recorder()


@pytest.fixture
async def joined(sink: Recorder) -> JoinedWrites:
    return JoinedWrites(sink, asyncio.get_running_loop())


async def test_a_head_leaves_with_its_body(joined: JoinedWrites, sink: Recorder) -> None:
    joined.write(b"head")
    joined.write(b"body")

    assert [b"headbody"] == sink.sent
    await asyncio.sleep(0)
    assert [b"headbody"] == sink.sent


async def test_a_head_whose_body_takes_time_does_not_wait_for_it(
    joined: JoinedWrites, sink: Recorder
) -> None:
    joined.write(b"head")
    await asyncio.sleep(0)
    assert [b"head"] == sink.sent

    joined.write(b"event")
    await asyncio.sleep(0)
    assert [b"head", b"event"] == sink.sent


async def test_an_empty_body_sends_the_head(joined: JoinedWrites, sink: Recorder) -> None:
    joined.write(b"head")
    joined.write(b"")

    assert [b"head"] == sink.sent


async def test_a_body_too_large_to_copy_follows_its_head(joined: JoinedWrites, sink: Recorder) -> None:
    body = bytes(1 << 20)
    joined.write(b"head")
    joined.write(body)

    assert [b"head", body] == sink.sent


async def test_nothing_is_sent_for_nothing(joined: JoinedWrites, sink: Recorder) -> None:
    joined.write(b"")
    await asyncio.sleep(0)

    assert [] == sink.sent


async def test_no_more_than_one_write_is_held(joined: JoinedWrites, sink: Recorder) -> None:
    for number in range(100):
        joined.write(b"%d" % number)
        assert len(b"".join(sink.sent)) >= len(b"".join(b"%d" % each for each in range(number)))
    await asyncio.sleep(0)

    assert b"".join(b"%d" % each for each in range(100)) == b"".join(sink.sent)


async def test_what_is_held_leaves_before_the_connection_is_closed(
    joined: JoinedWrites, sink: Recorder
) -> None:
    joined.write(b"head")
    joined.close()

    assert [b"head"] == sink.sent
    assert joined.is_closing()


async def test_what_is_held_is_forgotten_with_a_connection_that_is_lost(
    joined: JoinedWrites, sink: Recorder
) -> None:
    joined.write(b"head")
    sink.closing = True
    await asyncio.sleep(0)

    assert [] == sink.sent


async def test_what_is_held_is_forgotten_with_a_connection_that_is_aborted(
    joined: JoinedWrites, sink: Recorder
) -> None:
    joined.write(b"head")
    joined.abort()
    await asyncio.sleep(0)

    assert [] == sink.sent
    assert joined.is_closing()


async def test_who_is_at_the_other_end_is_told(joined: JoinedWrites) -> None:
    assert ("127.0.0.1", 1) == joined.get_extra_info("peername")
