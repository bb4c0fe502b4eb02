"""Answers: a Starlette response with nothing left to work out."""

from collections.abc import Iterable
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

encode_json = msgspec.json.Encoder().encode

JSON = b"application/json"
# What a user may see, another must not: no shared cache keeps it, and a private one asks again.
_PRIVATE = (b"cache-control", b"private, no-cache")
_SECRET = (b"cache-control", b"no-store")
_BY_TOKEN = (b"vary", b"Authorization")


class Answer(Response):
    """Status, headers and body as they go out."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
        self.status_code = status
        self.raw_headers = headers
        self.body = body
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body})


def json_answer(
    status: int, value: Any, headers: Iterable[tuple[bytes, bytes]] = (), media_type: bytes = JSON
) -> Answer:
    """An answer to one user, in JSON."""
    body = encode_json(value)
    kind = (b"content-type", media_type)
    length = (b"content-length", b"%d" % len(body))
    return Answer(status, [kind, length, _PRIVATE, _BY_TOKEN, *headers], body)


def secret_answer(status: int, value: Any) -> Answer:
    """An answer in JSON with which anybody could act for the user; no cache keeps it (RFC 6749, 5.1)."""
    body = encode_json(value)
    kind, length = (b"content-type", JSON), (b"content-length", b"%d" % len(body))
    return Answer(status, [kind, length, _SECRET, _BY_TOKEN], body)


def empty_answer(status: int, headers: Iterable[tuple[bytes, bytes]] = ()) -> Answer:
    """An answer to one user, without a body (204, 304)."""
    return Answer(status, [_PRIVATE, _BY_TOKEN, *headers])
