"""The task core's SQL: each statement once, as an expression, for both databases.

A write of one task exists in two compositions of the same parts. Alone, on PostgreSQL, it is one
statement of modifying CTEs, one round trip::

    lock the owner's row → write the task → raise the owner's revision → append the version

Within a transaction (SQLite always; batches and replays on both) the same steps are statements of
their own. Every part names the owner.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

import msgspec
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    Update,
    Uuid,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)

from taskledger.accounts.model import users
from taskledger.storage.statement import Statement
from taskledger.storage.types import Instant, contains_text, later, next_number, rank_text
from taskledger.tasks.facts import select_facts
from taskledger.tasks.model import TASK_NUMBERS, number_allotments, task_versions, tasks
from taskledger.tasks.values import Aspect, Selection, Sort

Row = type[msgspec.Struct]
KeyKind = Literal["id", "uuid"]

OWNER = bindparam("owner", type_=Text)
NOW = bindparam("now", type_=Instant)
ACTION = bindparam("action", type_=Text)
VIA = bindparam("via", type_=Text)
REVISION = bindparam("revision", type_=BigInteger)
IF_MATCH = bindparam("if_match", type_=BigInteger)

WRITTEN, KEPT, STALE = 1, 0, -1
"""How a write of one statement ended: it wrote; nothing was to change; somebody wrote meanwhile."""

_MINE = tasks.c.owner_id == OWNER
_LIVE = tasks.c.deleted_at.is_(None)

_VERSION_FACTS = (
    "title",
    "description",
    "completed_at",
    "priority",
    "due_at",
    "due_all_day",
    "due_time_zone",
    "tags",
    "position",
    "deleted_at",
)


def _bind(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=tasks.c[name].type)


def _key(kind: KeyKind) -> ColumnElement[bool]:
    if kind == "id":
        return tasks.c.id == bindparam("id", type_=BigInteger)
    return tasks.c.uuid == bindparam("uuid", type_=Uuid)


def _new_values() -> dict[str, ColumnElement[Any]]:
    given = (
        "uuid",
        "title",
        "title_folded",
        "description",
        "description_folded",
        "completed_at",
        "priority",
        "due_at",
        "due_all_day",
        "due_time_zone",
        "tags",
    )
    return {"owner_id": OWNER, **{name: _bind(name) for name in given}, "created_at": NOW, "updated_at": NOW}


OWNER_REVISION = Statement("owner_revision", select(users.c.revision).where(users.c.id == OWNER))

LOCK_OWNER = Statement(
    "lock_owner", select(users.c.revision).where(users.c.id == OWNER).with_for_update(key_share=True)
)

RAISE_REVISION = Statement(
    "raise_revision", update(users).where(users.c.id == OWNER).values(revision=REVISION), announces="owner"
)

ALLOT_NUMBER = {
    "postgresql": Statement("allot_number", select(next_number(literal(TASK_NUMBERS, Text))), "postgresql"),
    "sqlite": Statement(
        "allot_number",
        update(number_allotments)
        .where(number_allotments.c.name == literal(TASK_NUMBERS, Text))
        .values(last=number_allotments.c.last + 1)
        .returning(number_allotments.c.last),
        "sqlite",
    ),
}


@cache
def get_task(kind: KeyKind, into: Row) -> Statement:
    """One live task of the owner, with its revision last."""
    found = select(*select_facts(into, tasks), tasks.c.revision.label("etag")).where(_MINE, _key(kind), _LIVE)
    return Statement(f"get_task[{kind},{into.__name__}]", found)


@cache
def list_tasks(selection: Selection, into: Row) -> Statement:
    """The selected tasks; each row ends with the total (where paged) and the owner's revision.

    Of ``selection`` only the shape counts: which filters are present, the order, and whether it is
    paged. Callers pass it through `shape_of`.
    """
    where = _filters(selection)
    owner_revision = select(users.c.revision).where(users.c.id == OWNER).scalar_subquery()
    listed = select(*select_facts(into, tasks))
    if selection.limit is not None:
        listed = listed.add_columns(select(func.count()).where(where).scalar_subquery().label("total"))
        listed = listed.limit(bindparam("limit", type_=BigInteger)).offset(
            bindparam("offset", type_=BigInteger)
        )
    listed = listed.add_columns(owner_revision.label("etag")).where(where)
    listed = listed.order_by(*_order(selection.sort, descending=selection.descending))
    return Statement(f"list_tasks[{_shape_name(selection)},{into.__name__}]", listed)


@cache
def count_tasks(selection: Selection) -> Statement:
    """The owner's revision and, of the same moment, how many tasks the selection holds."""
    total = select(func.count()).where(_filters(selection)).scalar_subquery()
    counted = select(users.c.revision, total.label("total")).where(users.c.id == OWNER)
    return Statement(f"count_tasks[{_shape_name(selection)}]", counted)


