"""History: what each revision did, from the versions of the records it changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from donebook.errors import ResyncRequired, RevisionAhead, TaskNotFound, UserUnknown
from donebook.ledger.kinds.kind import Action, Kind
from donebook.ledger.kinds.state import State, differing, is_nothing, nothing_of, read_state
from donebook.ledger.operations import Key, column_of
from donebook.ledger.statements import reading, versions
from donebook.ledger.statements.pages import limits
from donebook.principal import Principal
from donebook.storage.database import Database
from donebook.storage.statement import Row

_LATEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class RecordChange:
    """What a revision did to one record: the fields that differ, before (``None``: not there) and after.

    Of a record that was deleted for good only its ids and the action are left.
    """

    number: int
    uuid: UUID | None
    action: Action
    fields: tuple[str, ...]
    before: State | None
    after: State


@dataclass(frozen=True, slots=True)
class Change:
    """What one request did: its revision, when, through which contract, to which records."""

    revision: int
    at: datetime
    contract: str
    records: tuple[RecordChange, ...]


@dataclass(frozen=True, slots=True)
class History:
    """Changes, the owner's revision they were read at, and whether there are more in that direction."""

    changes: list[Change]
    revision: int
    more: bool


async def list_changes(
    database: Database,
    principal: Principal,
    kind: Kind,
    *,
    record: Key | None = None,
    since: int | None = None,
    until: int | None = None,
    limit: int,
) -> History:
    """The changes after ``since``, the oldest first; without it, those before ``until``, the newest first.

    A page holds at most ``limit`` changes of records, or all of one revision's. Raises `RevisionAhead`,
    `ResyncRequired` where it would go on from a revision of a lost history, `TaskNotFound`, `UserUnknown`.
    """
    values: dict[str, Any] = {
        "owner": principal.user_id,
        "since": since or 0,
        "until": until or _LATEST,
        **limits(limit),
    }
    if record is not None:
        values["id"] = await _number_of(database, principal, kind, record)
    statement = versions.changes(kind, of_one=record is not None, newest_first=since is None)
    rows = await database.read(statement, values)
    if not rows:
        raise UserUnknown
    revision, end, lost = rows[0][-3:]
    if since is not None and since > revision:
        raise RevisionAhead(revision)
    if lost:
        raise ResyncRequired
    found = [row for row in rows if row[0] is not None]
    more = end > 0 if since is None else end < revision
    return History(_grouped(kind, found), revision, more)


async def _number_of(database: Database, principal: Principal, kind: Kind, record: Key) -> int:
    column = column_of(record)
    values = {"owner": principal.user_id, column: record}
    rows = await database.read(reading.number_of(kind, column), values)
    if not rows:
        raise TaskNotFound
    number: int = rows[0][0]
    return number


def _grouped(kind: Kind, rows: Sequence[Row]) -> list[Change]:
    changes: list[Change] = []
    for row in rows:
        revision, at, contract = row[:3]
        if changes and changes[-1].revision == revision:
            last = changes.pop()
            changes.append(Change(revision, at, contract, (*last.records, _record_change(kind, row))))
        else:
            changes.append(Change(revision, at, contract, (_record_change(kind, row),)))
    return changes


def _record_change(kind: Kind, row: Row) -> RecordChange:
    action, number, uuid, *columns = row[3:]
    size = len(kind.columns)
    after, before = read_state(kind, columns[:size]), read_state(kind, columns[size : 2 * size])
    assert after is not None
    fields = () if is_nothing(kind, after) else differing(kind, before or nothing_of(kind), after)
    return RecordChange(number, uuid, action, tuple(fields), before, after)
