"""Statements of maintenance: what is kept no longer.

They look for owners with something to sweep, or sweep for a range of owners at once, and so are the few
that do not name one.
"""

from typing import Any

from sqlalchemy import BigInteger, Text, and_, bindparam, delete, func, literal, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from donebook.ledger.events.model import event_tickets
from donebook.ledger.model import idempotency_records, maintenance_marks
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.storage.types import Instant
from donebook.tasks.model import task_versions, tasks, tombstones
from donebook.tasks.statements.parts import NOW, OWNER

_BEFORE = bindparam("before", type_=Instant)
_LIMIT = bindparam("limit", type_=BigInteger)
_AFTER = bindparam("after", type_=Text)
_UPTO = bindparam("upto", type_=Text)
_V = task_versions


def _move_on(insert: Any) -> Any:
    row = insert(maintenance_marks).values(name=bindparam("name", type_=Text), at=NOW)
    moved = row.on_conflict_do_update(
        index_elements=[maintenance_marks.c.name],
        set_={"at": NOW},
        where=maintenance_marks.c.at <= _BEFORE,
    )
    return moved.returning(maintenance_marks.c.name)


MOVE_MARK = {
    "postgresql": Statement("move_mark", _move_on(postgresql.insert), "postgresql"),
    "sqlite": Statement("move_mark", _move_on(sqlite.insert), "sqlite"),
}
"""A row for the one who moves the mark to ``now``; none if it is after ``before``."""

OWNERS_WITH_TRASH = Statement(
    "owners_with_trash",
    select(tasks.c.owner_id).where(tasks.c.deleted_at < _BEFORE).distinct().limit(_LIMIT),
    crosses_owners=True,
    varies=True,
)

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


def _prune_versions() -> Any:
    newer = task_versions.alias("newer")
    superseded = (
        select(_V.c.owner_id, _V.c.revision, _V.c.task_id)
        .select_from(newer)
        .join(
            _V,
            and_(
                _V.c.owner_id == newer.c.owner_id,
                _V.c.revision == newer.c.previous_revision,
                _V.c.task_id == newer.c.task_id,
            ),
        )
        .where(newer.c.owner_id > _AFTER, newer.c.owner_id <= _UPTO, newer.c.at < _BEFORE)
    )
    swept = delete(_V).where(tuple_(_V.c.owner_id, _V.c.revision, _V.c.task_id).in_(superseded))
    return swept.returning(_V.c.revision)


PRUNE_VERSIONS = Statement("prune_versions", _prune_versions(), crosses_owners=True, varies=True)
"""Deletes versions that were followed by another before a moment.

So of each task those stay that are not older, and the newest of the older ones: what the first change that
is still told of was made to.
"""

PRUNE_BLANKS = Statement(
    "prune_blanks",
    delete(_V)
    .where(_V.c.owner_id > _AFTER, _V.c.owner_id <= _UPTO, _V.c.at < _BEFORE, _V.c.title == literal("", Text))
    .returning(_V.c.revision),
    crosses_owners=True,
    varies=True,
)
"""Deletes what tasks that were deleted for good left behind before a moment."""

DROP_OLD_TICKETS = Statement(
    "drop_old_tickets",
    delete(event_tickets).where(event_tickets.c.expires_at <= NOW).returning(event_tickets.c.digest),
    crosses_owners=True,
    varies=True,
)

DROP_OLD_RECORDS = Statement(
    "drop_old_records",
    delete(idempotency_records)
    .where(idempotency_records.c.created_at < _BEFORE)
    .returning(idempotency_records.c.key),
    crosses_owners=True,
    varies=True,
)
