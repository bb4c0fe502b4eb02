"""Undo: everything that one request did, taken back as a new revision."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import msgspec

from donebook.errors import ChangeNotFound, UndoConflict, UndoObstacle
from donebook.ledger.state import FIELDS, State, differing, edit_back, read_state
from donebook.ledger.statements.versions import STATES_OF_REVISION
from donebook.ledger.together import Outcome, read_tasks
from donebook.principal import Principal
from donebook.storage.database import Database, Transaction
from donebook.storage.statement import Row
from donebook.tasks.history import transact_with_room
from donebook.tasks.revisions import OpenRevision
from donebook.tasks.values import Writing, delete

T = TypeVar("T", bound=msgspec.Struct)

_STATE = len(State.__struct_fields__)


async def undo_change(
    database: Database, principal: Principal, revision: int, writing: Writing, into: type[T]
) -> Outcome[T]:
    """Give all tasks that the revision changed their values from before it, where it changed them.

    What it created goes to the trash, what it deleted comes back. Undoing an undo does again what was
    undone. ``writing.if_match`` is the owner's revision. Raises `ChangeNotFound` for a revision that
    did nothing or is older than what is kept, `UndoConflict` if a field that it changed has another
    value by now, `PreconditionFailed`, `QuotaExceeded`, `UserUnknown`.
    """

    async def work(transaction: Transaction) -> Outcome[T]:
        return await OpenRevision.take(
            transaction,
            principal,
            writing.unconditional(),
            lambda taken: revert(transaction, taken),
        )

    async def revert(transaction: Transaction, taken: OpenRevision) -> Outcome[T]:
        taken.require_owner_at(writing.if_match)
        owner = principal.user_id
        rows = await transaction.fetch(STATES_OF_REVISION, {"owner": owner, "revision": revision})
        steps = [_step(row) for row in rows]
        if not steps:
            raise ChangeNotFound
        if obstacles := [found for step in steps if (found := step.obstacle()) is not None]:
            raise UndoConflict(obstacles)
        for step in steps:
            await _take_back(taken, step, into)
        numbers = [step.number for step in steps]
        return Outcome(taken.reached, await read_tasks(transaction, owner, numbers, into))

    return await transact_with_room(database, principal, work)


@dataclass(frozen=True, slots=True)
class _Step:
    number: int
    uuid: UUID | None
    after: State
    before: State | None
    now: State | None

    def touched(self) -> Sequence[str]:
        return FIELDS if self.before is None else differing(self.before, self.after)

    def obstacle(self) -> UndoObstacle | None:
        if self.now is None:
            return UndoObstacle(self.number, None, ("deleted_at",))
        changed = differing(self.after, self.now, self.touched())
        return UndoObstacle(self.number, self.uuid, tuple(changed)) if changed else None


def _step(row: Row) -> _Step:
    number, uuid = row[:2]
    after, before, now = (row[2 + index * _STATE : 2 + (index + 1) * _STATE] for index in range(3))
    return _Step(number, uuid, State(*after), read_state(before), read_state(now))


async def _take_back(taken: OpenRevision, step: _Step, into: type[T]) -> None:
    assert step.now is not None
    if step.before is None:
        if step.now.deleted_at is None:
            await taken.edit(delete(step.number), into)
    elif fields := step.touched():
        await taken.edit(edit_back(step.number, step.now, step.before, fields), into)
