"""Reading server-sent events as a browser does, from an application in the test's own process."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 20


@dataclass
class ReceivedEvent:
    """An event as a browser dispatches it; ``id`` is the last one there was, in whichever block."""

    type: str
    id: str
    data: Any


@dataclass
class EventReader:
    """The parser of the HTML standard, section 9.2.6, for streams in pieces of any size."""

    last_id: str = ""
    retry: int | None = None
    comments: list[str] = field(default_factory=list)
    _rest: str = ""
    _type: str = ""
    _data: list[str] = field(default_factory=list)
    _id: str | None = None

    def read(self, piece: str) -> Iterator[ReceivedEvent]:
        *lines, self._rest = (self._rest + piece).split("\n")
        for line in lines:
            if line:
                self._read_field(line)
                continue
            if self._id is not None:
                self.last_id = self._id
            if self._data:
                yield ReceivedEvent(self._type or "message", self.last_id, json.loads("\n".join(self._data)))
            self._type, self._data, self._id = "", [], None

    def _read_field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "":
                self.comments.append(value)
            case "event":
                self._type = value
            case "data":
                self._data.append(value)
            case "id":
                self._id = value
            case "retry":
                self.retry = int(value)


class Stream:
    """An answer under way."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {}
        self.status = 0
        self.headers: dict[str, str] = {}
        self.reader = EventReader()
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._events: list[ReceivedEvent] = []
        self._left = asyncio.Event()
        self._asked = False
        self._body = b""

    @property
    def authorization(self) -> str:
        """The request's Authorization header."""
        return str(dict(self.scope["headers"])[b"authorization"], "ascii")

    async def next(self) -> ReceivedEvent:
        """The next event; raises `EOFError` where the stream ends instead."""
        while not self._events:
            if not await self._read():
                raise EOFError
        return self._events.pop(0)

    async def take(self, count: int) -> list[ReceivedEvent]:
        return [await self.next() for _ in range(count)]

    async def until_end(self) -> list[ReceivedEvent]:
        """The events that are left, when the server has ended the stream."""
        while await self._read():
            pass
        return self._events

    async def json(self) -> Any:
        """The whole body of an answer that is no stream."""
        await self.until_end()
        return json.loads(self._body)

    def leave(self) -> None:
        """Close the connection from this side."""
        self._left.set()

    async def begin(self) -> None:
        start = await self._next_message()
        self.status = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        if self.status == 200:
            await self._read()

    async def send(self, message: Any) -> None:
        await self._messages.put(message)

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _read(self) -> bool:
        message = await self._next_message()
        self._body += message.get("body", b"")
        self._events += self.reader.read(message.get("body", b"").decode())
        return bool(message.get("more_body", False))

    async def _next_message(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            return await self._messages.get()


@asynccontextmanager
async def open_stream(
    app: Any, path: str, headers: dict[str, str] | None = None, query: str = ""
) -> AsyncIterator[Stream]:
    """Begin a GET request; the connection is closed on leaving, and the application has then noticed."""
    stream = Stream()
    stream.scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [
            (name.lower().encode(), value.encode())
            for name, value in ({"host": "service"} | (headers or {})).items()
        ],
        "client": ("127.0.0.1", 1234),
        "server": ("127.0.0.1", 80),
    }
    serving = asyncio.create_task(app(stream.scope, stream.receive, stream.send))
    try:
        await stream.begin()
        yield stream
    finally:
        stream.leave()
        async with asyncio.timeout(PATIENCE):
            await serving
