"""A revision in the making: writes within one transaction that share one new revision."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from donebook.errors import (
    HistoryQuotaExceeded,
    NeighbourNotFound,
    PreconditionFailed,
    TaskErased,
    TaskNotFound,
    TaskQuotaExceeded,
    UserUnknown,
)
from donebook.principal import Principal
from donebook.storage.database import Transaction
from donebook.storage.statement import Row
from donebook.tasks.facts import read_row
from donebook.tasks.positions import LONGEST, SPREAD, between, first_of, last_of, rank
from donebook.tasks.statements import steps
from donebook.tasks.values import (
    Action,
    Aspect,
    Edit,
    Move,
    NewTask,
    TaskKey,
    Writing,
    edit_values,
    kind_of,
    new_task_values,
)

T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")

_WINDOW = 4
"""How many tasks on each side of a gap are spread out first; twice as many if that is not enough."""


@dataclass(frozen=True, slots=True)
class Written(Generic[T]):
    """A task after a write: the revision it stands at, and whether this write changed it."""

    task: T
    revision: int
    changed: bool


@dataclass(frozen=True, slots=True)
class _Current(Generic[T]):
    task: T
    number: int
    done: bool
    revision: int


@dataclass(frozen=True, slots=True, order=True)
class _Spot:
    position: str
    number: int


class OpenRevision:
    """One new revision of one owner; taken only if something changes.

    The space's row is locked from the start to the end of the transaction, so that revisions commit
    in order and without gaps.
    """

    def __init__(self, transaction: Transaction, principal: Principal, writing: Writing, space: Row) -> None:
        self._transaction = transaction
        self._owner = principal.user_id
        self._writing = writing
        self._actions: dict[int, Action] = {}
        self._born: set[int] = set()
        self._raised = False
        self._given_first = 0
        self._given_last = 0
        number, self.floor, self._tasks, self._history_bytes, _ = space
        self.number: int = number + 1

    @classmethod
    async def take(
        cls,
        transaction: Transaction,
        principal: Principal,
        writing: Writing,
        work: "Callable[[OpenRevision], Awaitable[R]]",
    ) -> R:
        """Lock the space, do the work, and record what it changed; raises `UserUnknown`, `QuotaExceeded`."""
        rows = await transaction.fetch(steps.LOCK_OWNER, {"owner": principal.user_id})
        if not rows:
            raise UserUnknown
        revision = cls(transaction, principal, writing, rows[0])
        result = await work(revision)
        await revision._record()
        return result

    @property
    def reached(self) -> int:
        """The owner's revision with what was done so far."""
        return self.number if self._actions or self._raised else self.number - 1

    def require_owner_at(self, expected: int | None) -> None:
        """Raise `PreconditionFailed` unless the owner stands at that revision (or at any, for ``None``)."""
        if expected not in {None, self.number - 1}:
            raise PreconditionFailed(None, self.number - 1)

    def keep(self) -> None:
        """Take the revision even if no task is left to record a change of."""
        self._raised = True

    async def create(self, new: NewTask, into: type[T]) -> Written[T]:
        """Create a task at the end of the list.

        A task that has the UUID which the client chose is returned as it is, in the trash or not.
        Raises `TaskErased`, `PreconditionFailed`, `QuotaExceeded`.
        """
        self.require_owner_at(self._writing.if_match)
        if new.uuid is not None:
            existing = await self._find(new.uuid, into, trashed=True)
            if existing is not None:
                return Written(existing.task, existing.revision, changed=False)
            if await self._transaction.fetch(steps.ERASED, {"owner": self._owner, "uuid": new.uuid}):
                raise TaskErased
        quota = self._writing.quotas.tasks
        if self._tasks + len(self._born) >= quota:
            raise TaskQuotaExceeded(quota)
        allotted = await self._transaction.fetch(steps.ALLOT_NUMBER[self._transaction.dialect], {})
        number: int = allotted[0][0]
        values = new_task_values(self._owner, new, self._writing) | {
            "id": number,
            "position": self._last_position(),
            "revision": self.number,
        }
        await self._transaction.fetch(steps.CREATE_TASK_STEP, values)
        self._born.add(number)
        self._note(number, "created")
        current = await self._current(number, into)
        return Written(current.task, self.number, changed=True)

    async def edit(self, edit: Edit, into: type[T]) -> Written[T]:
        """Apply an edit; raises `TaskNotFound`, `PreconditionFailed`."""
        changed = await self._change(edit, guarded=True) if edit.aspects else None
        trashed = changed is not None or edit.trashed
        current = await self._current(edit.key, into, trashed=trashed)
        if changed is not None:
            self._note(changed, edit.action or ("completed" if current.done else "reopened"))
        elif not self._writing.allows(current.revision):
            raise PreconditionFailed(current.task, current.revision)
        return Written(current.task, current.revision, changed=changed is not None)

    async def move(self, move: Move, into: type[T]) -> Written[T]:
        """Move a task; raises `TaskNotFound`, `NeighbourNotFound`, `PreconditionFailed`."""
        current = await self._current(move.key, into)
        if not self._writing.allows(current.revision):
            raise PreconditionFailed(current.task, current.revision)
        if not await self._move(move, current.number):
            return Written(current.task, current.revision, changed=False)
        moved = await self._current(current.number, into)
        return Written(moved.task, moved.revision, changed=True)

    async def _move(self, move: Move, number: int) -> bool:
        here = await self._spot(number)
        assert here is not None
        if move.anchor is None:
            before = move.side == "before"
            if not await self._neighbours(here, number, 1, before=before):
                return False
            await self._place(number, self._first_position() if before else self._last_position())
            return True
        anchor = await self._spot(move.anchor)
        if anchor is None:
            raise NeighbourNotFound
        if anchor.number == number:
            return False
        beside = await self._neighbours(anchor, number, 1, before=move.side == "before")
        neighbour = beside[0] if beside else None
        low, high = (neighbour, anchor) if move.side == "before" else (anchor, neighbour)
        if (low is None or low < here) and (high is None or here < high):
            return False
        found = between(*self._bounds(low, high), 1, LONGEST)
        if found is None:
            await self._spread(number, low, high)
        else:
            await self._place(number, found[0])
        return True

    async def _spread(self, number: int, low: _Spot | None, high: _Spot | None) -> None:
        """Place a task between two others by giving those around it new positions as well."""
        window = _WINDOW
        while True:
            below = [] if low is None else [low, *await self._neighbours(low, number, window, before=True)]
            above = (
                [] if high is None else [high, *await self._neighbours(high, number, window, before=False)]
            )
            lowest = below.pop() if len(below) > window else None
            highest = above.pop() if len(above) > window else None
            tasks = [*(spot.number for spot in reversed(below)), number, *(spot.number for spot in above)]
            found = between(*self._bounds(lowest, highest), len(tasks), SPREAD)
            if found is not None:
                break
            window *= 2
        for task, position in zip(tasks, found, strict=True):
            await self._place(task, position)

    def _bounds(self, low: _Spot | None, high: _Spot | None) -> tuple[str, str]:
        # Beyond whatever this revision may have put at the ends.
        beyond = self.number + 1
        return low.position if low else rank(-beyond), high.position if high else rank(beyond)

    async def _place(self, number: int, position: str) -> None:
        edit = Edit(number, frozenset({Aspect.POSITION}), {"position": position}, "moved")
        if await self._change(edit, guarded=False) is not None:
            self._note(number, "moved")

    async def _spot(self, key: TaskKey) -> _Spot | None:
        kind = kind_of(key)
        rows = await self._transaction.fetch(steps.place_of(kind), {"owner": self._owner, kind: key})
        return _Spot(*rows[0]) if rows else None

    async def _neighbours(self, spot: _Spot, moving: int, limit: int, *, before: bool) -> list[_Spot]:
        rows = await self._transaction.fetch(
            steps.neighbours(before=before),
            {
                "owner": self._owner,
                "position": spot.position,
                "id": spot.number,
                "moving": moving,
                "limit": limit,
            },
        )
        return [_Spot(*row) for row in rows]

    async def _change(self, edit: Edit, *, guarded: bool) -> int | None:
        """The number of the task if the edit changed it."""
        guard = self._writing.guard_kind if guarded else None
        step = steps.edit_task_step(kind_of(edit.key), edit.aspects, guard, trashed=edit.trashed)
        values = edit_values(self._owner, edit, self._writing)
        values |= {"revision": self.number, "floor": self.floor}
        rows = await self._transaction.fetch(step, values)
        return rows[0][0] if rows else None

    def _note(self, number: int, action: Action) -> None:
        """Several writes to one task within a revision are called by what they come to."""
        before = self._actions.get(number)
        if action == "deleted" or before is None:
            self._actions[number] = action
        elif number in self._born:
            self._actions[number] = "created"
        elif before not in {action, "restored"}:
            self._actions[number] = "updated"

    async def _current(self, key: TaskKey, into: type[T], *, trashed: bool = False) -> _Current[T]:
        current = await self._find(key, into, trashed=trashed)
        if current is None:
            raise TaskNotFound
        return current

    async def _find(self, key: TaskKey, into: type[T], *, trashed: bool) -> _Current[T] | None:
        kind = kind_of(key)
        values = {"owner": self._owner, kind: key}
        rows = await self._transaction.fetch(steps.current_task(kind, into, trashed=trashed), values)
        if not rows:
            return None
        number, done, revision = rows[0][-3:]
        return _Current(read_row(into, rows[0]), number, done, revision)

    def _first_position(self) -> str:
        self._given_first += 1
        return first_of(self.number, self._given_first - 1)

    def _last_position(self) -> str:
        self._given_last += 1
        return last_of(self.number, self._given_last - 1)

    async def _record(self) -> None:
        if self.reached != self.number:
            return
        self._require_room()
        if self._actions:
            await self._transaction.execute_many(
                steps.APPEND_VERSION,
                [
                    {"owner": self._owner, "id": number, "action": action, "via": self._writing.via}
                    for number, action in self._actions.items()
                ],
            )
        raised = {"owner": self._owner, "revision": self.number, "born": len(self._born)}
        await self._transaction.fetch(steps.RAISE_REVISION, raised)

    def _require_room(self) -> None:
        """What only deletes is never refused: there is an end to it, as no more is deleted than there is."""
        quota = self._writing.quotas.history_bytes
        if self._history_bytes >= quota and any(
            action != "deleted" or number in self._born for number, action in self._actions.items()
        ):
            raise HistoryQuotaExceeded(quota)
