"""The fields that several dialects take and show, with their rules and examples."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

_NO_NUL = r"^[^\x00]*$"
# U+0085 is white space to us and to Unicode, and not to the regular expressions of JSON Schema.
_SOME_TEXT = r"^[^\x00]*[^\s\x00\x85][^\x00]*$"

SafeText = Annotated[str, StringConstraints(pattern=_NO_NUL)]
SomeText = Annotated[str, StringConstraints(pattern=_SOME_TEXT)]
Title200 = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_SOME_TEXT),
    Field(description="What is to be done; white space around it is dropped.", examples=["Buy groceries"]),
]
Title500 = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=_SOME_TEXT),
    Field(description="What is to be done; white space around it is dropped.", examples=["Buy groceries"]),
]


_WRITTEN_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].*)?")


def _require_text(value: Any) -> Any:
    # Pydantic would take a number, and digits in a string too, for a Unix time; RFC 3339 knows none.
    if not isinstance(value, str) or _WRITTEN_DATE.fullmatch(value) is None:
        raise ValueError("Input should be a date and time in RFC 3339")
    return value


def _to_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    try:
        value = value.astimezone(UTC)
    except OverflowError:
        raise ValueError("Input should be in the years 1 to 9999 in UTC") from None
    if value.replace(tzinfo=None) in _INFINITIES:
        raise ValueError("Input should be neither the first nor the last moment of the years 1 to 9999")
    return value


# What PostgreSQL's driver stores as minus and plus infinity, and reads back without a zone.
_INFINITIES = (datetime.min, datetime.max)  # noqa: DTZ901 - compared with, not computed with

Moment = Annotated[
    datetime,
    BeforeValidator(_require_text),
    AfterValidator(_to_utc),
    Field(examples=["2026-12-01T08:30:00Z"]),
]
"""A point in time from a client: RFC 3339, taken as UTC where it has no offset."""

Flag = Annotated[bool, Field(strict=True)]
"""JSON's true or false; Pydantic alone would take ``"on"`` and 1 too."""

ShownNumber = Annotated[int, Meta(examples=[1])]
ShownUuid = Annotated[UUID, Meta(examples=["0190b3a5-3f6b-7c1d-9a53-1e6f0c2d4b7e"])]
ShownOwner = Annotated[
    str,
    Meta(description="Its owner: the token's subject", examples=["demo"]),
]
ShownTitle = Annotated[str, Meta(examples=["Buy groceries"])]
ShownDescription = Annotated[str | None, Meta(examples=["Milk, bread and apples"])]
ShownMoment = Annotated[datetime, Meta(examples=["2026-12-01T08:30:00Z"])]
ShownMomentOrNull = Annotated[datetime | None, Meta(examples=["2026-12-01T08:30:00Z"])]
"""Fields of answers."""
