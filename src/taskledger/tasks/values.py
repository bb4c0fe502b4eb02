"""What use cases take: new tasks, edits and selections, as plain frozen values."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

Priority = Literal["low", "medium", "high"]
Sort = Literal["created", "updated", "title", "due_date", "priority"]
TaskKey = int | UUID
"""A task's number, or its UUID; either is looked up among the owner's tasks only."""


def kind_of(key: TaskKey) -> Literal["id", "uuid"]:
    """The column that a key is looked up in."""
    return "id" if isinstance(key, int) else "uuid"


def fold(text: str) -> str:
    """The form in which texts are searched and sorted: case-folded and composed.

    Texts that differ in case or composition alone become equal (Unicode 3.13, D145).
    """
    if text.isascii():
        return text.lower()
    # Decomposed first because a capital may have more precomposed accents than its small letter has;
    # composed last because folding takes some letters apart.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


@dataclass(frozen=True, slots=True)
class Due:
    """When a task is due: an instant, shown in ``time_zone`` if given, or a whole day.

    Of a whole day ``at`` is midnight UTC and there is no zone. The first and the last microsecond
    that a `datetime` can name are not allowed: to asyncpg they mean minus and plus infinity.
    """

    at: datetime
    all_day: bool = False
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be created; ``uuid`` is the client's choice of id, if it made one."""

    title: str
    description: str | None = None
    completed: bool = False
    priority: Priority | None = None
    due: Due | None = None
    tags: tuple[str, ...] = ()
    uuid: UUID | None = None


class Aspect(StrEnum):
    """What an edit touches. An aspect that is absent keeps its value."""

    TITLE = "title"
    DESCRIPTION = "description"
    PRIORITY = "priority"
    DUE = "due"
    TAGS = "tags"
    POSITION = "position"
    COMPLETE = "complete"
    REOPEN = "reopen"
    TOGGLE = "toggle"
    DELETE = "delete"
    RESTORE = "restore"


Action = Literal["created", "updated", "completed", "reopened", "deleted", "restored", "moved"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A change to one task: the aspects it touches, the values for them, and what it is called.

    ``action`` is ``None`` for a toggle, whose outcome names it.
    """

    key: TaskKey
    aspects: frozenset[Aspect]
    values: Mapping[str, Any] = field(default_factory=dict)
    action: Action | None = "updated"


def complete(key: TaskKey) -> Edit:
    """Complete the task; one that is complete stays as it is."""
    return Edit(key, _COMPLETE, action="completed")


def reopen(key: TaskKey) -> Edit:
    """Make the task open again; one that is open stays as it is."""
    return Edit(key, _REOPEN, action="reopened")


def toggle(key: TaskKey) -> Edit:
    """Complete an open task, reopen a complete one."""
    return Edit(key, _TOGGLE, action=None)


def delete(key: TaskKey) -> Edit:
    """Move the task to the trash."""
    return Edit(key, _DELETE, action="deleted")


_COMPLETE = frozenset({Aspect.COMPLETE})
_REOPEN = frozenset({Aspect.REOPEN})
_TOGGLE = frozenset({Aspect.TOGGLE})
_DELETE = frozenset({Aspect.DELETE})


def change(key: TaskKey, fields: Mapping[str, Any]) -> Edit:
    """Set the given fields, of ``title, description, completed, priority, due, tags``.

    Only ``completed`` on its own is called completing or reopening; with others it is an update.
    """
    aspects: set[Aspect] = set()
    values: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "completed":
            aspects.add(Aspect.COMPLETE if value else Aspect.REOPEN)
            continue
        aspects.add(Aspect(name))
        if name == "due":
            values |= due_columns(value)
        elif name == "tags":
            values[name] = list(value)
        else:
            values[name] = value
            if name in {"title", "description"}:
                values[f"{name}_folded"] = None if value is None else fold(value)
    action: Action = "updated"
    if aspects == _COMPLETE:
        action = "completed"
    elif aspects == _REOPEN:
        action = "reopened"
    return Edit(key, frozenset(aspects), values, action)


def due_columns(due: Due | None) -> dict[str, Any]:
    """The three columns that hold a due date."""
    if due is None:
        return {"due_at": None, "due_all_day": False, "due_time_zone": None}
    return {"due_at": due.at, "due_all_day": due.all_day, "due_time_zone": due.time_zone}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of the owner's tasks to list, in which order; without a ``limit``, all of them.

    ``search`` finds its text in the title or the description, whatever the case. Tasks that lack the
    fact sorted by come last in both directions; equals are in order of creation, or the newest first
    where ``descending``.
    """

    completed: bool | None = None
    priority: Priority | None = None
    search: str | None = None
    sort: Sort = "created"
    descending: bool = False
    limit: int | None = None
    offset: int = 0
