"""What use cases take: new tasks, edits and selections, as plain frozen values."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from donebook.spaces.quotas import UNLIMITED, Quotas
from donebook.tasks.identifiers import uuid7

Priority = Literal["low", "medium", "high"]
Guard = Literal["at", "unchanged since"]
"""How a write is conditional: the task stands at the revision, or was not changed after it."""
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
    DUE_AT = "due_at"
    TAGS = "tags"
    POSITION = "position"
    COMPLETED_AT = "completed_at"
    DELETED_AT = "deleted_at"
    FIRST = "first"
    LAST = "last"
    COMPLETE = "complete"
    REOPEN = "reopen"
    TOGGLE = "toggle"
    DELETE = "delete"
    RESTORE = "restore"


Action = Literal["created", "updated", "completed", "reopened", "deleted", "restored", "moved"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A change to one task: the aspects it touches, the values for them, and what it is called.

    ``action`` is ``None`` for a toggle, whose outcome names it. ``trashed`` edits find a task in the
    trash as well.
    """

    key: TaskKey
    aspects: frozenset[Aspect]
    values: Mapping[str, Any] = field(default_factory=dict)
    action: Action | None = "updated"
    trashed: bool = False


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


def restore(key: TaskKey) -> Edit:
    """Take the task out of the trash; one that is not in it stays as it is."""
    return Edit(key, _RESTORE, action="restored", trashed=True)


@dataclass(frozen=True, slots=True)
class Move:
    """A new place for a task: next to ``anchor``, or without one at that end of the list."""

    key: TaskKey
    side: Literal["before", "after"]
    anchor: TaskKey | None = None


_COMPLETE = frozenset({Aspect.COMPLETE})
_REOPEN = frozenset({Aspect.REOPEN})
_TOGGLE = frozenset({Aspect.TOGGLE})
_DELETE = frozenset({Aspect.DELETE})
_RESTORE = frozenset({Aspect.RESTORE})


def change(key: TaskKey, fields: Mapping[str, Any]) -> Edit:
    """Set the given fields, of ``title, description, completed, priority, due, due_at, tags``.

    ``due_at`` is for contracts that show a due date as an instant. It sets the instant alone: a task that
    is due at this instant already stays due all day, or in its time zone. Only ``completed`` on its own
    is called completing or reopening; with others it is an update.
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
class Writing:
    """The circumstances of a write: when, through which contract, and on which condition.

    ``if_match`` is the revision the client expects: the task's, or for a creation the owner's.
    ``unless_after`` refuses a task that was changed after that revision of its owner. One of the two
    at most. ``quotas`` are what the space may hold.
    """

    now: datetime
    via: str
    if_match: int | None = None
    unless_after: int | None = None
    quotas: Quotas = UNLIMITED

    @property
    def guard(self) -> int | None:
        """The revision that the condition names."""
        return self.unless_after if self.if_match is None else self.if_match

    @property
    def guard_kind(self) -> Guard | None:
        """What the condition is."""
        if self.if_match is not None:
            return "at"
        return None if self.unless_after is None else "unchanged since"

    def unconditional(self) -> "Writing":
        """The same without a condition."""
        return replace(self, if_match=None, unless_after=None)

    def allows(self, revision: int) -> bool:
        """Whether a task that stands at the revision may be written."""
        if self.if_match is not None:
            return revision == self.if_match
        return self.unless_after is None or revision <= self.unless_after


def new_task_values(owner: str, new: NewTask, writing: Writing) -> dict[str, Any]:
    """The named values of a creation."""
    description = new.description
    return {
        "owner": owner,
        "now": writing.now,
        "guard": writing.guard,
        "tasks_quota": writing.quotas.tasks,
        "history_quota": writing.quotas.history_bytes,
        "uuid": new.uuid or uuid7(),
        "title": new.title,
        "title_folded": fold(new.title),
        "description": description,
        "description_folded": None if description is None else fold(description),
        "completed_at": writing.now if new.completed else None,
        "priority": new.priority,
        "tags": list(new.tags),
        **due_columns(new.due),
    }


def edit_values(owner: str, edit: Edit, writing: Writing) -> dict[str, Any]:
    """The named values of an edit."""
    return {
        **edit.values,
        "owner": owner,
        kind_of(edit.key): edit.key,
        "now": writing.now,
        "guard": writing.guard,
        "history_quota": writing.quotas.history_bytes,
        "action": edit.action,
        "via": writing.via,
    }
