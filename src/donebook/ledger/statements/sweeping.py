"""Statements of maintenance: what is kept no longer.

They look for owners with something to sweep, or sweep for a range of owners at once, and so are the few
that do not name one.
"""

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Text, and_, bindparam, delete, func, select, update

from donebook.ledger.events.model import event_tickets
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.model import idempotency_records, maintenance_marks, tombstones
from donebook.ledger.statements.parts import NOW, OWNER
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement, upserting
from donebook.storage.types import Instant

_BEFORE = bindparam("before", type_=Instant)
_LIMIT = bindparam("limit", type_=BigInteger)
_AFTER = bindparam("after", type_=Text)


def _move_on(insert: Any) -> Any:
    row = insert(maintenance_marks).values(name=bindparam("name", type_=Text), at=NOW)
    moved = row.on_conflict_do_update(
        index_elements=[maintenance_marks.c.name],
        set_={"at": NOW},
        where=maintenance_marks.c.at <= _BEFORE,
    )
    return moved.returning(maintenance_marks.c.name)


MOVE_MARK = upserting("move_mark", _move_on)
"""A row for the one who moves the mark to ``now``; none if it is after ``before``."""


@cache
def owners_with_trash(kind: Kind) -> Statement:
    """Owners of records that went to the trash before a moment."""
    table = kind.table
    owners = select(table.c.owner_id).where(table.c.deleted_at < _BEFORE).distinct().limit(_LIMIT)
    return Statement(f"owners_with_{kind.name}s_in_trash", owners, crosses_owners=True, varies=True)


OWNERS_WITH_TOMBSTONES = Statement(
    "owners_with_tombstones",
    select(tombstones.c.owner_id).where(tombstones.c.erased_at < _BEFORE).distinct().limit(_LIMIT),
    crosses_owners=True,
    varies=True,
)

_FORGOTTEN = and_(tombstones.c.owner_id == OWNER, tombstones.c.erased_at < _BEFORE)


_NEWEST_FORGOTTEN = select(func.max(tombstones.c.revision)).where(_FORGOTTEN).scalar_subquery()

RAISE_FLOOR = Statement(
    "raise_floor",
    update(spaces)
    .where(spaces.c.id == OWNER, spaces.c.floor < _NEWEST_FORGOTTEN)
    .values(floor=_NEWEST_FORGOTTEN),
)
"""Remembers the newest revision whose tombstone is about to go."""

FORGET_TOMBSTONES = Statement(
    "forget_tombstones", delete(tombstones).where(_FORGOTTEN).returning(tombstones.c.revision)
)

LOWER_HISTORY = Statement(
    "lower_history",
    update(spaces)
    .where(spaces.c.id == OWNER)
    .values(history_bytes=spaces.c.history_bytes - bindparam("freed", type_=BigInteger)),
)


@cache
def owners_with_old_history(kind: Kind) -> Statement:
    """Those of whose changes to a kind the oldest that is told of was before a moment."""
    versions = kind.versions
    oldest_told = (
        select(versions.c.at)
        .where(versions.c.owner_id == spaces.c.id, versions.c.revision > spaces.c.history_floor)
        .order_by(versions.c.revision)
        .limit(1)
        .correlate(spaces)
        .scalar_subquery()
    )
    owners = (
        select(spaces.c.id)
        .where(spaces.c.id > _AFTER, oldest_told < _BEFORE)
        .order_by(spaces.c.id)
        .limit(_LIMIT)
    )
    return Statement(f"owners_with_old_{kind.name}_history", owners, crosses_owners=True, varies=True)


DROP_OLD_TICKETS = Statement(
    "drop_old_tickets",
    delete(event_tickets).where(event_tickets.c.expires_at <= NOW).returning(event_tickets.c.digest),
    crosses_owners=True,
    varies=True,
)

OWNERS_WITH_OLD_RECORDS = Statement(
    "owners_with_old_records",
    select(idempotency_records.c.owner_id)
    .where(idempotency_records.c.created_at < _BEFORE)
    .distinct()
    .limit(_LIMIT),
    crosses_owners=True,
    varies=True,
)
