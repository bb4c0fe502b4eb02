"""A revision in the making: writes within one transaction that share one new revision."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from donebook.errors import (
    HistoryQuotaExceeded,
    PreconditionFailed,
    TaskErased,
    TaskNotFound,
    TaskQuotaExceeded,
    UserUnknown,
)
from donebook.ledger.kinds.facts import read_row
from donebook.ledger.kinds.kind import Action, Kind
from donebook.ledger.kinds.registry import all_kinds
from donebook.ledger.operations import (
    Creation,
    Edit,
    Key,
    Move,
    Writing,
    column_of,
    creation_values,
    edit_values,
)
from donebook.ledger.statements import in_transaction
from donebook.ledger.writing.arrangement import Arrangement
from donebook.ledger.writing.pruning import transact_with_room
from donebook.principal import Principal
from donebook.storage.database import Database, Transaction
from donebook.storage.statement import Row, Statement, Values

T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")

_Record = tuple[Kind, int]
"""A record's kind and number."""


class Written(msgspec.Struct, Generic[T], frozen=True):
    """A record after a write: the revision it stands at, and whether this write changed it."""

    record: T
    revision: int
    changed: bool


class _Current(msgspec.Struct, Generic[T], frozen=True):
    record: T
    number: int
    flags: Sequence[bool]
    revision: int