def shape_of(selection: Selection) -> Selection:
    """The selection with its values taken out, so that equal shapes share a statement."""
    return Selection(
        completed=selection.completed,
        priority=None if selection.priority is None else "low",
        search=None if selection.search is None else "",
        sort=selection.sort,
        descending=selection.descending,
        limit=None if selection.limit is None else 1,
    )


def _shape_name(selection: Selection) -> str:
    parts = [selection.sort, "desc" if selection.descending else "asc"]
    if selection.completed is not None:
        parts.append("completed" if selection.completed else "open")
    parts += [name for name in ("priority", "search", "limit") if getattr(selection, name) is not None]
    return "-".join(parts)


def _filters(selection: Selection) -> ColumnElement[bool]:
    filters = [_MINE, _LIVE]
    if selection.completed is not None:
        done = tasks.c.completed_at
        filters.append(done.is_not(None) if selection.completed else done.is_(None))
    if selection.priority is not None:
        filters.append(tasks.c.priority == _bind("priority"))
    if selection.search is not None:
        wanted = bindparam("search", type_=Text)
        filters.append(
            or_(
                contains_text(tasks.c.title_folded, wanted),
                contains_text(func.coalesce(tasks.c.description_folded, literal("", Text)), wanted),
            )
        )
    return and_(*filters)


def _order(sort: Sort, *, descending: bool) -> list[ColumnElement[Any]]:
    leading: dict[Sort, ColumnElement[Any] | None] = {
        "created": None,
        "updated": tasks.c.updated_at,
        "title": tasks.c.title_folded,
        "due_date": tasks.c.due_at,
        "priority": case(
            (tasks.c.priority == "low", 1), (tasks.c.priority == "medium", 2), (tasks.c.priority == "high", 3)
        ),
    }
    first = leading[sort]
    columns = [tasks.c.id] if first is None else [first, tasks.c.id]
    ordered = [column.desc() if descending else column.asc() for column in columns]
    if sort in {"due_date", "priority"}:
        ordered[0] = ordered[0].nulls_last()
    return [*ordered]


@cache
def edit_task_alone(kind: KeyKind, aspects: frozenset[Aspect], into: Row, *, guarded: bool) -> Statement:
    """An edit as one statement; each row ends with the task's revision and how it ended."""
    owner_row = _locked_owner()
    written = (
        _edit(kind, aspects, owner_row.c.revision + 1, guarded=guarded).returning(*tasks.c).cte("written")
    )
    raised, appended = _record(written, aspects)
    snapshot = select(users.c.revision).where(users.c.id == OWNER).scalar_subquery()
    kept = select(
        *select_facts(into, tasks),
        tasks.c.revision,
        # The lock is on the newest owner row, the rest is read as of the statement's start: if they
        # differ, another write came between and what is read here may be old.
        case((owner_row.c.revision == snapshot, KEPT), else_=STALE),
    ).where(_MINE, _key(kind), _found(aspects), ~exists(select(written.c.id)))
    outcome = union_all(
        select(
            *select_facts(into, written), written.c.revision.label("etag"), literal(WRITTEN).label("outcome")
        ),
        kept.select_from(tasks, owner_row),
    ).add_cte(raised, appended)
    name = _edit_name("alone", kind, aspects, into, guarded=guarded)
    return Statement(name, outcome, "postgresql", announces="owner")


