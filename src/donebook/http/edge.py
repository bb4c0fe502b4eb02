"""The outermost layer of ours: marks every answer, keeps broken requests out, and sees each one end."""

import re
import time
from collections.abc import Iterable, Sequence
from random import getrandbits
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from donebook.http.answer import json_answer
from donebook.http.requests import Disconnected
from donebook.http.tracing import enter_trace, read_traceparent

REFUSAL = "donebook.refusal"
"""The type of the scope of what the server refused before it was a request.

It has a ``status``, the ``client``, the ``seconds`` it took if they are known, and the scope of the
``request`` whose body was broken, if that had begun. The edge adds its ``request_id``.
"""


class Observer(Protocol):
    """Who watches what is asked and answered."""

    def record(self, scope: Scope, status: int, seconds: float) -> None:
        """Take note of a request that is over, with its status and its duration."""

    def record_refusal(self, scope: Scope) -> None:
        """Take note of a `REFUSAL`."""


CLIENT_LEFT = 499
"""What the log says of a request whose client left before there was an answer."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9-]{1,64}")
# RFC 3986, section 3.2.2, without user information; RFC 9112, section 3.2 asks for 400 otherwise.
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:[0-9]{0,5})?")
_KNOWN_HOSTS = 256

_DETAILS = {
    400: "This is not HTTP as it should be",
    408: "The head of the request did not arrive in time",
    431: "The head of the request is too large",
}


class Edge:
    """ASGI middleware that gives each request an id and each answer its headers.

    ``observers`` are told of each request that is over. What the server refuses itself is answered here.
    """

    def __init__(
        self,
        app: ASGIApp,
        headers: Iterable[tuple[bytes, bytes]] = (),
        observers: Sequence[Observer] = (),
    ) -> None:
        self.app = app
        self._headers = tuple(headers)
        self._records = tuple(each.record for each in observers)
        self._refusal_records = tuple(each.record_refusal for each in observers)
        self._good_hosts: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await (self._refuse if scope["type"] == REFUSAL else self.app)(scope, receive, send)
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
            for record in self._records:
                record(scope, status, elapsed)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, status = scope["request"], scope["status"]
        known = None if request is None else request.get("request_id")
        scope["request_id"] = request_id = known or f"{getrandbits(64):016x}"
        marks = (*self._headers, (b"x-request-id", request_id.encode()))
        try:
            await json_answer(status, {"detail": _DETAILS[status]}, marks)(scope, receive, send)
        finally:
            for record in self._refusal_records:
                record(scope)

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
