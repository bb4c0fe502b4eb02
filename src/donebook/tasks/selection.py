"""Which tasks to list, and in which order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from donebook.tasks.values import Priority

Sort = Literal["created", "updated", "title", "due_date", "priority", "position", "deleted"]


@dataclass(frozen=True, slots=True)
class DueBound:
    """A moment that due dates are compared with, and the day it falls on where the user is.

    ``day`` is midnight UTC of that date: tasks of a whole day are compared by their dates.
    """

    moment: datetime
    day: datetime


@dataclass(frozen=True, slots=True)
class Overdue:
    """Whether open tasks that were due before a bound are wanted, or all others."""

    at: DueBound
    wanted: bool = True


class Selection(msgspec.Struct, frozen=True, cache_hash=True):
    """Which of the owner's tasks to list, in which order; without a ``limit``, all of them.

    Of ``priorities`` a task has one, and all of ``tags``; each text of ``search`` is in its title or its
    description, whatever the case. Tasks that lack the fact sorted by come last in both directions;
    equals are in order of creation, and in the opposite order if ``descending``.
    """

    completed: bool | None = None
    trashed: bool = False
    priorities: tuple[Priority, ...] = ()
    search: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    due_before: DueBound | None = None
    due_after: DueBound | None = None
    overdue: Overdue | None = None
    sort: Sort = "created"
    descending: bool = False
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the sort key of its last task (``None`` if it lacks it), and its number."""

    key: Any
    number: int