@cache
def edit_task_step(kind: KeyKind, aspects: frozenset[Aspect], *, guarded: bool) -> Statement:
    """An edit within a transaction that holds the owner's row: the task's number, if it changed."""
    written = _edit(kind, aspects, REVISION, guarded=guarded).returning(tasks.c.id)
    return Statement(_edit_name("step", kind, aspects, None, guarded=guarded), written)


@cache
def current_task(kind: KeyKind, into: Row, *, trashed: bool) -> Statement:
    """The task as it stands, ``trashed`` ones too if asked; rows end with completeness and revision.

    Steps read their result with this instead of RETURNING: there SQLite 3.40 takes ``completed_at IS
    NOT NULL`` for true whatever the value.
    """
    done = tasks.c.completed_at.is_not(None).label("done")
    found = select(*select_facts(into, tasks), done, tasks.c.revision.label("etag")).where(_MINE, _key(kind))
    if not trashed:
        found = found.where(_LIVE)
    return Statement(f"current_task[{kind},{'any' if trashed else 'live'},{into.__name__}]", found)


@cache
def create_task_alone(into: Row, *, guarded: bool) -> Statement:
    """A creation as one statement; no row if the owner is unknown or not at the expected revision."""
    owner_row = _locked_owner(guarded=guarded)
    values: dict[str, ColumnElement[Any]] = _new_values() | {
        "id": next_number(literal(TASK_NUMBERS, Text)),
        "position": rank_text(owner_row.c.revision + 1),
        "revision": owner_row.c.revision + 1,
    }
    written = (
        insert(tasks)
        .from_select(list(values), select(*values.values()).select_from(owner_row), include_defaults=False)
        .returning(*tasks.c)
        .cte("written")
    )
    raised, appended = _record(written, frozenset())
    outcome = select(*select_facts(into, written), written.c.revision.label("etag")).add_cte(raised, appended)
    name = f"create_task_alone[{into.__name__}{',guarded' if guarded else ''}]"
    return Statement(name, outcome, "postgresql", announces="owner")


CREATE_TASK_STEP = Statement(
    "create_task_step",
    insert(tasks).values(
        _new_values() | {"id": _bind("id"), "position": _bind("position"), "revision": REVISION}
    ),
)
"""A creation within a transaction that holds the owner's row."""


APPEND_VERSION = Statement(
    "append_version",
    insert(task_versions).from_select(
        ["owner_id", "revision", "task_id", "previous_revision", "action", "contract", "at", *_VERSION_FACTS],
        select(
            tasks.c.owner_id,
            tasks.c.revision,
            tasks.c.id,
            tasks.c.previous_revision,
            ACTION,
            VIA,
            tasks.c.updated_at,
            *(tasks.c[name] for name in _VERSION_FACTS),
        ).where(_MINE, tasks.c.id == bindparam("id", type_=BigInteger)),
        include_defaults=False,
    ),
)


def _locked_owner(*, guarded: bool = False) -> CTE:
    locked = select(users.c.id, users.c.revision).where(users.c.id == OWNER).with_for_update(key_share=True)
    if guarded:
        locked = locked.where(users.c.revision == IF_MATCH)
    return locked.cte("owner_row")


def _found(aspects: frozenset[Aspect]) -> ColumnElement[bool]:
    return true() if Aspect.RESTORE in aspects else _LIVE


