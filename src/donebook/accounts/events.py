"""What happened to identities, for whoever has to look into it later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from donebook.accounts.model import EventKind
from donebook.accounts.statements import events as statements
from donebook.storage.database import Database, Transaction

__all__ = ["EventKind", "Origin", "RecordedEvent", "list_events", "record_event", "record_event_within"]

_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as far as it is recorded. ``user_agent`` is as the client sent it.

    ``network`` is whom the address stands for where attempts are counted.
    """

    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    network: str | None = None


OPERATOR = Origin()
"""The command line."""


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as it was recorded; what came from outside is printable characters alone."""

    at: datetime
    user_id: str | None
    kind: str
    reason: str | None
    address: str | None
    user_agent: str | None
    request_id: str | None


async def record_event(
    database: Database,
    kind: EventKind,
    origin: Origin,
    now: datetime,
    *,
    user_id: str | None = None,
    reason: str | None = None,
) -> None:
    """Record an event on its own; committed when this returns. Raises `DatabaseUnavailable`."""
    await database.write(statements.RECORD_EVENT, _values(kind, origin, now, user_id, reason))


async def record_event_within(
    transaction: Transaction,
    kind: EventKind,
    origin: Origin,
    now: datetime,
    *,
    user_id: str | None = None,
    reason: str | None = None,
) -> None:
    """Record an event together with what it is about."""
    await transaction.fetch(statements.RECORD_EVENT, _values(kind, origin, now, user_id, reason))


async def list_events(
    database: Database,
    *,
    since: datetime,
    user_id: str | None = None,
    failures_only: bool = False,
    limit: int = 100,
) -> Sequence[RecordedEvent]:
    """The newest events since a moment, newest first."""
    values = {"since": since, "user_id": user_id, "failures": int(failures_only), "limit": limit}
    return [RecordedEvent(*row) for row in await database.read(statements.LIST_EVENTS, values)]


def printable(text: str) -> str:
    """The text with whatever could move a cursor, end a line or turn the writing direction taken out."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def _values(
    kind: EventKind, origin: Origin, now: datetime, user_id: str | None, reason: str | None
) -> dict[str, Any]:
    return {
        "now": now,
        "kind": kind,
        "reason": _kept(reason),
        "user_id": user_id,
        "address": origin.address,
        "user_agent": _kept(origin.user_agent),
        "request_id": origin.request_id,
    }


def _kept(text: str | None) -> str | None:
    return None if text is None else printable(text[:_LONGEST])
