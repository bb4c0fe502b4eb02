"""History: what each revision did, from the versions of the tasks it changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from donebook.errors import ResyncRequired, RevisionAhead, TaskNotFound, UserUnknown
from donebook.ledger.state import FIELDS, NOTHING, State, differing, read_state
from donebook.ledger.statements import versions
from donebook.ledger.statements.pages import limits
from donebook.principal import Principal
from donebook.storage.database import Database
from donebook.storage.statement import Row
from donebook.tasks.statements import reading
from donebook.tasks.values import Action, TaskKey, kind_of

_LATEST = 2**63 - 1
_STATE = len(State.__struct_fields__)


@dataclass(frozen=True, slots=True)
class TaskChange:
    """What a revision did to one task: the fields that differ, before (``None``: not there) and after.

    Of a task that was deleted for good only its ids and the action are left.
    """

    number: int
    uuid: UUID | None
    action: Action
    fields: tuple[str, ...]
    before: State | None
    after: State


@dataclass(frozen=True, slots=True)
class Change:
    """What one request did: its revision, when, through which contract, to which tasks."""

    revision: int
    at: datetime
    contract: str
    tasks: tuple[TaskChange, ...]


@dataclass(frozen=True, slots=True)
class History:
    """Changes, the owner's revision they were read at, and whether there are more in that direction."""

    changes: list[Change]
    revision: int
    more: bool


async def list_changes(
    database: Database,
    principal: Principal,
    *,
    task: TaskKey | None = None,
    since: int | None = None,
    until: int | None = None,
    limit: int,
) -> History:
    """The changes after ``since``, the oldest first; without it, those before ``until``, the newest first.

    A page holds at most ``limit`` changes of tasks, or all of one revision's. Raises `RevisionAhead`,
    `ResyncRequired` where it would go on from a revision of a lost history, `TaskNotFound`, `UserUnknown`.
    """
    values: dict[str, Any] = {
        "owner": principal.user_id,
        "since": since or 0,
        "until": until or _LATEST,
        **limits(limit),
    }
    if task is not None:
        values["id"] = await _number_of(database, principal, task)
    statement = versions.changes(of_task=task is not None, newest_first=since is None)
    rows = await database.read(statement, values)
    if not rows:
        raise UserUnknown
    revision, end, lost = rows[0][-3:]
    if since is not None and since > revision:
        raise RevisionAhead(revision)
    if lost:
        raise ResyncRequired
    found = [row for row in rows if row[0] is not None]
    more = end > 0 if since is None else end < revision
    return History(_grouped(found), revision, more)


async def _number_of(database: Database, principal: Principal, task: TaskKey) -> int:
    kind = kind_of(task)
    rows = await database.read(reading.number_of(kind), {"owner": principal.user_id, kind: task})
    if not rows:
        raise TaskNotFound
    number: int = rows[0][0]
    return number


def _grouped(rows: Sequence[Row]) -> list[Change]:
    changes: list[Change] = []
    for row in rows:
        revision, at, contract = row[:3]
        if changes and changes[-1].revision == revision:
            last = changes.pop()
            changes.append(Change(revision, at, contract, (*last.tasks, _task_change(row))))
        else:
            changes.append(Change(revision, at, contract, (_task_change(row),)))
    return changes


def _task_change(row: Row) -> TaskChange:
    action, number, uuid = row[3:6]
    after = State(*row[6 : 6 + _STATE])
    before = read_state(row[6 + _STATE : 6 + 2 * _STATE])
    return TaskChange(number, uuid, action, tuple(_told(before, after)), before, after)


def _told(before: State | None, after: State) -> list[str]:
    if not after.title:
        return []
    return differing(before or NOTHING, after, FIELDS)
