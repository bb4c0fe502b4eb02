"""Requests with an ``Idempotency-Key``: answered once, and repeated as often as they come again."""

import hashlib
from collections.abc import Awaitable, Callable

import msgspec
from starlette.types import Scope

from donebook.errors import Invalid
from donebook.http.answer import Answer
from donebook.http.call import CallContext
from donebook.http.requests import header, problem
from donebook.ledger.writing.idempotency import Once, perform_once
from donebook.storage.database import Database

KEY_LIMIT = 255
REPLAYED = (b"idempotent-replayed", b"true")

_Kept = tuple[int, list[tuple[bytes, bytes]], bytes]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Kept).decode


def once_of(scope: Scope, body: bytes) -> Once | None:
    """What makes this request one of its own, if it carries a key; raises `Invalid` for a bad one."""
    key = header(scope, b"idempotency-key")
    if key is None:
        return None
    if not 0 < len(key) <= KEY_LIMIT or not key.isascii() or not key.isprintable():
        raise Invalid(
            [problem("idempotency_key", ("header", "Idempotency-Key"), "Give 1 to 255 printable characters")]
        )
    digest = hashlib.blake2b(digest_size=16)
    target = scope["path"].rstrip("/").encode()
    for part in (scope["method"].encode(), target, scope["query_string"], body):
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return Once(key, digest.hexdigest(), deletes=scope["method"] == "DELETE")


async def answer_once(
    call: CallContext, once: Once, answer: Callable[[Database], Awaitable[Answer]]
) -> Answer:
    """The answer to the request, or the one it was given before.

    It is complete before the transaction commits, so that whoever has it has the effect. Raises
    `KeyReused`, and what ``answer`` raises.
    """

    async def perform(database: Database) -> bytes:
        given = await answer(database)
        return _encode((given.status_code, given.raw_headers, given.body))

    kept, replayed = await perform_once(
        call.database, call.principal, once, call.services.now(), perform, quotas=call.services.quotas
    )
    status, headers, body = _decode(kept)
    return Answer(status, [*headers, REPLAYED] if replayed else headers, bytes(body))
