"""Reading requests: headers, the query, the JSON body, numbers and UUIDs in the path.

Everything here raises `Invalid` with problems in Pydantic's vocabulary, and never repeats the input.
"""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, get_origin
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.types import Receive, Scope

from donebook.errors import ChangeNotFound, Invalid, NotFound, TaskNotFound
from donebook.http.bounds.bodies import SMALL_BODY, HeldBody
from donebook.http.failures import BodyTooLarge, BodyTooSlow, MediaTypeUnsupported

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

LARGEST_ID = 2**63 - 1
_PARAMETER_LIMIT = 100
_strict_json = msgspec.json.Decoder().decode

MOST_VALUES = 10_000
"""Values and objects in a body; the largest request that makes sense, a batch, has a third of it."""

MOST_PROBLEMS = 50
"""How many broken rules are told."""

_COUNTED_PROBLEMS = 500
"""From more broken rules on only their number is told: making each readable takes five microseconds."""


class Disconnected(Exception):
    """The client left before its request was whole."""


def problem(kind: str, location: tuple[str | int, ...], message: str) -> dict[str, Any]:
    """One broken rule, as Pydantic would put it."""
    return {"type": kind, "loc": location, "msg": message}


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of that (lower-case) name."""
    for key, value in scope["headers"]:
        if key == name:
            return value.decode("latin-1")  # type: ignore[no-any-return]  # ASGI headers are bytes
    return None


def list_header(scope: Scope, name: bytes) -> str | None:
    """A header whose value is a list, which a client may spread over several lines."""
    lines = [value for key, value in scope["headers"] if key == name]
    return b", ".join(lines).decode("latin-1") if lines else None


def parse_number(text: str) -> int:
    """A task number in a path; raises `Invalid` if it is none, `TaskNotFound` if no task can have it."""
    return _parse_positive(text, "task_id", TaskNotFound)


def parse_revision(text: str) -> int:
    """A revision in a path; raises `Invalid` if it is none, `ChangeNotFound` if nothing can have it."""
    return _parse_positive(text, "revision", ChangeNotFound)


def _parse_positive(text: str, name: str, missing: type[NotFound]) -> int:
    digits = text[1:] if text[:1] == "-" else text
    if not (digits.isascii() and digits.isdigit()):
        raise Invalid([problem("int_parsing", ("path", name), "Input should be a valid integer")])
    if len(text) > 19 or not 1 <= (number := int(text)) <= LARGEST_ID:
        raise missing
    return number


def parse_uuid(text: str) -> UUID:
    """A task's UUID in a path, in the usual form of five groups; raises `Invalid`."""
    if len(text) == 36:
        try:
            return UUID(text)
        except ValueError:
            pass
    raise Invalid([problem("uuid_parsing", ("path", "task_id"), "Input should be a valid UUID")])


def parse_query(model: type[M], query: bytes) -> M:
    """The query string as a model; a known parameter given twice is refused, unless it is a list."""
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_PARAMETER_LIMIT
        )
    except ValueError as error:
        raise Invalid([problem("query_parsing", ("query",), "The query string cannot be read")]) from error
    values: dict[str, Any] = {}
    lists = _lists(model)
    for name, value in pairs:
        if name in lists:
            values.setdefault(name, []).append(value)
        elif name not in values:
            values[name] = value
        elif name in model.model_fields:
            raise Invalid([problem("repeated", ("query", name), "Give this parameter once")])
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _invalid("query", error) from None


@cache
def _lists(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(
        name for name, each in model.model_fields.items() if get_origin(each.annotation) in {list, tuple}
    )


async def read_json(
    scope: Scope, receive: Receive, *, limit: int, seconds: float, hold: Callable[[], HeldBody]
) -> tuple[bytes, HeldBody | None]:
    """The body, which says that it is JSON; and, where it is not small, what is to be released after all.

    Raises `MediaTypeUnsupported`, `BodyTooLarge`, `BodyTooSlow`, `TooManyRequests`, `Overloaded`,
    `Disconnected`.
    """
    _require_json(scope)
    return await _read_body(scope, receive, limit, seconds, hold)


def parse_json(body_type: TypeAdapter[T], body: bytes) -> T:
    """A JSON body as a value of the type; of duplicate keys the last one counts. Raises `Invalid`."""
    if len(body) > MOST_VALUES and _has_too_many_values(body):
        raise Invalid([problem("too_many_values", ("body",), f"At most {MOST_VALUES} values are allowed")])
    try:
        # Pydantic's parser is lenient where JSON is not: NaN, Infinity and numbers past any range.
        value = _strict_json(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Invalid([problem("json_invalid", ("body",), "Invalid JSON")]) from error
    try:
        parsed = body_type.validate_json(body)
    except ValidationError as error:
        raise _invalid("body", error) from None
    # Fields we do not know are ignored, but for what no text here may hold.
    if b"\\u0000" in body and _holds_nul(value):
        raise Invalid([problem("string_nul", ("body",), "NUL characters are not allowed")])
    return parsed


def _has_too_many_values(body: bytes) -> bool:
    """Whether reading the JSON would take long: a megabyte can hold half a million values.

    Found without reading it, by the brackets and commas that are not within strings.
    """
    if _separators(body) < MOST_VALUES:
        return False
    unescaped = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if unescaped.count(b'"') > 4 * MOST_VALUES:
        return True
    return _separators(b"".join(unescaped.split(b'"')[::2])) >= MOST_VALUES


def _separators(text: bytes) -> int:
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(each) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value


def _require_json(scope: Scope) -> None:
    content_type = header(scope, b"content-type")
    if content_type is not None:
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type != "application/json" and not (
            media_type.startswith("application/") and media_type.endswith("+json")
        ):
            raise MediaTypeUnsupported
    if (header(scope, b"content-encoding") or "identity").strip().lower() != "identity":
        raise MediaTypeUnsupported


async def _read_body(
    scope: Scope, receive: Receive, limit: int, seconds: float, hold: Callable[[], HeldBody]
) -> tuple[bytes, HeldBody | None]:
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared[:20]) > limit:
        raise BodyTooLarge
    try:
        # One limit for all of it: a client that sends a byte now and then gets no more time.
        async with asyncio.timeout(seconds):
            message = await _next(receive)
            body: bytes = message.get("body", b"")
            if not message.get("more_body", False) and len(body) <= min(limit, SMALL_BODY):
                return body, None
            held = hold()
            try:
                return await _read_pieces(message, receive, limit, held), held
            except BaseException:
                held.release()
                raise
    except TimeoutError:
        raise BodyTooSlow from None


async def _read_pieces(message: Any, receive: Receive, limit: int, held: HeldBody) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise BodyTooLarge
        held.grow(len(chunks[-1]))
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await _next(receive)


async def _next(receive: Receive) -> Any:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    return message


def _invalid(place: str, error: ValidationError) -> Invalid:
    if (count := error.error_count()) > _COUNTED_PROBLEMS:
        return Invalid([problem("too_many_problems", (place,), f"{count} rules are broken")])
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MOST_PROBLEMS]
    return Invalid([problem(each["type"], (place, *each["loc"]), each["msg"]) for each in found])
