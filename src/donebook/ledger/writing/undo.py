"""Undo: everything that one request did, taken back as a new revision."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import msgspec

from donebook.errors import ChangeNotFound, UndoConflict, UndoObstacle
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.kinds.state import State, differing, read_state
from donebook.ledger.operations import Writing, edit_back, turn
from donebook.ledger.statements.versions import states_of_revision
from donebook.ledger.writing.outcome import Outcome, read_records
from donebook.ledger.writing.revision import OpenRevision, in_revision
from donebook.principal import Principal
from donebook.storage.database import Database
from donebook.storage.statement import Row

T = TypeVar("T", bound=msgspec.Struct)


async def undo_change(
    database: Database, principal: Principal, revision: int, writing: Writing, into: type[T], *, kind: Kind
) -> Outcome[T]:
    """Give the records of the kind that the revision changed their values from before it, where it did.

    What it created goes to the trash, what it deleted comes back. Undoing an undo does again what was
    undone. ``writing.if_match`` is the owner's revision. Raises `ChangeNotFound` for a revision that
    did nothing or is older than what is kept, `UndoConflict` if a field that it changed has another
    value by now, `PreconditionFailed`, `QuotaExceeded`, `UserUnknown`.
    """

    async def revert(taken: OpenRevision) -> Outcome[T]:
        taken.require_owner_at(writing.if_match)
        owner = principal.user_id
        rows = await taken.transaction.fetch(states_of_revision(kind), {"owner": owner, "revision": revision})
        steps = [_step(kind, row) for row in rows]
        if not steps:
            raise ChangeNotFound
        if obstacles := [found for step in steps if (found := step.obstacle()) is not None]:
            raise UndoConflict(obstacles)
        for step in steps:
            await _take_back(taken, step, into)
        numbers = [step.number for step in steps]
        return Outcome(taken.reached, await read_records(taken.transaction, owner, kind, numbers, into))

    return await in_revision(database, principal, writing.unconditional(), revert)


@dataclass(frozen=True, slots=True)
class _Step:
    kind: Kind
    number: int
    uuid: UUID | None
    after: State
    before: State | None
    now: State | None

    def touched(self) -> Sequence[str]:
        if self.before is None:
            return list(self.kind.field)
        return differing(self.kind, self.before, self.after)

    def obstacle(self) -> UndoObstacle | None:
        if self.now is None:
            return UndoObstacle(self.number, None, ("deleted_at",))
        changed = differing(self.kind, self.after, self.now, self.touched())
        return UndoObstacle(self.number, self.uuid, tuple(changed)) if changed else None


def _step(kind: Kind, row: Row) -> _Step:
    number, uuid, *columns = row
    size = len(kind.columns)
    after, before, now = (
        read_state(kind, columns[start : start + size]) for start in range(0, 3 * size, size)
    )
    assert after is not None
    return _Step(kind, number, uuid, after, before, now)


async def _take_back(taken: OpenRevision, step: _Step, into: type[T]) -> None:
    assert step.now is not None
    if step.before is None:
        if step.now["deleted_at"] is None:
            await taken.edit(turn(step.kind, step.number, "delete"), into)
    elif fields := step.touched():
        await taken.edit(edit_back(step.kind, step.number, step.now, step.before, fields), into)
