"""What the statements share: parameters, keys, conditions, and the parts that writes are made of."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Text,
    Update,
    Uuid,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)

from donebook.ledger.kinds.kind import ColumnChange, Kind
from donebook.ledger.operations import Guard, KeyColumn
from donebook.spaces.quotas import ENTRY_BYTES
from donebook.storage.types import Instant, Labels, byte_length, labels_length, later

Row = type[msgspec.Struct]

OWNER = bindparam("owner", type_=Text)
NOW = bindparam("now", type_=Instant)
ACTION = bindparam("action", type_=Text)
VIA = bindparam("via", type_=Text)
REVISION = bindparam("revision", type_=BigInteger)
GUARD = bindparam("guard", type_=BigInteger)
FLOOR = bindparam("floor", type_=BigInteger)
TASKS_QUOTA = bindparam("tasks_quota", type_=BigInteger)
HISTORY_QUOTA = bindparam("history_quota", type_=BigInteger)

ONE: ColumnElement[int] = literal_column("1", BigInteger)
ENTRY: ColumnElement[int] = literal_column(str(ENTRY_BYTES), BigInteger)
NO_BYTES: ColumnElement[int] = literal_column("0", BigInteger)


def of_kinds(kinds: tuple[Kind, ...]) -> str:
    """What a statement's name says of the kinds that it is made for."""
    return f"[{'+'.join(kind.name for kind in kinds)}]"


@cache
def is_mine(kind: Kind) -> ColumnElement[bool]:
    """Whether a record of the kind is the owner's."""
    return kind.table.c.owner_id == OWNER


def is_live(kind: Kind) -> ColumnElement[bool]:
    """Whether a record is not in the trash."""
    return kind.table.c.deleted_at.is_(None)


def is_trashed(kind: Kind) -> ColumnElement[bool]:
    """Whether a record is in the trash."""
    return kind.table.c.deleted_at.is_not(None)


def version_columns(kind: Kind) -> list[str]:
    """The columns that `version_of` selects."""
    record = kind.version_of.name
    return ["owner_id", "revision", record, "previous_revision", "action", "contract", "at", *kind.columns]


def bind(kind: Kind, name: str) -> ColumnElement[Any]:
    """A parameter with the name and the type of a column of the kind's."""
    return bindparam(name, type_=kind.table.c[name].type)


def key_is(kind: Kind, column: KeyColumn) -> ColumnElement[bool]:
    """Whether a row is the record that the parameter of that name names."""
    if column == "id":
        return kind.table.c.id == bindparam("id", type_=BigInteger)
    return kind.table.c.uuid == bindparam("uuid", type_=Uuid)


def reach(kind: Kind, *, include_trashed: bool) -> ColumnElement[bool]:
    """Which of the owner's records an edit can find: live ones, or those in the trash as well."""
    return true() if include_trashed else is_live(kind)


def condition_suffix(guard: Guard | None, *, include_trashed: bool) -> str:
    """What an edit's name says of its conditions."""
    return "".join(f",{mark}" for mark in (guard, "trashed" if include_trashed else None) if mark)


def new_values(kind: Kind) -> dict[str, ColumnElement[Any]]:
    """What a creation writes, but for what depends on the revision."""
    given = ("uuid", *kind.created_with)
    values = {name: bind(kind, name) for name in given}
    return {"owner_id": OWNER, **values, "created_at": NOW, "updated_at": NOW}


def given_bytes(kind: Kind) -> ColumnElement[int]:
    """What the version of a creation adds to the bytes of history."""
    return _bytes(kind, {name: bind(kind, name) for name in kind.measured})


def version_bytes(kind: Kind, written: FromClause) -> ColumnElement[int]:
    """The bytes of a version, or of that which is appended for a record."""
    return _bytes(kind, {name: written.c[name] for name in kind.measured})


def _bytes(kind: Kind, columns: dict[str, ColumnElement[Any]]) -> ColumnElement[int]:
    size = ENTRY
    for name, column in columns.items():
        declared = kind.table.c[name]
        measure = labels_length if isinstance(declared.type, Labels) else byte_length
        length: ColumnElement[int] = measure(column)
        size = size + (func.coalesce(length, NO_BYTES) if declared.nullable else length)
    return size


def version_of(kind: Kind, written: FromClause, action: ColumnElement[str]) -> Select[Any]:
    """The version to append for a record just written: the values of `version_columns`."""
    return select(
        written.c.owner_id,
        written.c.revision,
        written.c.id,
        written.c.previous_revision,
        action,
        VIA,
        written.c.updated_at,
        *(written.c[name] for name in kind.columns),
    )


def edit_of(
    kind: Kind,
    key: KeyColumn,
    aspects: frozenset[str],
    revision: ColumnElement[int],
    guard: Guard | None,
    *,
    include_trashed: bool,
    floor: ColumnElement[int] = FLOOR,
) -> Update:
    """The update that gives a record new values, if it is there, the guard holds and something differs."""
    table = kind.table
    values: dict[str, Any] = {}
    differs: list[ColumnElement[bool]] = []
    for aspect in sorted(aspects):
        for name, value, difference in _changes(kind, aspect, revision):
            values[name] = value
            if difference is not None:
                differs.append(difference)
    values |= {
        "updated_at": later(NOW, table.c.updated_at),
        # A second edit of a record within one revision still follows the version before that revision.
        "previous_revision": case(
            (table.c.revision == revision, table.c.previous_revision), else_=table.c.revision
        ),
        "revision": revision,
    }
    found = (is_mine(kind), key_is(kind, key), reach(kind, include_trashed=include_trashed))
    written = update(table).values(values).where(*found, or_(*differs))
    if guard == "at":
        # A sum goes by no index: PostgreSQL, which does not know the values as it plans, takes the one of
        # revisions for as good as a key, and a batch writes many records in one revision.
        written = written.where(table.c.revision + 0 == GUARD)
    elif guard == "unchanged since":
        # A revision from the future tells nothing of what happened since. One below the floor may be of a
        # history that was lost: only the version that carries it is what was seen.
        since = or_(floor <= GUARD, table.c.revision + 0 == GUARD)
        written = written.where(table.c.revision <= GUARD, revision > GUARD, since)
    return written


def _changes(kind: Kind, aspect: str, revision: ColumnElement[int]) -> Iterable[ColumnChange]:
    """For each column the aspect sets: its name, its new value, and when that is a difference."""
    turn = kind.turns.get(aspect)
    if turn is not None:
        return turn.changes(revision)
    field = kind.field[aspect]
    changes: list[ColumnChange] = [
        (name, bind(kind, name), kind.table.c[name].is_distinct_from(bind(kind, name)))
        for name in field.columns
    ]
    if field.twin is not None:
        changes.append((field.twin, bind(kind, field.twin), None))
    return changes
