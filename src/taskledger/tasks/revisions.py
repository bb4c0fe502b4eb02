"""A revision in the making: writes within one transaction that share one new revision."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from taskledger.errors import PreconditionFailed, TaskNotFound, UserUnknown
from taskledger.principal import Principal
from taskledger.storage.database import Transaction
from taskledger.storage.types import RANK_ORIGIN
from taskledger.tasks import statements
from taskledger.tasks.facts import read_row
from taskledger.tasks.identifiers import uuid7
from taskledger.tasks.values import Action, Aspect, Edit, NewTask, TaskKey, due_columns, fold, kind_of

T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Written(Generic[T]):
    """A task after a write: the revision it stands at, and whether this write changed it."""

    task: T
    revision: int
    changed: bool


@dataclass(frozen=True, slots=True)
class Writing:
    """The circumstances of a write: when, through which contract, and on which condition.

    ``if_match`` is the revision the client expects: the task's, or for a creation the owner's.
    """

    now: datetime
    via: str
    if_match: int | None = None


@dataclass(frozen=True, slots=True)
class _Current(Generic[T]):
    task: T
    done: bool
    revision: int


class OpenRevision:
    """One new revision of one owner; taken only if something changes.

    The owner's row is locked from the start to the end of the transaction, so that revisions commit
    in order and without gaps.
    """

    def __init__(self, transaction: Transaction, principal: Principal, writing: Writing, number: int) -> None:
        self._transaction = transaction
        self._principal = principal
        self._writing = writing
        self._actions: dict[int, Action] = {}
        self._created = 0
        self.number = number

    @classmethod
    async def take(
        cls,
        transaction: Transaction,
        principal: Principal,
        writing: Writing,
        work: "Callable[[OpenRevision], Awaitable[R]]",
    ) -> R:
        """Lock the owner, do the work, and record what it changed; raises `UserUnknown`."""
        rows = await transaction.fetch(statements.LOCK_OWNER, {"owner": principal.user_id})
        if not rows:
            raise UserUnknown
        revision = cls(transaction, principal, writing, rows[0][0] + 1)
        result = await work(revision)
        await revision._record()
        return result

    async def create(self, new: NewTask, into: type[T]) -> Written[T]:
        """Create a task at the end of the list."""
        guard = self._writing.if_match
        if guard is not None and guard != self.number - 1:
            raise PreconditionFailed(None, self.number - 1)
        allotted = await self._transaction.fetch(statements.ALLOT_NUMBER[self._transaction.dialect], {})
        number: int = allotted[0][0]
        values = new_task_values(self._principal, new, self._writing) | {
            "id": number,
            "position": self._last_position(),
            "revision": self.number,
        }
        await self._transaction.fetch(statements.CREATE_TASK_STEP, values)
        self._actions[number] = "created"
        current = await self._current(number, into)
        return Written(current.task, self.number, changed=True)

    async def edit(self, edit: Edit, into: type[T]) -> Written[T]:
        """Apply an edit; raises `TaskNotFound`, `PreconditionFailed`."""
        guard = self._writing.if_match
        changed = []
        if edit.aspects:
            kind = kind_of(edit.key)
            step = statements.edit_task_step(kind, edit.aspects, guarded=guard is not None)
            values = edit_values(self._principal, edit, self._writing) | {"revision": self.number}
            changed = list(await self._transaction.fetch(step, values))
        current = await self._current(edit.key, into, trashed=bool(changed) or Aspect.RESTORE in edit.aspects)
        if changed:
            number: int = changed[0][0]
            action: Action = edit.action or ("completed" if current.done else "reopened")
            self._actions[number] = _merge_actions(self._actions.get(number), action)
        elif guard is not None and guard != current.revision:
            raise PreconditionFailed(current.task, current.revision)
        return Written(current.task, current.revision, changed=bool(changed))

    async def _current(self, key: TaskKey, into: type[T], *, trashed: bool = False) -> "_Current[T]":
        kind = kind_of(key)
        values = {"owner": self._principal.user_id, kind: key}
        rows = await self._transaction.fetch(statements.current_task(kind, into, trashed=trashed), values)
        if not rows:
            raise TaskNotFound
        done, revision = rows[0][-2:]
        return _Current(read_row(into, rows[0]), done, revision)

    def _last_position(self) -> str:
        position = f"{RANK_ORIGIN + self.number:x}"
        if self._created:
            # Four digits, so that as many tasks as fit in a request stay in order.
            position += f"{self._created:04x}"
        self._created += 1
        return position

    async def _record(self) -> None:
        if not self._actions:
            return
        owner = self._principal.user_id
        await self._transaction.fetch(statements.RAISE_REVISION, {"owner": owner, "revision": self.number})
        await self._transaction.execute_many(
            statements.APPEND_VERSION,
            [
                {"owner": owner, "id": number, "action": action, "via": self._writing.via}
                for number, action in self._actions.items()
            ],
        )


def _merge_actions(before: Action | None, now: Action) -> Action:
    """What several writes to one task within a revision are called together."""
    if before is None or before == now:
        return now
    return before if before == "created" else "updated"


def new_task_values(principal: Principal, new: NewTask, writing: Writing) -> dict[str, Any]:
    """The named values of a creation."""
    description = new.description
    return {
        "owner": principal.user_id,
        "now": writing.now,
        "if_match": writing.if_match,
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


def edit_values(principal: Principal, edit: Edit, writing: Writing) -> dict[str, Any]:
    """The named values of an edit."""
    return {
        **edit.values,
        "owner": principal.user_id,
        kind_of(edit.key): edit.key,
        "now": writing.now,
        "if_match": writing.if_match,
        "action": edit.action,
        "via": writing.via,
    }
