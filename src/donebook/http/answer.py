"""Answers: a Starlette response with nothing left to work out."""

from collections.abc import Iterable
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from donebook.http.bounds.answers import KeptAnswer

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


class KeptJson(Answer):
    """An answer that waits for its client outside of the connection, and is sent a piece at a time."""

    def __init__(
        self,
        status: int,
        headers: Iterable[tuple[bytes, bytes]],
        before: bytes,
        kept: KeptAnswer,
        after: bytes,
    ) -> None:
        length = (b"content-length", b"%d" % (len(before) + kept.size + len(after)))
        super().__init__(status, [(b"content-type", JSON), length, _PRIVATE, _BY_TOKEN, *headers])
        self._before = before
        self._kept = kept
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
                return
            if self._before:
                await send({"type": "http.response.body", "body": self._before, "more_body": True})
            async for piece in self._kept.pieces():
                # Each waits until the client has taken most of the one before.
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": self._after})
        finally:
            self._kept.close()


def json_answer(
    status: int, value: Any, headers: Iterable[tuple[bytes, bytes]] = (), media_type: bytes = JSON
) -> Answer:
    """An answer to one user, in JSON."""
    return encoded_answer(status, encode_json(value), headers, media_type)


def encoded_answer(
    status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = (), media_type: bytes = JSON
) -> Answer:
    """An answer to one user, of JSON."""
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
