"""Merging: an edit that was made of an older version, applied to the newest one."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec

from donebook.errors import (
    EditConflict,
    FieldConflict,
    PreconditionFailed,
    RevisionAhead,
    TaskNotFound,
    UserUnknown,
)
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.kinds.state import State, read_state
from donebook.ledger.operations import Edit, Key, Writing, change, column_of
from donebook.ledger.statements.versions import current_state, state_at
from donebook.ledger.writing.records import edit_record
from donebook.ledger.writing.revision import OpenRevision, Written, in_revision
from donebook.principal import Principal
from donebook.storage.database import Database

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Merge:
    """Fields to set, as `change` does, by a client that saw the record as of the revision ``base``."""

    kind: Kind
    key: Key
    fields: dict[str, Any]
    base: int

    @property
    def edit(self) -> Edit:
        """What to do if nothing is in the way."""
        return change(self.kind, self.key, self.fields)


async def merge_record(
    database: Database, principal: Principal, merge: Merge, writing: Writing, into: type[T]
) -> Written[T]:
    """Apply the edit, unless a field of it was given a value that the client has not seen.

    A field that has another value by now than it had as of the base, and than the client gives it, is
    in conflict. If the base is older than what is kept, or than the record, every field is that the
    client gives another value; so it is if the base may be of a lost history, unless a version of the record
    carries exactly that revision. Raises `EditConflict`, `RevisionAhead`, `TaskNotFound`,
    `PreconditionFailed`, `QuotaExceeded`.
    """
    if writing.if_match is None:
        # Mostly nothing happened to the record since, which the write itself can see.
        with suppress(PreconditionFailed):
            simple = replace(writing, unless_after=merge.base)
            written = await edit_record(database, principal, merge.edit, simple, into)
            if written.changed:
                return written

    async def merge_into(taken: OpenRevision) -> Written[T]:
        if merge.base >= taken.number:
            raise RevisionAhead(taken.number - 1)
        await _require_mergeable(taken, merge, writing)
        return await taken.edit(merge.edit, into)

    try:
        return await in_revision(database, principal, writing, merge_into)
    except UserUnknown:
        raise TaskNotFound from None


async def _require_mergeable(taken: OpenRevision, merge: Merge, writing: Writing) -> None:
    owner = taken.owner
    kind, column = merge.kind, column_of(merge.key)
    rows = await taken.transaction.fetch(current_state(kind, column), {"owner": owner, column: merge.key})
    if not rows:
        raise TaskNotFound
    number, newest, *current = rows[0]
    if not writing.allows(newest):
        # The edit will say so, and show the record.
        return
    values = {"owner": owner, "id": number, "newest": newest, "since": merge.base, "floor": taken.floor}
    then = await taken.transaction.fetch(state_at(kind), values)
    now = read_state(kind, current)
    assert now is not None
    conflicts = _conflicts(merge.fields, now, read_state(kind, then[0]) if then else None)
    if conflicts:
        raise EditConflict(conflicts)


def _conflicts(fields: dict[str, Any], current: State, then: State | None) -> list[FieldConflict]:
    conflicts = []
    for name, given in fields.items():
        theirs = current[name]
        if given != theirs and (then is None or theirs != then[name]):
            conflicts.append(FieldConflict(name, given, theirs))
    return conflicts