class OpenRevision:
    """One new revision of one owner; taken only if something changes.

    The space's row is locked from the start to the end of the transaction, so that revisions commit
    in order and without gaps.
    """

    def __init__(self, transaction: Transaction, principal: Principal, writing: Writing, space: Row) -> None:
        self.transaction = transaction
        self.owner = principal.user_id
        self._writing = writing
        self._actions: dict[_Record, Action] = {}
        self._born: set[_Record] = set()
        self._kept: set[Kind] = set()
        number, self.floor, self._tasks, self._history_bytes, _ = space
        self.number: int = number + 1
        self._arrangement = Arrangement(transaction, self.owner, self.number, self._place)

    @classmethod
    async def take(
        cls,
        transaction: Transaction,
        principal: Principal,
        writing: Writing,
        work: "Callable[[OpenRevision], Awaitable[R]]",
    ) -> R:
        """Lock the space, do the work, and record what it changed; raises `UserUnknown`, `QuotaExceeded`."""
        rows = await transaction.fetch(in_transaction.LOCK_OWNER, {"owner": principal.user_id})
        if not rows:
            raise UserUnknown
        revision = cls(transaction, principal, writing, rows[0])
        result = await work(revision)
        await revision._record()
        return result

    @property
    def reached(self) -> int:
        """The owner's revision with what was done so far."""
        return self.number if self._actions or self._kept else self.number - 1

    def require_owner_at(self, expected: int | None) -> None:
        """Raise `PreconditionFailed` unless the owner stands at that revision (or at any, for ``None``)."""
        if expected not in {None, self.number - 1}:
            raise PreconditionFailed(None, self.number - 1)

    def keep(self, kind: Kind) -> None:
        """Take the revision, and count what was added to the kind's versions, even if no record is left."""
        self._kept.add(kind)

    async def create(self, creation: Creation, into: type[T]) -> Written[T]:
        """Create a record at the end of the list.

        One that has the UUID which the client chose is returned as it is, in the trash or not.
        Raises `TaskErased`, `PreconditionFailed`, `QuotaExceeded`.
        """
        self.require_owner_at(self._writing.if_match)
        kind = creation.kind
        if creation.uuid is not None:
            existing = await self._find(kind, creation.uuid, into, include_trashed=True)
            if existing is not None:
                return Written(existing.record, existing.revision, changed=False)
            if await self._fetch(in_transaction.is_erased(kind), {"uuid": creation.uuid}):
                raise TaskErased
        quota = self._writing.quotas.tasks
        if self._tasks + len(self._born) >= quota:
            raise TaskQuotaExceeded(quota)
        allotted = await self._fetch(in_transaction.allot_number(kind), {})
        number: int = allotted[0][0]
        values = creation_values(self.owner, creation, self._writing)
        values |= {"id": number, "position": self._arrangement.last_position(), "revision": self.number}
        await self.transaction.fetch(in_transaction.create_step(kind), values)
        self._born.add((kind, number))
        self._note((kind, number), "created")
        current = await self._current(kind, number, into)
        return Written(current.record, self.number, changed=True)

    async def edit(self, edit: Edit, into: type[T]) -> Written[T]:
        """Apply an edit; raises `TaskNotFound`, `PreconditionFailed`."""
        changed = await self._change(edit, guarded=True) if edit.aspects else None
        include_trashed = changed is not None or edit.trashed
        current = await self._current(edit.kind, edit.key, into, include_trashed=include_trashed)
        if changed is not None:
            self._note((edit.kind, changed), edit.action or _outcome_of(edit, current.flags))
        elif not self._writing.allows(current.revision):
            raise PreconditionFailed(current.record, current.revision)
        return Written(current.record, current.revision, changed=changed is not None)

    async def move(self, move: Move, into: type[T]) -> Written[T]:
        """Move a record; raises `TaskNotFound`, `NeighbourNotFound`, `PreconditionFailed`."""
        current = await self._current(move.kind, move.key, into)
        if not self._writing.allows(current.revision):
            raise PreconditionFailed(current.record, current.revision)
        if not await self._arrangement.move(move, current.number):
            return Written(current.record, current.revision, changed=False)
        moved = await self._current(move.kind, current.number, into)
        return Written(moved.record, moved.revision, changed=True)

    async def _place(self, kind: Kind, number: int, position: str) -> None:
        edit = Edit(kind, number, frozenset({"position"}), {"position": position}, "moved")
        if await self._change(edit, guarded=False) is not None:
            self._note((kind, number), "moved")

    async def _change(self, edit: Edit, *, guarded: bool) -> int | None:
        """The number of the record if the edit changed it."""
        guard = self._writing.guard_kind if guarded else None
        step = in_transaction.edit_step(
            edit.kind, column_of(edit.key), edit.aspects, guard, include_trashed=edit.trashed
        )
        values = edit_values(self.owner, edit, self._writing)
        values |= {"revision": self.number, "floor": self.floor}
        rows = await self.transaction.fetch(step, values)
        return rows[0][0] if rows else None

    def _fetch(self, statement: Statement, values: Values) -> Awaitable[Sequence[Row]]:
        return self.transaction.fetch(statement, {"owner": self.owner, **values})

    def _note(self, record: _Record, action: Action) -> None:
        """Several writes to one record within a revision are called by what they come to."""
        before = self._actions.get(record)
        if action == "deleted" or before is None:
            self._actions[record] = action
        elif record in self._born:
            self._actions[record] = "created"
        elif before not in {action, "restored"}:
            self._actions[record] = "updated"

    async def _current(
        self, kind: Kind, key: Key, into: type[T], *, include_trashed: bool = False
    ) -> _Current[T]:
        current = await self._find(kind, key, into, include_trashed=include_trashed)
        if current is None:
            raise TaskNotFound
        return current

    async def _find(
        self, kind: Kind, key: Key, into: type[T], *, include_trashed: bool
    ) -> _Current[T] | None:
        column = column_of(key)
        statement = in_transaction.current_record(kind, column, into, include_trashed=include_trashed)
        rows = await self._fetch(statement, {column: key})
        if not rows:
            return None
        number, *flags, revision = rows[0][-2 - len(kind.flags) :]
        return _Current(read_row(into, rows[0]), number, flags, revision)

    async def _record(self) -> None:
        if self.reached != self.number:
            return
        self._require_room()
        touched = self._kept | {kind for kind, _ in self._actions}
        kinds = tuple(kind for kind in all_kinds() if kind in touched)
        for kind in kinds:
            appended = [
                {"owner": self.owner, "id": number, "action": action, "via": self._writing.via}
                for (of_kind, number), action in self._actions.items()
                if of_kind is kind
            ]
            if appended:
                await self.transaction.execute_many(in_transaction.append_version(kind), appended)
        raised = {"revision": self.number, "born": len(self._born)}
        await self._fetch(in_transaction.raise_revision(kinds), raised)

    def _require_room(self) -> None:
        """What only deletes is never refused: there is an end to it, as no more is deleted than there is."""
        quota = self._writing.quotas.history_bytes
        if self._history_bytes >= quota and any(
            action != "deleted" or record in self._born for record, action in self._actions.items()
        ):
            raise HistoryQuotaExceeded(quota)


def in_revision(
    database: Database,
    principal: Principal,
    writing: Writing,
    work: Callable[[OpenRevision], Awaitable[R]],
) -> Awaitable[R]:
    """Do the work within one new revision, in a transaction; makes room in the history if it must."""
    return transact_with_room(
        database, principal, lambda transaction: OpenRevision.take(transaction, principal, writing, work)
    )


def _outcome_of(edit: Edit, flags: Sequence[bool]) -> Action:
    """What a toggle came to, by the flags of the record after it."""
    kind = edit.kind
    toggled = next(turn.toggles for name in edit.aspects if (turn := kind.turns.get(name)) and turn.toggles)
    is_on = dict(zip(kind.flags, flags, strict=True))[toggled]
    flag = kind.flags[toggled]
    return kind.turns[flag.on if is_on else flag.off].action or "updated"
