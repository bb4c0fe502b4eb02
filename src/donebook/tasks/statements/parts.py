"""What the statements share: parameters, keys, conditions, and the parts that writes are made of."""

from collections.abc import Iterator
from typing import Any, Literal

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
    exists,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    tuple_,
    update,
)

from donebook.spaces.quotas import ENTRY_BYTES
from donebook.storage.types import Instant, byte_length, labels_length, later, rank_text
from donebook.tasks.model import VERSION_FACTS, tasks
from donebook.tasks.values import Aspect, Guard

Row = type[msgspec.Struct]
KeyKind = Literal["id", "uuid"]

OWNER = bindparam("owner", type_=Text)
NOW = bindparam("now", type_=Instant)
ACTION = bindparam("action", type_=Text)
VIA = bindparam("via", type_=Text)
REVISION = bindparam("revision", type_=BigInteger)
GUARD = bindparam("guard", type_=BigInteger)
FLOOR = bindparam("floor", type_=BigInteger)
TASKS_QUOTA = bindparam("tasks_quota", type_=BigInteger)
HISTORY_QUOTA = bindparam("history_quota", type_=BigInteger)

MINE = tasks.c.owner_id == OWNER
ONE: ColumnElement[int] = literal_column("1", BigInteger)
ENTRY: ColumnElement[int] = literal_column(str(ENTRY_BYTES), BigInteger)
LIVE = tasks.c.deleted_at.is_(None)
TRASHED = tasks.c.deleted_at.is_not(None)

VERSION_COLUMNS = [
    "owner_id",
    "revision",
    "task_id",
    "previous_revision",
    "action",
    "contract",
    "at",
    *VERSION_FACTS,
]

_DONE = tasks.c.completed_at
_TURNS: dict[Aspect, tuple[str, Any, ColumnElement[bool]]] = {
    Aspect.COMPLETE: ("completed_at", func.coalesce(_DONE, NOW), _DONE.is_(None)),
    Aspect.REOPEN: ("completed_at", null(), _DONE.is_not(None)),
    Aspect.TOGGLE: ("completed_at", case((_DONE.is_(None), NOW), else_=null()), true()),
    Aspect.DELETE: ("deleted_at", NOW, LIVE),
    Aspect.RESTORE: ("deleted_at", null(), TRASHED),
}


def bind(name: str) -> ColumnElement[Any]:
    """A parameter with the name and the type of a task's column."""
    return bindparam(name, type_=tasks.c[name].type)


def key_is(kind: KeyKind) -> ColumnElement[bool]:
    """Whether a row is the task that the parameter of that kind names."""
    if kind == "id":
        return tasks.c.id == bindparam("id", type_=BigInteger)
    return tasks.c.uuid == bindparam("uuid", type_=Uuid)


def reach(*, trashed: bool) -> ColumnElement[bool]:
    """Which of the owner's tasks an edit can find: live ones, or those in the trash as well."""
    return true() if trashed else LIVE


def marks_of(guard: Guard | None, *, trashed: bool) -> str:
    """What an edit's name says of its conditions."""
    return "".join(f",{mark}" for mark in (guard, "trashed" if trashed else None) if mark)


def new_values() -> dict[str, ColumnElement[Any]]:
    """What a creation writes, but for what depends on the revision."""
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
    return {"owner_id": OWNER, **{name: bind(name) for name in given}, "created_at": NOW, "updated_at": NOW}


def bytes_of_version(
    title: ColumnElement[Any], description: ColumnElement[Any], tags: ColumnElement[Any]
) -> ColumnElement[int]:
    """What a version with these texts adds to the bytes of history."""
    texts = byte_length(title) + func.coalesce(byte_length(description), literal_column("0", BigInteger))
    size: ColumnElement[int] = ENTRY + texts + labels_length(tags)
    return size


def version_bytes(written: FromClause) -> ColumnElement[int]:
    """The bytes of a version, or of that which is appended for a task."""
    return bytes_of_version(written.c.title, written.c.description, written.c.tags)


def version_of(written: FromClause, action: ColumnElement[str]) -> Select[Any]:
    """The version to append for a task just written: the values of `VERSION_COLUMNS`."""
    return select(
        written.c.owner_id,
        written.c.revision,
        written.c.id,
        written.c.previous_revision,
        action,
        VIA,
        written.c.updated_at,
        *(written.c[name] for name in VERSION_FACTS),
    )


def edit_of(
    kind: KeyKind,
    aspects: frozenset[Aspect],
    revision: ColumnElement[int],
    guard: Guard | None,
    *,
    trashed: bool,
    floor: ColumnElement[int] = FLOOR,
) -> Update:
    """The update that gives a task its new values, if it is there, the guard holds and something differs."""
    values: dict[str, Any] = {}
    differs: list[ColumnElement[bool]] = []
    for aspect in sorted(aspects):
        for name, value, difference in _changes(aspect, revision):
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
    written = update(tasks).values(values).where(MINE, key_is(kind), reach(trashed=trashed), or_(*differs))
    if guard == "at":
        # A sum goes by no index: PostgreSQL, which does not know the values as it plans, takes the one of
        # revisions for as good as a key, and a batch writes many tasks in one revision.
        written = written.where(tasks.c.revision + 0 == GUARD)
    elif guard == "unchanged since":
        # A revision from the future tells nothing of what happened since. One below the floor may be of a
        # history that was lost: only the version that carries it is what was seen.
        since = or_(floor <= GUARD, tasks.c.revision + 0 == GUARD)
        written = written.where(tasks.c.revision <= GUARD, revision > GUARD, since)
    return written


def _changes(
    aspect: Aspect, revision: ColumnElement[int]
) -> Iterator[tuple[str, Any, ColumnElement[bool] | None]]:
    """For each column the aspect sets: its name, its new value, and when that is a difference."""
    match aspect:
        case Aspect.FIRST:
            yield "position", rank_text(-revision), _has_neighbour(before=True)
        case Aspect.LAST:
            yield "position", rank_text(revision), _has_neighbour(before=False)
        case Aspect.TITLE | Aspect.DESCRIPTION:
            yield _set(aspect.value)
            yield f"{aspect.value}_folded", bind(f"{aspect.value}_folded"), None
        case Aspect.DUE:
            for name in ("due_at", "due_all_day", "due_time_zone"):
                yield _set(name)
        case Aspect.DUE_AT:
            # Null equals nothing, so a due date that is cleared keeps neither.
            same = tasks.c.due_at == bind("due_at")
            yield _set("due_at")
            yield "due_all_day", case((same, tasks.c.due_all_day), else_=false()), None
            yield "due_time_zone", case((same, tasks.c.due_time_zone), else_=null()), None
        case _ if aspect in _TURNS:
            yield _TURNS[aspect]
        case _:
            yield _set(aspect.value)


def _set(name: str) -> tuple[str, ColumnElement[Any], ColumnElement[bool]]:
    return name, bind(name), tasks.c[name].is_distinct_from(bind(name))


def _has_neighbour(*, before: bool) -> ColumnElement[bool]:
    other = tasks.alias("other")
    there, here = tuple_(other.c.position, other.c.id), tuple_(tasks.c.position, tasks.c.id)
    return exists(
        select(literal(1)).where(
            other.c.owner_id == OWNER, other.c.deleted_at.is_(None), there < here if before else there > here
        )
    )
