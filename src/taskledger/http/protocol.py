"""Uvicorn's HTTP protocol with limits: on the size of a request's head, and on how slow a client may be.

Uvicorn has neither. A timer for each request would cost more than reading the request, so one sweep
a second looks at all connections; a time limit is kept to within a second.
"""

import asyncio
from typing import Any, cast
from weakref import WeakSet

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

LARGEST_HEAD = 32 * 1024
MOST_HEADERS = 100
_SWEEP_SECONDS = 1.0
_LEAVING_SECONDS = 1.0

_MESSAGES = {408: b"Request Timeout", 431: b"Request Header Fields Too Large"}


class LimitedProtocol(HttpToolsProtocol):
    """One connection.

    ``header_timeout``, in seconds, is for the whole head of a request, from the connection's start or
    the head's first byte; ``drain_timeout`` is for the rest of a body that was answered before its end,
    and for a client to begin to take what is sent to it.
    """

    def __init__(self, *arguments: Any, header_timeout: float, drain_timeout: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._header_timeout = header_timeout
        self._drain_timeout = drain_timeout
        self._head_since: float | None = None
        self._head_size = 0
        self._chunk_size = 0
        self._stalled_since: float | None = None
        self._refused = False
        self._leaving = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as Uvicorn's
        super().connection_made(transport)
        self._head_since = self.loop.time()
        _watch(self.loop, self.server_state)

    def data_received(self, data: bytes) -> None:
        self._chunk_size = len(data)
        super().data_received(data)
        if self._head_since is not None:
            self._head_size += self._chunk_size
            if self._head_size > LARGEST_HEAD:
                self._refuse(431)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_since = self.loop.time()

    def on_headers_complete(self) -> None:
        # What came may hold a body too: only where it is large is the head itself measured.
        came = self._head_size + self._chunk_size
        self._head_since = None
        self._head_size = 0
        if self._refused:
            return
        if len(self.headers) > MOST_HEADERS or (came > LARGEST_HEAD and self._measure_head() > LARGEST_HEAD):
            self._refuse(431)
        else:
            super().on_headers_complete()
            if self._leaving:
                self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Take one more request on an idle connection: a proxy may have sent it already.

        Uvicorn would close the connection at once, and the proxy would not know whether its request
        was read.
        """
        if self._is_idle():
            self._leaving = True
            self.loop.call_later(_LEAVING_SECONDS, self._leave)
        else:
            super().shutdown()

    def _leave(self) -> None:
        if self._is_idle():
            self.transport.close()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: an upgrade may be ignored, and a client could fill the log with warnings."""

    def sweep(self, now: float) -> None:
        """End the connection if its client has been too slow."""
        if self._head_since is not None:
            if now - self._head_since > self._header_timeout:
                self._refuse(408)
        elif not self._is_stalled():
            self._stalled_since = None
        elif self._stalled_since is None:
            self._stalled_since = now
        elif now - self._stalled_since > self._drain_timeout:
            self.transport.abort()

    def _is_stalled(self) -> bool:
        """Whether the client takes nothing, or goes on with a body that nobody reads any more."""
        cycle = self.cycle
        return self.flow.write_paused or (cycle is not None and cycle.response_complete and cycle.more_body)

    def _measure_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _refuse(self, status: int) -> None:
        """Answer, unless an earlier request's answer is under way, and end the connection."""
        self._refused = True
        self._head_since = None
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            message = _MESSAGES[status]
            self.transport.write(
                STATUS_LINE[status]
                + b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
                + b"content-length: %d\r\n\r\n%b" % (len(message), message)
            )
        self.transport.close()
        # The parser goes on with what it has been given; this takes what it finds and does nothing.
        self.cycle = cast("RequestResponseCycle", _Nothing())


class _Nothing:
    """Stands in for the exchange of a request that is not answered."""

    def __init__(self) -> None:
        self.response_complete = True
        self.more_body = False
        self.message_event = asyncio.Event()


_watched: "WeakSet[ServerState]" = WeakSet()


def _watch(loop: asyncio.AbstractEventLoop, state: ServerState) -> None:
    """Sweep the server's connections each second for as long as there are any."""
    if state in _watched:
        return
    _watched.add(state)

    def sweep() -> None:
        now = loop.time()
        for connection in tuple(state.connections):
            if isinstance(connection, LimitedProtocol):
                connection.sweep(now)
        if state.connections:
            loop.call_later(_SWEEP_SECONDS, sweep)
        else:
            _watched.discard(state)

    loop.call_later(_SWEEP_SECONDS, sweep)
