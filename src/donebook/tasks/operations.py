"""What writes may be asked to do with tasks."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from donebook.ledger import operations
from donebook.ledger.operations import Creation, Edit, Key, Move
from donebook.tasks.kind import TASKS


def new_task(title: str, *, uuid: UUID | None = None, **fields: Any) -> Creation:
    """A task to be created; ``uuid`` is the client's choice of id, if it made one.

    Fields are ``description, completed, priority, due, tags``; what is not given has nothing.
    """
    return Creation(TASKS, {"title": title, **fields}, uuid)


def change(key: Key, fields: Mapping[str, Any]) -> Edit:
    """Set the given fields, of ``title, description, completed, priority, due, due_at, tags``.

    ``due_at`` is for contracts that show a due date as an instant. It sets the instant alone: a task that
    is due at this instant already stays due all day, or in its time zone. Only ``completed`` on its own
    is called completing or reopening; with others it is an update.
    """
    return operations.change(TASKS, key, fields)


def complete(key: Key) -> Edit:
    """Complete the task; one that is complete stays as it is."""
    return operations.turn(TASKS, key, "complete")


def reopen(key: Key) -> Edit:
    """Make the task open again; one that is open stays as it is."""
    return operations.turn(TASKS, key, "reopen")


def toggle(key: Key) -> Edit:
    """Complete an open task, reopen a complete one."""
    return operations.turn(TASKS, key, "toggle")


def delete(key: Key) -> Edit:
    """Move the task to the trash."""
    return operations.turn(TASKS, key, "delete")


def restore(key: Key) -> Edit:
    """Take the task out of the trash; one that is not in it stays as it is."""
    return operations.turn(TASKS, key, "restore")


def move(key: Key, side: Literal["before", "after"], anchor: Key | None = None) -> Move:
    """Put the task next to another, or without one at that end of the list."""
    return Move(TASKS, key, side, anchor)
