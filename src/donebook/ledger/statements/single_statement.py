"""Writes of one record as one statement, for PostgreSQL: modifying CTEs, one round trip."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    case,
    exists,
    insert,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql

from donebook.ledger.kinds.facts import select_facts
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.model import tombstones
from donebook.ledger.operations import Guard, KeyColumn
from donebook.ledger.statements.parts import (
    ACTION,
    FLOOR,
    GUARD,
    HISTORY_QUOTA,
    ONE,
    OWNER,
    TASKS_QUOTA,
    Row,
    bind,
    condition_suffix,
    edit_of,
    given_bytes,
    is_mine,
    key_is,
    new_values,
    reach,
    version_bytes,
    version_columns,
    version_of,
)
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.storage.types import rank_text

WRITTEN, KEPT, STALE = 1, 0, -1
"""How a write of one statement ended: it wrote; nothing was to change; or only a transaction can tell,
because somebody wrote meanwhile or a quota is used up."""


@cache
def edit_alone(
    kind: Kind,
    key: KeyColumn,
    aspects: frozenset[str],
    into: Row,
    guard: Guard | None,
    *,
    include_trashed: bool = False,
) -> Statement:
    """An edit as one statement; each row ends with the record's revision and how it ended."""
    table = kind.table
    merges = guard == "unchanged since"
    owner_row = _locked_owner(with_floor=merges)
    floor = owner_row.c.floor if merges else FLOOR
    snapshot = select(spaces.c.revision).where(spaces.c.id == OWNER).scalar_subquery()
    current = owner_row.c.revision == snapshot
    edited = edit_of(
        kind,
        key,
        aspects,
        owner_row.c.revision + 1,
        guard,
        include_trashed=include_trashed,
        floor=floor,
    )
    if aspects != {"delete"}:
        has_room = owner_row.c.history_bytes < HISTORY_QUOTA
        edited, current = edited.where(has_room), and_(current, has_room)
    written = edited.returning(*table.c).cte("written")
    kept = select(
        *select_facts(kind, into, table),
        table.c.revision,
        # The lock is on the newest row of the space, the rest is read as of the statement's start: if they
        # differ, another write came between and what is read here may be old.
        case((current, KEPT), else_=STALE),
    ).where(
        is_mine(kind),
        key_is(kind, key),
        reach(kind, include_trashed=include_trashed),
        ~exists(select(written.c.id)),
    )
    outcome = union_all(
        select(
            *select_facts(kind, into, written),
            written.c.revision.label("etag"),
            literal(WRITTEN).label("outcome"),
        ),
        kept.select_from(table, owner_row),
    ).add_cte(_raise_to(kind, written), _append_version(kind, written, aspects))
    touched = "+".join(sorted(aspects))
    suffix = condition_suffix(guard, include_trashed=include_trashed)
    name = f"edit_{kind.name}_alone[{key},{touched},{into.__name__}{suffix}]"
    return Statement(name, outcome, "postgresql", announces="owner", wrote=_has_written)


def _has_written(row: Sequence[Any]) -> bool:
    written: bool = row[-1] == WRITTEN
    return written


@cache
def create_alone(kind: Kind, into: Row, *, guarded: bool) -> Statement:
    """A creation as one statement; no row if it is refused."""
    added = given_bytes(kind)
    raised = (
        update(spaces)
        .values(
            revision=spaces.c.revision + 1,
            tasks=spaces.c.tasks + ONE,
            history_bytes=spaces.c.history_bytes + added,
        )
        .where(spaces.c.id == OWNER, *_has_room(spaces))
    )
    if guarded:
        raised = raised.where(spaces.c.revision == GUARD)
    owner_row = raised.returning(spaces.c.id, spaces.c.revision).cte("raised")
    written = _created(kind, owner_row, owner_row.c.revision).returning(*kind.table.c).cte("written")
    outcome = _outcome(kind, written, into).add_cte(_append_version(kind, written, frozenset()))
    return Statement(
        f"create_{kind.name}_alone[{into.__name__}{_mark(guarded)}]", outcome, "postgresql", announces="owner"
    )


@cache
def create_chosen_alone(kind: Kind, into: Row, *, guarded: bool) -> Statement:
    """A creation under a UUID that the client chose; no row either if it is refused or that is taken.

    Whether it is shows when the record is inserted, so the revision is raised after that.
    """
    owner_row = _locked_owner(guarded=guarded)
    erased = select(tombstones.c.uuid).where(
        tombstones.c.owner_id == OWNER, tombstones.c.uuid == bind(kind, "uuid")
    )
    created = _created(kind, owner_row, owner_row.c.revision + 1, ~exists(erased), *_has_room(owner_row))
    created = created.on_conflict_do_nothing(index_elements=[kind.table.c.owner_id, kind.table.c.uuid])
    written = created.returning(*kind.table.c).cte("written")
    outcome = _outcome(kind, written, into).add_cte(
        _raise_to(kind, written, born=True), _append_version(kind, written, frozenset())
    )
    name = f"create_chosen_{kind.name}_alone[{into.__name__}{_mark(guarded)}]"
    return Statement(name, outcome, "postgresql", announces="owner")


def _created(
    kind: Kind, owner_row: CTE, revision: ColumnElement[int], *conditions: ColumnElement[bool]
) -> postgresql.Insert:
    values: dict[str, ColumnElement[Any]] = new_values(kind) | {
        "id": kind.numbers.next_value(),
        "position": rank_text(revision),
        "revision": revision,
    }
    source = select(*values.values()).select_from(owner_row).where(*conditions)
    return postgresql.insert(kind.table).from_select(list(values), source, include_defaults=False)


def _outcome(kind: Kind, written: CTE, into: Row) -> Select[Any]:
    return select(*select_facts(kind, into, written), written.c.revision.label("etag"))


def _mark(guarded: bool) -> str:
    return ",guarded" if guarded else ""


def _locked_owner(*, guarded: bool = False, with_floor: bool = False) -> CTE:
    columns = [spaces.c.id, spaces.c.revision, spaces.c.tasks, spaces.c.history_bytes]
    if with_floor:
        columns.append(spaces.c.floor)
    locked = select(*columns).where(spaces.c.id == OWNER).with_for_update(key_share=True)
    if guarded:
        locked = locked.where(spaces.c.revision == GUARD)
    return locked.cte("owner_row")


def _has_room(space: FromClause) -> tuple[ColumnElement[bool], ...]:
    """Whether a record may be added."""
    return space.c.tasks < TASKS_QUOTA, space.c.history_bytes < HISTORY_QUOTA


def _raise_to(kind: Kind, written: CTE, *, born: bool = False) -> CTE:
    """Raise the space's revision to that of the written record, and count what is added."""
    added = {"history_bytes": spaces.c.history_bytes + version_bytes(kind, written)}
    if born:
        added["tasks"] = spaces.c.tasks + ONE
    raised = update(spaces).values(revision=written.c.revision, **added).where(spaces.c.id == OWNER)
    return raised.returning(spaces.c.id).cte("raised")


def _append_version(kind: Kind, written: CTE, aspects: frozenset[str]) -> CTE:
    action: ColumnElement[str] = ACTION
    for turn in (kind.turns[each] for each in aspects if each in kind.turns):
        if turn.toggles is not None:
            flag = kind.flags[turn.toggles]
            off, on = (literal(kind.turns[each].action, Text) for each in (flag.off, flag.on))
            action = case((written.c[flag.field].is_(None), off), else_=on)
    return (
        insert(kind.versions)
        .from_select(version_columns(kind), version_of(kind, written, action), include_defaults=False)
        .returning(kind.version_of)
        .cte("appended")
    )
