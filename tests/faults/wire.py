"""HTTP/1.1 as a client speaks it that has to know exactly what was sent and what came back."""

import asyncio
import json
from typing import Any, NamedTuple, Self


class Lost(Exception):
    """The connection ended before the whole answer was here: what was asked may or may not have happened."""


class Answer(NamedTuple):
    """An answer, taken apart and as it came."""

    status: int
    headers: dict[str, str]
    body: bytes
    raw: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def request_bytes(
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: Any = None,
    content: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> bytes:
    """A request as it goes over the wire; ``content`` is a body that is sent as it is."""
    if content is None:
        content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: service"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    if content:
        lines.append(f"Content-Length: {len(content)}")
        if "Content-Type" not in (headers or {}):
            lines.append("Content-Type: application/json")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


class Connection:
    """One connection, kept open between requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._told_to_close = False

    @classmethod
    async def open(cls, host: str, port: int) -> Self:
        return cls(*await asyncio.open_connection(host, port))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether it is known to be of no use for another request, as far as this end has heard."""
        return self._told_to_close or self.writer.is_closing() or self.reader.at_eof()

    def close(self) -> None:
        self.writer.close()

    def abort(self) -> None:
        """Leave without a farewell: the other end sees a reset."""
        self.writer.transport.abort()

    async def request(self, method: str, path: str, **options: Any) -> Answer:
        """Send a request (see `request_bytes`) and read its answer; raises `Lost`."""
        await self.send(request_bytes(method, path, **options))
        return await self.answer(bodiless=method == "HEAD")

    async def send(self, data: bytes) -> None:
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError as error:
            raise Lost(str(error)) from error

    async def answer(self, *, bodiless: bool = False) -> Answer:
        """Read one answer, or the head alone of one that has no body; raises `Lost`."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")[:-2]
            status = int(first.split()[1])
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            body = b"" if bodiless else await self._body(status, headers)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Lost(str(error)) from error
        self._told_to_close = headers.get("connection", "").lower() == "close"
        return Answer(status, headers, body, head + body)

    async def _body(self, status: int, headers: dict[str, str]) -> bytes:
        if status in {204, 304}:
            return b""
        if headers.get("transfer-encoding") != "chunked":
            return await self.reader.readexactly(int(headers["content-length"]))
        body = b""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            body += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readexactly(2)
        return body
