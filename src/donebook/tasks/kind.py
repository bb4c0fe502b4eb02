"""Tasks as a kind of the ledger: their fields and turns, each declared once."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, false, func, null, true

from donebook.ledger.kinds.kind import ColumnChange, Field, Flag, Kind, Turn
from donebook.ledger.kinds.registry import declare
from donebook.ledger.kinds.turns import DELETED_AT, POSITION, order_turns, trash_turns
from donebook.ledger.model import RECORD_NUMBERS
from donebook.storage.types import Instant
from donebook.tasks.model import task_versions, tasks
from donebook.tasks.values import Due

_DONE = tasks.c.completed_at
_NOW = bindparam("now", type_=Instant)


def _due_columns(due: Due | None) -> tuple[Any, ...]:
    return (None, False, None) if due is None else (due.at, due.all_day, due.time_zone)


def _due_of(at: datetime | None, all_day: bool, time_zone: str | None) -> Due | None:
    return None if at is None else Due(at, all_day, time_zone)


def _complete(revision: ColumnElement[int]) -> Iterator[ColumnChange]:
    yield "completed_at", func.coalesce(_DONE, _NOW), _DONE.is_(None)


def _reopen(revision: ColumnElement[int]) -> Iterator[ColumnChange]:
    yield "completed_at", null(), _DONE.is_not(None)


def _toggle(revision: ColumnElement[int]) -> Iterator[ColumnChange]:
    yield "completed_at", case((_DONE.is_(None), _NOW), else_=null()), true()


def _set_due_at(revision: ColumnElement[int]) -> Iterator[ColumnChange]:
    """For contracts that show a due date as an instant: all day, or its time zone, stays with the instant."""
    given = bindparam("due_at", type_=tasks.c.due_at.type)
    # Null equals nothing, so a due date that is cleared keeps neither.
    same = tasks.c.due_at == given
    yield "due_at", given, tasks.c.due_at.is_distinct_from(given)
    yield "due_all_day", case((same, tasks.c.due_all_day), else_=false()), None
    yield "due_time_zone", case((same, tasks.c.due_time_zone), else_=null()), None


TASKS = declare(
    Kind(
        "task",
        tasks,
        task_versions,
        fields=(
            Field("title", "", searched=True, measured=True),
            Field("description", searched=True, measured=True),
            Field("completed_at", given=False),
            Field("priority"),
            Field(
                "due", columns=("due_at", "due_all_day", "due_time_zone"), write=_due_columns, read=_due_of
            ),
            Field("tags", [], write=lambda tags: (list(tags or ()),), measured=True),
            POSITION,
            DELETED_AT,
        ),
        turns={
            "complete": Turn(_complete, "completed"),
            "reopen": Turn(_reopen, "reopened"),
            "toggle": Turn(_toggle, None, toggles="completed"),
            "due_at": Turn(_set_due_at),
            **trash_turns(tasks),
            **order_turns(tasks),
        },
        flags={"completed": Flag("completed_at", on="complete", off="reopen")},
        numbers=RECORD_NUMBERS,
    )
)
