"""Cursors: where a page ended, sealed for one user and one query.

A cursor is a keyed digest and what it covers, in base64url. The key is the service's own, so every
worker and every machine takes the cursors of the others.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec

from donebook.errors import CursorInvalid
from donebook.http.call import CallContext
from donebook.tasks.selection import Place

_DIGEST = 16
_LONGEST = 16_384

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[Any, int]).decode


async def seal_cursor(call: CallContext, query: bytes, place: Place) -> str:
    """The cursor of a place in the answer to a query of the calling user."""
    payload = _encode((place.key, place.number))
    return urlsafe_b64encode(await _digest(call, query, payload) + payload).rstrip(b"=").decode()


async def open_cursor(call: CallContext, query: bytes, cursor: str) -> Place:
    """The place that a cursor was made of; raises `CursorInvalid`."""
    if len(cursor) > _LONGEST or not cursor.isascii():
        raise CursorInvalid
    try:
        sealed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raise CursorInvalid from None
    digest, payload = sealed[:_DIGEST], sealed[_DIGEST:]
    if not hmac.compare_digest(digest, await _digest(call, query, payload)):
        raise CursorInvalid
    return Place(*_decode(payload))


async def _digest(call: CallContext, query: bytes, payload: bytes) -> bytes:
    key = await call.services.keys.get("cursors")
    digest = hashlib.blake2b(key=key, digest_size=_DIGEST)
    for part in (call.principal.user_id.encode(), query, payload):
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()
