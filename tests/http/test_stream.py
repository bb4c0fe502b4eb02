"""Server-sent events on the wire: heartbeats, ends, and clients that do not read."""

import asyncio
from typing import Any, cast

import pytest

from donebook.http import stream
from donebook.http.requests import Disconnected
from donebook.http.stream import EventStream
from donebook.ledger.events.audience import FeedEnded, Follower
from donebook.ledger.events.feed import Feed
from donebook.ledger.events.position import after_revision


class ScriptedFollower:
    """Gives what the test puts in; its feed notes when it is left."""

    place = after_revision(41)

    def __init__(self) -> None:
        self.script: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.reason: str | None = None
        self.silences: list[float] = []
        self.was_left = False
        self.alerts = 0

    async def take(self, seconds: float) -> bytes:
        if self.reason is None:
            self.silences.append(seconds)
            data = await self.script.get()
            if data is not None:
                return data
        raise FeedEnded(self.reason or "a test says so")

    def end(self, reason: str) -> None:
        self.reason = reason
        self.script.put_nowait(None)

    def stay_alert(self) -> None:
        self.alerts += 1

    def leave(self, follower: object) -> None:
        assert follower is self
        self.was_left = True


class Connection:
    """What the server sees of a client."""

    def __init__(self) -> None:
        self.body = b""
        self.whole = False
        self.reading = asyncio.Event()
        self.reading.set()
        self.gone = asyncio.Event()

    async def send(self, message: Any) -> None:
        await self.reading.wait()
        self.body += message.get("body", b"")
        if message["type"] == "http.response.body":
            self.whole = not message.get("more_body", False)

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}


@pytest.fixture
def follower() -> ScriptedFollower:
    return ScriptedFollower()


@pytest.fixture
def connection() -> Connection:
    return Connection()


async def serve(follower: ScriptedFollower, connection: Connection, method: str = "GET") -> None:
    feed = cast("Feed[Any]", follower)
    answer = EventStream(feed, cast("Follower", follower), follower.stay_alert)
    await answer({"type": "http", "method": method}, connection.receive, connection.send)


async def test_it_begins_with_the_id_to_resume_from_and_a_time_to_wait(
    follower: ScriptedFollower, connection: Connection
) -> None:
    follower.end("over")
    await serve(follower, connection)
    beginning, *_ = connection.body.split(b"\n\n")
    fields = dict(line.split(b": ") for line in beginning.splitlines())
    assert b"41" == fields[b"id"]
    assert 1000 <= int(fields[b"retry"]) <= 3000


async def test_a_head_is_all_that_head_gets_and_the_feed_is_left(
    follower: ScriptedFollower, connection: Connection
) -> None:
    await serve(follower, connection, "HEAD")
    assert (b"", True, True) == (connection.body, connection.whole, follower.was_left)


async def test_events_go_out_as_they_are(follower: ScriptedFollower, connection: Connection) -> None:
    follower.script.put_nowait(b"data: 1\n\n")
    follower.script.put_nowait(b"data: 2\n\n")
    follower.script.put_nowait(None)
    await serve(follower, connection)
    assert b"data: 1\n\ndata: 2\n\n: a test says so\n\n" == connection.body.partition(b"\n\n")[2]


async def test_silence_is_broken_by_a_comment_every_twenty_seconds(
    follower: ScriptedFollower, connection: Connection
) -> None:
    follower.script.put_nowait(b"")
    follower.script.put_nowait(None)
    await serve(follower, connection)
    assert b": ping\n\n" in connection.body
    assert [20.0, 20.0] == follower.silences


async def test_somebody_looks_out_for_the_end_of_the_token_all_the_while(
    follower: ScriptedFollower, connection: Connection
) -> None:
    follower.script.put_nowait(b"")
    follower.script.put_nowait(b"")
    follower.script.put_nowait(None)
    await serve(follower, connection)
    assert 3 == follower.alerts


async def test_an_ended_stream_is_a_whole_answer(follower: ScriptedFollower, connection: Connection) -> None:
    follower.end("over")
    await serve(follower, connection)
    assert connection.whole
    assert connection.body.endswith(b": over\n\n")
    assert follower.was_left


async def test_a_client_that_leaves_ends_its_stream(
    follower: ScriptedFollower, connection: Connection
) -> None:
    serving = asyncio.create_task(serve(follower, connection))
    await asyncio.sleep(0)
    connection.gone.set()
    await asyncio.wait_for(serving, 20)
    assert follower.was_left


async def test_a_client_that_does_not_read_is_given_up(
    follower: ScriptedFollower, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SEND_SECONDS", 0.05)
    connection.reading.clear()
    with pytest.raises(Disconnected):
        await asyncio.wait_for(serve(follower, connection), 20)
    assert follower.was_left
