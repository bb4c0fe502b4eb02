"""Writes of one task as one statement, for PostgreSQL: modifying CTEs, one round trip."""

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

from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.storage.types import rank_text
from donebook.tasks.facts import select_facts
from donebook.tasks.model import TASK_NUMBERS, task_versions, tasks, tombstones
from donebook.tasks.statements.parts import (
    ACTION,
    FLOOR,
    GUARD,
    HISTORY_QUOTA,
    MINE,
    ONE,
    OWNER,
    TASKS_QUOTA,
    VERSION_COLUMNS,
    KeyKind,
    Row,
    bind,
    bytes_of_version,
    edit_of,
    key_is,
    marks_of,
    new_values,
    reach,
    version_bytes,
    version_of,
)
from donebook.tasks.values import Aspect, Guard

WRITTEN, KEPT, STALE = 1, 0, -1
"""How a write of one statement ended: it wrote; nothing was to change; or only a transaction can tell,
because somebody wrote meanwhile or a quota is used up."""


@cache
def edit_task_alone(
    kind: KeyKind, aspects: frozenset[Aspect], into: Row, guard: Guard | None, *, trashed: bool = False
) -> Statement:
    """An edit as one statement; each row ends with the task's revision and how it ended."""
    merges = guard == "unchanged since"
    owner_row = _locked_owner(with_floor=merges)
    floor = owner_row.c.floor if merges else FLOOR
    snapshot = select(spaces.c.revision).where(spaces.c.id == OWNER).scalar_subquery()
    current = owner_row.c.revision == snapshot
    edited = edit_of(kind, aspects, owner_row.c.revision + 1, guard, trashed=trashed, floor=floor)
    if aspects != {Aspect.DELETE}:
        has_room = owner_row.c.history_bytes < HISTORY_QUOTA
        edited, current = edited.where(has_room), and_(current, has_room)
    written = edited.returning(*tasks.c).cte("written")
    kept = select(
        *select_facts(into, tasks),
        tasks.c.revision,
        # The lock is on the newest row of the space, the rest is read as of the statement's start: if they
        # differ, another write came between and what is read here may be old.
        case((current, KEPT), else_=STALE),
    ).where(MINE, key_is(kind), reach(trashed=trashed), ~exists(select(written.c.id)))
    outcome = union_all(
        select(
            *select_facts(into, written),
            written.c.revision.label("etag"),
            literal(WRITTEN).label("outcome"),
        ),
        kept.select_from(tasks, owner_row),
    ).add_cte(_raise_to(written), _append_version(written, aspects))
    touched = "+".join(sorted(aspects))
    name = f"edit_task_alone[{kind},{touched},{into.__name__}{marks_of(guard, trashed=trashed)}]"
    return Statement(name, outcome, "postgresql", announces="owner", wrote=_has_written)


def _has_written(row: Sequence[Any]) -> bool:
    written: bool = row[-1] == WRITTEN
    return written


@cache
def create_task_alone(into: Row, *, guarded: bool) -> Statement:
    """A creation as one statement; no row if it is refused."""
    added = bytes_of_version(bind("title"), bind("description"), bind("tags"))
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
    written = _created(owner_row, owner_row.c.revision).returning(*tasks.c).cte("written")
    outcome = _outcome(written, into).add_cte(_append_version(written, frozenset()))
    return Statement(
        f"create_task_alone[{into.__name__}{_mark(guarded)}]", outcome, "postgresql", announces="owner"
    )


@cache
def create_chosen_task_alone(into: Row, *, guarded: bool) -> Statement:
    """A creation under a UUID that the client chose; no row either if it is refused or that is taken.

    Whether it is shows when the task is inserted, so the revision is raised after that.
    """
    owner_row = _locked_owner(guarded=guarded)
    erased = select(tombstones.c.uuid).where(
        tombstones.c.owner_id == OWNER, tombstones.c.uuid == bind("uuid")
    )
    created = _created(owner_row, owner_row.c.revision + 1, ~exists(erased), *_has_room(owner_row))
    created = created.on_conflict_do_nothing(index_elements=[tasks.c.owner_id, tasks.c.uuid])
    written = created.returning(*tasks.c).cte("written")
    outcome = _outcome(written, into).add_cte(
        _raise_to(written, born=True), _append_version(written, frozenset())
    )
    name = f"create_chosen_task_alone[{into.__name__}{_mark(guarded)}]"
    return Statement(name, outcome, "postgresql", announces="owner")


def _created(
    owner_row: CTE, revision: ColumnElement[int], *conditions: ColumnElement[bool]
) -> postgresql.Insert:
    values: dict[str, ColumnElement[Any]] = new_values() | {
        "id": TASK_NUMBERS.next_value(),
        "position": rank_text(revision),
        "revision": revision,
    }
    source = select(*values.values()).select_from(owner_row).where(*conditions)
    return postgresql.insert(tasks).from_select(list(values), source, include_defaults=False)


def _outcome(written: CTE, into: Row) -> Select[Any]:
    return select(*select_facts(into, written), written.c.revision.label("etag"))


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
    """Whether a task may be added."""
    return space.c.tasks < TASKS_QUOTA, space.c.history_bytes < HISTORY_QUOTA


def _raise_to(written: CTE, *, born: bool = False) -> CTE:
    """Raise the space's revision to that of the written task, and count what is added."""
    added = {"history_bytes": spaces.c.history_bytes + version_bytes(written)}
    if born:
        added["tasks"] = spaces.c.tasks + ONE
    raised = update(spaces).values(revision=written.c.revision, **added).where(spaces.c.id == OWNER)
    return raised.returning(spaces.c.id).cte("raised")


def _append_version(written: CTE, aspects: frozenset[Aspect]) -> CTE:
    action: ColumnElement[str] = ACTION
    if Aspect.TOGGLE in aspects:
        action = case(
            (written.c.completed_at.is_(None), literal("reopened", Text)), else_=literal("completed", Text)
        )
    return (
        insert(task_versions)
        .from_select(VERSION_COLUMNS, version_of(written, action), include_defaults=False)
        .returning(task_versions.c.task_id)
        .cte("appended")
    )
