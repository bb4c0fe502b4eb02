"""From a selection to conditions and an order; only the selection's shape is in the SQL."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Text,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    not_,
    or_,
)

from donebook.ledger.kinds.folding import fold
from donebook.ledger.statements.parts import is_live, is_mine, is_trashed
from donebook.storage.types import Instant, Labels, contains_labels, contains_text
from donebook.tasks.kind import TASKS
from donebook.tasks.model import tasks
from donebook.tasks.selection import DueBound, Overdue, Selection, Sort
from donebook.tasks.values import Priority

_SOME_PRIORITY: Priority = "low"
_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_SOME_BOUND = DueBound(_SOME_TIME, _SOME_TIME)

_SORT_COLUMNS: dict[Sort, str] = {
    "updated": "updated_at",
    "title": "title_folded",
    "due_date": "due_at",
    "position": "position",
    "deleted": "deleted_at",
}
NULLABLE_KEYS: frozenset[Sort] = frozenset({"due_date", "priority"})


def shape_of(selection: Selection) -> Selection:
    """The selection with its values taken out, so that equal shapes share a statement."""
    texts = selection.priorities or selection.search or selection.tags
    moments = selection.due_before or selection.due_after or selection.overdue
    if not texts and not moments and not selection.offset and selection.limit is None:
        return selection
    return msgspec.structs.replace(
        selection,
        priorities=(_SOME_PRIORITY,) * len(selection.priorities),
        search=("",) * len(selection.search),
        tags=("",) if selection.tags else (),
        due_before=_SOME_BOUND if selection.due_before else None,
        due_after=_SOME_BOUND if selection.due_after else None,
        overdue=Overdue(_SOME_BOUND, selection.overdue.wanted) if selection.overdue else None,
        limit=None if selection.limit is None else 1,
        offset=0,
    )


def name_of(shape: Selection) -> str:
    """What statements of this shape are called."""
    parts = [shape.sort, "desc" if shape.descending else "asc"]
    if shape.trashed:
        parts.append("trashed")
    if shape.completed is not None:
        parts.append("completed" if shape.completed else "open")
    parts += [f"{len(shape.priorities)}priorities"] if shape.priorities else []
    parts += [f"{len(shape.search)}texts"] if shape.search else []
    parts += [name for name in ("tags", "due_before", "due_after", "limit") if getattr(shape, name)]
    if shape.overdue:
        parts.append("overdue" if shape.overdue.wanted else "in-time")
    return "-".join(parts)


def values_of(selection: Selection) -> dict[str, Any]:
    """The named values of a selection."""
    values: dict[str, Any] = {"limit": selection.limit, "offset": selection.offset}
    for index, priority in enumerate(selection.priorities):
        values[f"wanted_priority_{index}"] = priority
    for index, text in enumerate(selection.search):
        values[f"text_{index}"] = fold(text)
    if selection.tags:
        values["tags"] = list(selection.tags)
    bounds = {"before": selection.due_before, "after": selection.due_after}
    if selection.overdue is not None:
        bounds["now"] = selection.overdue.at
    for name, bound in bounds.items():
        if bound is not None:
            values |= {f"{name}_moment": bound.moment, f"{name}_day": bound.day}
    return values


def filters(shape: Selection) -> ColumnElement[bool]:
    """Which of the owner's tasks the shape selects."""
    chosen = [is_mine(TASKS), is_trashed(TASKS) if shape.trashed else is_live(TASKS)]
    done = tasks.c.completed_at
    if shape.completed is not None:
        chosen.append(done.is_not(None) if shape.completed else done.is_(None))
    if shape.priorities:
        # Not "priority_1": SQLAlchemy calls the constants it compares that column with so.
        names = [f"wanted_priority_{index}" for index in range(len(shape.priorities))]
        binds = [bindparam(name, type_=Text) for name in names]
        chosen.append(or_(*(tasks.c.priority == each for each in binds)))
    for index in range(len(shape.search)):
        wanted = bindparam(f"text_{index}", type_=Text)
        chosen.append(
            or_(
                contains_text(tasks.c.title_folded, wanted),
                contains_text(func.coalesce(tasks.c.description_folded, literal("", Text)), wanted),
            )
        )
    if shape.tags:
        chosen.append(contains_labels(tasks.c.tags, bindparam("tags", type_=Labels)))
    if shape.due_before:
        chosen.append(_due_before("before"))
    if shape.due_after:
        chosen.append(and_(tasks.c.due_at.is_not(None), not_(_due_before("after"))))
    if shape.overdue:
        late = and_(done.is_(None), _due_before("now"))
        chosen.append(late if shape.overdue.wanted else not_(func.coalesce(late, false())))
    return and_(*chosen)


def _due_before(name: str) -> ColumnElement[bool]:
    moment, day = (bindparam(f"{name}_{part}", type_=Instant) for part in ("moment", "day"))
    return or_(
        and_(tasks.c.due_all_day, tasks.c.due_at < day),
        and_(not_(tasks.c.due_all_day), tasks.c.due_at < moment),
    )


def sort_key(source: FromClause, sort: Sort) -> ColumnElement[Any]:
    """What the sort compares first, of tasks or of something shaped like them."""
    match sort:
        case "priority":
            rank = source.c.priority
            return case((rank == "low", 1), (rank == "medium", 2), (rank == "high", 3))
        case "created":
            return source.c.id
        case _:
            return source.c[_SORT_COLUMNS[sort]]


def order(source: FromClause, sort: Sort, *, descending: bool) -> list[ColumnElement[Any]]:
    """By the sort's key, equals by number; tasks without the key last in both directions."""
    key = sort_key(source, sort)
    columns = [key] if sort == "created" else [key, source.c.id]
    ordered: list[ColumnElement[Any]] = [each.desc() if descending else each.asc() for each in columns]
    if sort in NULLABLE_KEYS:
        ordered[0] = ordered[0].nulls_last()
    return ordered


def beyond(sort: Sort, *, descending: bool, null_key: bool) -> ColumnElement[bool]:
    """Whether a task comes after the one with the key and number ``after_key`` and ``after_id``."""
    number = bindparam("after_id", type_=BigInteger)
    later_id = tasks.c.id < number if descending else tasks.c.id > number
    if sort == "created":
        return later_id
    key = sort_key(tasks, sort)
    if null_key:
        return and_(key.is_(None), later_id)
    value = bindparam("after_key", type_=key.type)
    # Said twice, so that an index on the key can be entered at the value.
    bound = key <= value if descending else key >= value
    following = key < value if descending else key > value
    placed = and_(bound, or_(following, later_id))
    return or_(placed, key.is_(None)) if sort in NULLABLE_KEYS else placed
