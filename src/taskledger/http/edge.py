"""The outermost layer of ours: marks every answer, keeps broken requests out, and sees each one end."""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from random import getrandbits

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskledger.http.answer import json_answer
from taskledger.http.requests import Disconnected
from taskledger.http.tracing import enter_trace, read_traceparent

Observer = Callable[[Scope, int, float], None]
"""Called when a request is over, with its status and its duration in seconds."""

CLIENT_LEFT = 499
"""What the log says of a request whose client left before there was an answer."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9-]{1,64}")
# RFC 3986, section 3.2.2, without user information; RFC 9112, section 3.2 asks for 400 otherwise.
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:[0-9]{0,5})?")
_KNOWN_HOSTS = 256


class Edge:
    """ASGI middleware that gives each request an id and each answer its headers.

    ``observers`` are told of each request that is over.
    """

    def __init__(
        self,
        app: ASGIApp,
        headers: Iterable[tuple[bytes, bytes]] = (),
        observers: Sequence[Observer] = (),
    ) -> None:
        self.app = app
        self._headers = tuple(headers)
        self._observers = tuple(observers)
        self._good_hosts: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        marks = self._enter(scope)
        status = 500

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *marks]
            await send(message)

        try:
            if scope["host_is_good"]:
                await self.app(scope, receive, send_marked)
            else:
                refusal = json_answer(400, {"detail": "Bad Host header"}, [(b"connection", b"close")])
                await refusal(scope, receive, send_marked)
        except Disconnected:
            status = CLIENT_LEFT
        finally:
            elapsed = time.perf_counter() - started
            for observe in self._observers:
                observe(scope, status, elapsed)

    def _enter(self, scope: Scope) -> tuple[tuple[bytes, bytes], ...]:
        """Read what concerns every request, in one pass over its headers; return the answer's marks."""
        request_id: bytes | None = None
        hosts: list[bytes] = []
        for name, value in scope["headers"]:
            if name == b"host":
                hosts.append(value)
            elif name == b"x-request-id":
                request_id = value if _REQUEST_ID.fullmatch(value) else None
            elif name == b"traceparent":
                scope["trace_id"] = read_traceparent(value)
        if request_id is None:
            # A name, not a secret: three times as fast as one from the operating system.
            request_id = b"%016x" % getrandbits(64)
        scope["request_id"] = request_id.decode()
        scope["host_is_good"] = self._is_good(hosts, scope)
        if "fastapi.telemetry" in scope:
            scope["trace_id"] = enter_trace(scope) or scope.get("trace_id")
        return (*self._headers, (b"x-request-id", request_id))

    def _is_good(self, hosts: list[bytes], scope: Scope) -> bool:
        if len(hosts) != 1:
            # A second Host is how a proxy and a server come to see two different requests.
            return not hosts and scope["http_version"] == "1.0"
        host = hosts[0]
        if host in self._good_hosts:
            return True
        if _HOST.fullmatch(host) is None:
            return False
        if len(self._good_hosts) < _KNOWN_HOSTS:
            self._good_hosts.add(host)
        return True