def _edit(
    kind: KeyKind, aspects: frozenset[Aspect], revision: ColumnElement[int], *, guarded: bool
) -> Update:
    values: dict[str, Any] = {}
    differs: list[ColumnElement[bool]] = []
    for aspect in sorted(aspects):
        for name, value, difference in _changes(aspect):
            values[name] = value
            if difference is not None:
                differs.append(difference)
    values |= {
        "updated_at": later(NOW, tasks.c.updated_at),
        # A second edit of a task within one revision still follows the version before that revision.
        "previous_revision": case(
            (tasks.c.revision == revision, tasks.c.previous_revision), else_=tasks.c.revision
        ),
        "revision": revision,
    }
    written = update(tasks).values(values).where(_MINE, _key(kind))
    if Aspect.RESTORE not in aspects:
        written = written.where(_LIVE)
    if guarded:
        written = written.where(tasks.c.revision == IF_MATCH)
    return written.where(or_(*differs))


def _changes(aspect: Aspect) -> Iterator[tuple[str, Any, ColumnElement[bool] | None]]:
    """For each column the aspect sets: its name, its new value, and when that is a difference."""
    done = tasks.c.completed_at
    match aspect:
        case Aspect.COMPLETE:
            yield "completed_at", func.coalesce(done, NOW), done.is_(None)
        case Aspect.REOPEN:
            yield "completed_at", null(), done.is_not(None)
        case Aspect.TOGGLE:
            yield "completed_at", case((done.is_(None), NOW), else_=null()), true()
        case Aspect.DELETE:
            yield "deleted_at", NOW, _LIVE
        case Aspect.RESTORE:
            yield "deleted_at", null(), tasks.c.deleted_at.is_not(None)
        case Aspect.TITLE | Aspect.DESCRIPTION:
            yield (
                aspect.value,
                _bind(aspect.value),
                tasks.c[aspect.value].is_distinct_from(_bind(aspect.value)),
            )
            yield f"{aspect.value}_folded", _bind(f"{aspect.value}_folded"), None
        case Aspect.DUE:
            for name in ("due_at", "due_all_day", "due_time_zone"):
                yield name, _bind(name), tasks.c[name].is_distinct_from(_bind(name))
        case Aspect.PRIORITY | Aspect.TAGS | Aspect.POSITION:
            yield (
                aspect.value,
                _bind(aspect.value),
                tasks.c[aspect.value].is_distinct_from(_bind(aspect.value)),
            )


def _record(written: CTE, aspects: frozenset[Aspect]) -> tuple[CTE, CTE]:
    """Raise the owner's revision to that of the written task, and append the task's version."""
    raised = (
        update(users)
        .values(revision=written.c.revision)
        .where(users.c.id == OWNER)
        .returning(users.c.id)
        .cte("raised")
    )
    action: ColumnElement[str] = ACTION
    if Aspect.TOGGLE in aspects:
        action = case(
            (written.c.completed_at.is_(None), literal("reopened", Text)), else_=literal("completed", Text)
        )
    version: Select[Any] = select(
        written.c.owner_id,
        written.c.revision,
        written.c.id,
        written.c.previous_revision,
        action,
        VIA,
        written.c.updated_at,
        *(written.c[name] for name in _VERSION_FACTS),
    )
    names = [
        "owner_id",
        "revision",
        "task_id",
        "previous_revision",
        "action",
        "contract",
        "at",
        *_VERSION_FACTS,
    ]
    appended = (
        insert(task_versions)
        .from_select(names, version, include_defaults=False)
        .returning(task_versions.c.task_id)
        .cte("appended")
    )
    return raised, appended


def _edit_name(
    form: str, kind: KeyKind, aspects: frozenset[Aspect], into: Row | None, *, guarded: bool
) -> str:
    touched = "+".join(sorted(aspects))
    row = f",{into.__name__}" if into else ""
    return f"edit_task_{form}[{kind},{touched}{row}{',guarded' if guarded else ''}]"
