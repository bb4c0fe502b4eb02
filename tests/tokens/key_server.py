"""A local HTTP server that publishes keys, well or badly."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def response(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole HTTP/1.1 answer."""
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class KeyServer:
    """Counts what it is asked for; ``answer`` is what it sends, and it waits while ``held``."""

    def __init__(self) -> None:
        self.answer = response(b"", "503 Service Unavailable")
        self.asked: list[str] = []
        self.port = 0
        self._released = asyncio.Event()
        self._released.set()
        self._asked = asyncio.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/auth/jwks"

    def publish(self, body: bytes) -> None:
        self.answer = response(body)

    def hold(self) -> None:
        """Answer nobody until ``release``."""
        self._released.clear()

    def release(self) -> None:
        self._released.set()

    async def wait_until_asked(self, times: int) -> None:
        async with self._asked:
            await self._asked.wait_for(lambda: len(self.asked) >= times)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        async with self._asked:
            self.asked.append(request.split(b" ")[1].decode())
            self._asked.notify_all()
        await self._released.wait()
        writer.write(self.answer)
        await writer.drain()


@asynccontextmanager
async def running_key_server() -> AsyncIterator[KeyServer]:
    keys = KeyServer()
    async with listening(keys.serve) as keys.port:
        yield keys


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    """A port where ``serve`` handles each connection; at the end none is left open."""
    connections: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.create_task(handle(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()
