"""Uvicorn's HTTP protocol with limits: on the size of a request's head, and on how slow a client may be.

Uvicorn has neither. A timer for each request would cost more than reading the request, so one sweep
a second looks at all connections; a time limit is kept to within a second.

A request that asks for another protocol is read like any other.

What is no request is given to the application as one that its edge refuses, so that the answer is marked,
logged and counted like any other.
"""

import asyncio
from typing import Any, cast
from weakref import WeakSet

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from donebook.http.edge import REFUSED, HeadTooLarge, HeadTooSlow, NotHttp, Refused
from donebook.http.joined_writes import JoinedWrites

LARGEST_HEAD = 32 * 1024
MOST_HEADERS = 100
_SWEEP_SECONDS = 1.0
_LEAVING_SECONDS = 1.0
_LEAST_TAKEN = 4096


class _HeadTooLarge(Exception):
    """Ends the parsing of a head."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection.

    ``header_timeout``, in seconds, is for the whole head of a request, from the connection's start or
    the head's first byte; ``drain_timeout`` is for the rest of a body that was answered before its end,
    and for a client to take some kilobytes of what is sent to it, each time.
    """

    def __init__(self, *arguments: Any, header_timeout: float, drain_timeout: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._header_timeout = header_timeout
        self._drain_timeout = drain_timeout
        self._head_since: float | None = None
        self._head_size = 0
        self._chunk_size = 0
        self._stalled_since: float | None = None
        self._untaken = 0
        self._leaving = False
        self._running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as Uvicorn's
        super().connection_made(transport)
        self.transport = JoinedWrites(transport, self.loop)
        self._head_since = self.loop.time()
        _watch(self.loop, self.server_state)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._running is not None:
            _abandon(self._running)  # Uvicorn tells the last request alone, which may still be waiting

    def data_received(self, data: bytes) -> None:
        # In place of Uvicorn's, which answers what cannot be parsed by itself, whatever is under way.
        self._chunk_size = len(data)
        self._unset_keepalive_if_required()
        try:
            try:
                self.parser.feed_data(data)
            except HttpParserUpgrade as upgrade:
                self._ignore_upgrades(data, upgrade)
        except HttpParserError as error:
            self._refuse(HeadTooLarge if isinstance(error.__context__, _HeadTooLarge) else NotHttp)
        if self._head_since is not None:
            self._head_size += self._chunk_size
            if self._head_size > LARGEST_HEAD:
                self._refuse(HeadTooLarge)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_since = self.loop.time()

    def on_headers_complete(self) -> None:
        # What came may hold a body too: only where it is large is the head itself measured.
        came = self._head_size + self._chunk_size
        if len(self.headers) > MOST_HEADERS or (came > LARGEST_HEAD and self._measure_head() > LARGEST_HEAD):
            raise _HeadTooLarge
        super().on_headers_complete()
        if self.parser.should_upgrade():
            return  # the request begins when its head is read again
        self._head_since = None
        self._head_size = 0
        if self._leaving:
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        cycle = self.cycle
        if cycle.body and cycle.response_complete:
            # What came of a body that nobody reads would be kept until the next request.
            cycle.body = bytearray()
        super().on_response_complete()

    def _should_upgrade(self) -> bool:
        # Keeps Uvicorn from beginning the request whose head asks for an upgrade, without its body.
        return True

    def _ignore_upgrades(self, data: bytes, upgrade: HttpParserUpgrade) -> None:
        """Read again, without its ``Upgrade``, each head that asks for another protocol, and go on behind it.

        A server may ignore such a wish (RFC 9110, section 7.8). The parser cannot: for it the message ends
        with the head, whatever length its body has, and the body would be read as the next request.
        """
        rest = memoryview(data)
        while True:
            rest = rest[upgrade.args[0] :]
            if self.parser.get_method() == b"CONNECT":
                raise HttpParserError("a tunnel")
            head = self._head_without_upgrade()
            self.parser = HttpRequestParser(self)
            # As Uvicorn sets it: what comes behind the last request of a connection does not spoil that one.
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self.parser.feed_data(head)
            try:
                self.parser.feed_data(rest)
            except HttpParserUpgrade as another:
                upgrade = another
            else:
                return

    def _head_without_upgrade(self) -> bytes:
        # What the parser has taken apart has no line breaks or other control characters in it.
        request_line = b"%b %b HTTP/%b" % (
            self.parser.get_method(),
            self.url,
            self.parser.get_http_version().encode(),
        )
        fields = (b"%b: %b" % field for field in self.headers if field[0] != b"upgrade")
        return b"\r\n".join((request_line, *fields, b"", b""))

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

    def sweep(self, now: float) -> None:
        """End the connection if its client has been too slow."""
        if self._head_since is not None:
            if now - self._head_since > self._header_timeout:
                self._refuse(HeadTooSlow)
        elif not self._is_stalled():
            self._stalled_since = None
        elif self._stalled_since is None or self._takes_some():
            self._stalled_since = now
            self._untaken = self.transport.get_write_buffer_size()
        elif now - self._stalled_since > self._drain_timeout:
            self.transport.abort()

    def _is_stalled(self) -> bool:
        """Whether the client takes nothing, or goes on with a body that nobody reads any more."""
        cycle = self.cycle
        return self.flow.write_paused or (cycle is not None and cycle.response_complete and cycle.more_body)

    def _takes_some(self) -> bool:
        """Whether the client, however slow its network, has taken part of what waits for it."""
        return self._untaken - self.transport.get_write_buffer_size() >= _LEAST_TAKEN

    def _measure_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _refuse(self, why: type[Refused]) -> None:
        """Have a refusal answered when its turn comes, read nothing more, and end the connection.

        Where it cannot be answered, because the request's own answer has begun, the connection just ends.
        """
        refused = self.cycle if self._head_since is None else None
        self._head_since = None
        self.parser = cast("HttpRequestParser", _Deaf())
        if self.transport.is_closing():
            return
        if refused is not None and refused.response_started:
            _abandon(refused)
            self.transport.close()
            return
        refusal = self._exchange(why)
        ahead, self.cycle = self.cycle, refusal
        if refused is not None and self.pipeline:
            self.pipeline[0] = (refusal, self.app)  # it was not begun, and need not be
        elif refused is not None:
            _abandon(refused)
            self._start_asgi_task(refusal, self.app)
        elif ahead is None or ahead.response_complete:
            self._start_asgi_task(refusal, self.app)
        else:
            self.pipeline.appendleft((refusal, self.app))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _exchange(self, why: type[Refused]) -> RequestResponseCycle:
        """The exchange in which the edge refuses: the last one of this connection."""
        scope: Any = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "",
            "scheme": self.scheme,
            "path": "",
            "raw_path": b"",
            "query_string": b"",
            "root_path": self.root_path,
            "headers": [],
            "client": self.client,
            "server": self.server,
            "state": self.app_state.copy(),
            REFUSED: why,
        }
        return RequestResponseCycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=self.on_response_complete,
        )


class _Deaf:
    """Stands in for the parser of a connection from which nothing more is read."""

    def feed_data(self, data: bytes) -> None:
        del data


def _abandon(cycle: RequestResponseCycle) -> None:
    """Tell who answers a request that nobody takes the answer."""
    cycle.disconnected = True
    cycle.message_event.set()


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
