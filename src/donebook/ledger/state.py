"""A task's content at some version, and the fields in which two of them differ."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, FromClause

from donebook.tasks.model import VERSION_FACTS
from donebook.tasks.values import Action, Aspect, Due, Edit, due_columns, fold


class State(msgspec.Struct, frozen=True):
    """What a version keeps of its task."""

    title: str
    description: str | None
    completed_at: datetime | None
    priority: str | None
    due_at: datetime | None
    due_all_day: bool
    due_time_zone: str | None
    tags: list[str]
    position: str
    deleted_at: datetime | None

    @property
    def due(self) -> Due | None:
        return None if self.due_at is None else Due(self.due_at, self.due_all_day, self.due_time_zone)

    @property
    def completed(self) -> bool:
        return self.completed_at is not None


assert State.__struct_fields__ == VERSION_FACTS

NOTHING = State("", None, None, None, None, False, None, [], "", None)
"""What a task is before it is created, and what is left in the versions of one deleted for good."""

FIELDS = ("title", "description", "completed_at", "priority", "due", "tags", "position", "deleted_at")
"""The fields that history tells of; a due date is one of them, whatever columns it takes."""

_ASPECTS = {
    "title": Aspect.TITLE,
    "description": Aspect.DESCRIPTION,
    "completed_at": Aspect.COMPLETED_AT,
    "priority": Aspect.PRIORITY,
    "due": Aspect.DUE,
    "tags": Aspect.TAGS,
    "position": Aspect.POSITION,
    "deleted_at": Aspect.DELETED_AT,
}


def select_state(source: FromClause) -> list[ColumnElement[Any]]:
    """The columns of a `State`, of tasks or of versions."""
    return [source.c[name] for name in VERSION_FACTS]


def read_state(values: Sequence[Any]) -> State | None:
    """A state from the columns of `select_state`; ``None`` if an outer join found no row."""
    return None if values[0] is None else State(*values)


def differing(one: State, other: State, fields: Iterable[str] = FIELDS) -> list[str]:
    """Those of the fields in which two states differ."""
    return [name for name in fields if getattr(one, name) != getattr(other, name)]


def edit_back(number: int, now: State, then: State, fields: Sequence[str]) -> Edit:
    """The edit that gives the task the values of ``then`` in these fields, wherever it is by now."""
    values: dict[str, Any] = {}
    for name in fields:
        value = getattr(then, name)
        if name == "due":
            values |= due_columns(value)
        else:
            values[name] = value
        if name in {"title", "description"}:
            values[f"{name}_folded"] = None if value is None else fold(value)
    aspects = frozenset(_ASPECTS[name] for name in fields)
    return Edit(number, aspects, values, _called(now, then, fields), trashed=True)


def _called(now: State, then: State, fields: Sequence[str]) -> Action:
    if "deleted_at" in fields:
        return "restored" if then.deleted_at is None else "deleted"
    if list(fields) == ["completed_at"]:
        if now.completed != then.completed:
            return "completed" if then.completed else "reopened"
        return "updated"
    return "moved" if list(fields) == ["position"] else "updated"
