"""The outermost layer of ours: marks every answer, keeps broken requests out, and sees each one end."""

import re
import time
from collections.abc import Iterable, Sequence
from random import getrandbits
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from donebook.http.answer import Answer, json_answer
from donebook.http.requests import Disconnected
from donebook.http.tracing import enter_trace, read_traceparent

REFUSED = "donebook.refused"
"""Where the scope of what the server refuses before it is a request has the class of the refusal."""


class Refused:
    """What the edge refuses, whatever contract it may be for: its class is its name in the log."""

    status: int
    detail: str


class NotHttp(Refused):
    """It cannot be read."""

    status, detail = 400, "This is not HTTP as it should be"


class HeadTooSlow(Refused):
    """The head did not arrive in time."""

    status, detail = 408, "The head of the request did not arrive in time"


class HeadTooLarge(Refused):
    """The head has too many bytes or fields."""

    status, detail = 431, "The head of the request is too large"


class HostInvalid(Refused):
    """There is no ``Host``, or it is none."""

    status, detail = 400, "Bad Host header"


class FieldRepeated(Refused):
    """A field that has one value is given twice."""

    status, detail = 400, "Give {} once"


class UpgradeUnsupported(Refused):
    """Another protocol is asked for, of a server that would take the body for the next request."""

    status, detail = 400, "Send the request without Upgrade"


class Observer(Protocol):
    """Who watches what is asked and answered."""

    def record(self, scope: Scope, status: int, seconds: float) -> None:
        """Take note of a request that is over, with its status and its duration."""


CLIENT_LEFT = 499
"""What the log says of a request whose client left before there was an answer."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9-]{1,64}")
# RFC 3986, section 3.2.2, without user information; RFC 9112, section 3.2 asks for 400 otherwise.
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:[0-9]{0,5})?")
_KNOWN_HOSTS = 256
# Given twice, a proxy may go by one of them and we by the other.
_SINGLE_FIELDS = (
    b"host",
    b"authorization",
    b"content-type",
    b"content-length",
    b"content-encoding",
    b"idempotency-key",
    b"origin",
    b"access-control-request-method",
    b"last-event-id",
)


class Edge:
    """ASGI middleware that gives each request an id and each answer its headers.

    ``observers`` are told of each request that is over. What two programs could read differently, and what
    the server could not read at all, is refused here, and its connection closed.
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
        self._good_hosts: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = scope["headers"]
        fields: dict[bytes, bytes] = dict(headers)
        marks = self._enter(scope, fields)
        refusal = None
        if len(fields) != len(headers) or fields.get(b"host") not in self._good_hosts or b"upgrade" in fields:
            refusal = self._judge(scope, fields)
        status = 500

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *marks]
            await send(message)

        try:
            await (refusal or self.app)(scope, receive, send_marked)
        except Disconnected:
            status = CLIENT_LEFT
        finally:
            elapsed = time.perf_counter() - started
            for record in self._records:
                record(scope, status, elapsed)

    def _enter(self, scope: Scope, fields: dict[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
        """Note what names the request; return the answer's marks."""
        request_id = fields.get(b"x-request-id")
        if request_id is None or _REQUEST_ID.fullmatch(request_id) is None:
            # A name, not a secret: three times as fast as one from the operating system.
            request_id = b"%016x" % getrandbits(64)
        scope["request_id"] = request_id.decode()
        traceparent = fields.get(b"traceparent")
        if traceparent is not None:
            scope["trace_id"] = read_traceparent(traceparent)
        if "fastapi.telemetry" in scope:
            scope["trace_id"] = enter_trace(scope) or scope.get("trace_id")
        return (*self._headers, (b"x-request-id", request_id))

    def _judge(self, scope: Scope, fields: dict[bytes, bytes]) -> Answer | None:
        """The refusal of what must not be carried out; nothing of what `__call__` lets pass without it is."""
        if len(fields) != len(scope["headers"]) and (repeated := _repeated_field(scope)):
            return _refuse(scope, FieldRepeated, repeated.decode().title())
        if b"upgrade" in fields and _asks_for_upgrade(scope):
            return _refuse(scope, UpgradeUnsupported)
        host = fields.get(b"host")
        if host in self._good_hosts:
            return None
        if REFUSED in scope:
            return _refuse(scope, scope[REFUSED])
        is_good = scope["http_version"] == "1.0" if host is None else _HOST.fullmatch(host) is not None
        if not is_good:
            return _refuse(scope, HostInvalid)
        if host is not None and len(self._good_hosts) < _KNOWN_HOSTS:
            self._good_hosts.add(host)
        return None


def _refuse(scope: Scope, refused: type[Refused], *named: str) -> Answer:
    scope["failure"] = refused
    detail = {"detail": refused.detail.format(*named)}
    return json_answer(refused.status, detail, [(b"connection", b"close")])


def _repeated_field(scope: Scope) -> bytes | None:
    names = [name for name, _ in scope["headers"]]
    return next((name for name in _SINGLE_FIELDS if names.count(name) > 1), None)


def _asks_for_upgrade(scope: Scope) -> bool:
    """Whether a parser could think so: with fewer fine distinctions than any of them makes."""
    headers = scope["headers"]
    return any(name == b"upgrade" and value for name, value in headers) and any(
        name == b"connection" and b"upgrade" in value.lower() for name, value in headers
    )
