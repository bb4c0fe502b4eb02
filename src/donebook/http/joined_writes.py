"""Sending an answer's head and its body together.

Uvicorn writes one after the other, and each write is a system call and a packet of its own.
"""

import asyncio
from typing import Any

_COPIED = 64 * 1024
"""Up to this many bytes are copied to join them: for more the copy costs more than the system call."""


class JoinedWrites(asyncio.Transport):
    """A transport that holds a write back for the next one, or until the event loop's next turn.

    It holds one write at most, so that the transport's own limits go on to tell when a client is slow.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: bytes = b""

    def write(self, data: Any) -> None:
        if self._held:
            held, self._held = self._held, b""
            if len(data) <= _COPIED:
                self._transport.write(held + data)
            else:
                self._transport.write(held)
                self._transport.write(data)
        elif data:
            self._held = data
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        self._held = b""
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def _flush(self) -> None:
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._transport.write(held)
