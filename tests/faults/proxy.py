"""A TCP proxy that misbehaves on demand: it delays, cuts after so many bytes, swallows, resets, sleeps.

And one that leads elsewhere on demand, as a name that moves does."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto

_COUNTED_SECONDS = 0.1


class Mode(Enum):
    """What the proxy does with what it receives, on every connection and in both directions."""

    PASS = auto()
    SWALLOW = auto()
    """Accept everything and deliver nothing: a black hole."""
    RESET = auto()
    """Reset each connection, old and new."""


class Proxy:
    """Forwards to one address; ``mode``, ``delay`` and ``cut_after`` may be changed while it runs."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self.mode = Mode.PASS
        self.delay = 0.0
        """Seconds that each chunk is held back."""
        self._cut_after: int | None = None
        self._cut_answers_only = False
        self._connections: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._passing = asyncio.Event()
        self._passing.set()
        self.port = 0
        self.most_open = 0
        """The most connections that were open together for a while: whoever left was not seen at once."""
        self._waking = 0.0
        self._is_waking = False
        self._awake = asyncio.Event()
        self._awake.set()

    def lead_to(self, host: str, port: int) -> None:
        """Forward connections to another address from now on; those that are open stay where they are."""
        self._target = (host, port)

    def sleep(self, waking: float) -> None:
        """Answer no new connection until ``waking`` seconds after the first: a hosted database."""
        self._waking = waking
        self._is_waking = False
        self._awake.clear()

    @property
    def open(self) -> frozenset[asyncio.Task[None]]:
        """The connections that are open, each as the task that ends with it."""
        return frozenset(self._connections)

    def wake(self) -> None:
        """Answer at once."""
        self._awake.set()

    @property
    def is_asleep(self) -> bool:
        return not self._awake.is_set()

    def cut_after(self, count: int, *, answers_only: bool = False) -> None:
        """Reset whichever connection delivers the ``count``-th byte from now, and then pass again.

        ``answers_only`` counts what the far side sends, so that what was asked has been done.
        """
        self._cut_after = count
        self._cut_answers_only = answers_only

    @property
    def has_cut(self) -> bool:
        return self._cut_after is None

    def swallow(self) -> None:
        """Become a black hole; what was on its way is delivered after `pass_again`."""
        self.mode = Mode.SWALLOW
        self._passing.clear()

    def pass_again(self) -> None:
        self.mode = Mode.PASS
        self._passing.set()

    def reset_all(self) -> None:
        """Reset every connection that is open now, and those to come until `pass_again`."""
        self.mode = Mode.RESET
        for writer in self._writers:
            _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        asyncio.get_running_loop().call_later(_COUNTED_SECONDS, self._count, self.open)
        if self.mode is Mode.RESET:
            _reset(writer)
            return
        # A black hole does not even answer the handshake; ours has to, and then says nothing.
        await self._passing.wait()
        try:
            said = await self._wake_for(reader)
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        far_writer.write(said)
        ends = {writer, far_writer}
        self._writers |= ends
        try:
            await asyncio.gather(
                self._pump(reader, far_writer, answers=False), self._pump(far_reader, writer, answers=True)
            )
        except OSError:
            pass
        finally:
            self._writers -= ends
            for end in ends:
                _reset(end)

    def _count(self, together: frozenset[asyncio.Task[None]]) -> None:
        self.most_open = max(self.most_open, sum(not each.done() for each in together))

    async def _wake_for(self, reader: asyncio.StreamReader) -> bytes:
        """What was said before anybody was awake to hear it; ``OSError`` if who said it has left."""
        said = b""
        if self.is_asleep and not self._is_waking:
            self._is_waking = True
            asyncio.get_running_loop().call_later(self._waking, self.wake)
        while self.is_asleep:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    chunk = await reader.read(65536)
                if not chunk:
                    raise ConnectionResetError("left")
                said += chunk
        return said

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        while chunk := await reader.read(65536):
            await self._passing.wait()
            if self.delay:
                await asyncio.sleep(self.delay)
            if self._cut_after is not None and (answers or not self._cut_answers_only):
                if len(chunk) >= self._cut_after:
                    writer.write(chunk[: self._cut_after])
                    self._cut_after = None
                    await asyncio.sleep(0)
                    raise ConnectionResetError("cut")
                self._cut_after -= len(chunk)
            writer.write(chunk)
            await writer.drain()
        # One end has finished; the other learns of it as it would without us.
        raise ConnectionResetError("ended")


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        # Without it the other end would see an orderly end.
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
    writer.transport.abort()


@asynccontextmanager
async def run_proxy(host: str, port: int) -> AsyncIterator[Proxy]:
    """Run a proxy before an address."""
    proxy = Proxy(host, port)
    server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.pass_again()
        proxy.wake()
        proxy.reset_all()
        if proxy._connections:
            await asyncio.wait(proxy._connections)
