"""Writing one record: in one statement where the database can, else in a transaction."""

from typing import Generic, TypeVar

import msgspec

from donebook.errors import PreconditionFailed, TaskNotFound, UserUnknown
from donebook.ledger.kinds.facts import read_row
from donebook.ledger.kinds.kind import Kind
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
from donebook.ledger.statements import reading, single_statement
from donebook.ledger.writing.revision import Written, in_revision
from donebook.principal import Principal
from donebook.storage.database import Database

T = TypeVar("T", bound=msgspec.Struct)


class Found(msgspec.Struct, Generic[T], frozen=True):
    """A record and the revision it stands at."""

    record: T
    revision: int


async def get_record(
    database: Database,
    principal: Principal,
    kind: Kind,
    key: Key,
    into: type[T],
    *,
    include_trashed: bool = False,
) -> Found[T]:
    """Raises `TaskNotFound`, for a record of another user too, and for one in the trash unless asked."""
    column = column_of(key)
    statement = reading.get_record(kind, column, into, include_trashed=include_trashed)
    rows = await database.read(statement, {"owner": principal.user_id, column: key})
    if not rows:
        raise TaskNotFound
    row = rows[0]
    return Found(read_row(into, row), row[-1])


async def owner_revision(database: Database, principal: Principal) -> int:
    """The revision that everything of the principal stands at; raises `UserUnknown`."""
    rows = await database.read(reading.OWNER_REVISION, {"owner": principal.user_id})
    if not rows:
        raise UserUnknown
    revision: int = rows[0][0]
    return revision


async def create_record(
    database: Database, principal: Principal, creation: Creation, writing: Writing, into: type[T]
) -> Written[T]:
    """Create a record, or return the one that already has the UUID which the client chose.

    Raises `UserUnknown`, `PreconditionFailed`, `TaskErased`, `QuotaExceeded`.
    """
    if database.dialect == "postgresql":
        chosen = creation.uuid is not None
        create = single_statement.create_chosen_alone if chosen else single_statement.create_alone
        statement = create(creation.kind, into, guarded=writing.if_match is not None)
        values = creation_values(principal.user_id, creation, writing)
        rows = await database.write(statement, values | {"action": "created", "via": writing.via})
        if rows:
            return Written(read_row(into, rows[0]), rows[0][-1], changed=True)
        if not chosen and writing.if_match is not None:
            revision = await owner_revision(database, principal)
            if revision != writing.if_match:
                raise PreconditionFailed(None, revision)
    return await in_revision(database, principal, writing, lambda taken: taken.create(creation, into))


async def edit_record(
    database: Database, principal: Principal, edit: Edit, writing: Writing, into: type[T]
) -> Written[T]:
    """Apply an edit; one that would change nothing changes nothing.

    Raises `TaskNotFound`, `PreconditionFailed`, `QuotaExceeded`.
    """
    if not edit.aspects:
        found = await get_record(database, principal, edit.kind, edit.key, into, include_trashed=edit.trashed)
        if not writing.allows(found.revision):
            raise PreconditionFailed(found.record, found.revision)
        return Written(found.record, found.revision, changed=False)
    if database.dialect == "postgresql":
        statement = single_statement.edit_alone(
            edit.kind,
            column_of(edit.key),
            edit.aspects,
            into,
            writing.guard_kind,
            include_trashed=edit.trashed,
        )
        rows = await database.write(statement, edit_values(principal.user_id, edit, writing))
        if not rows:
            raise TaskNotFound
        row = rows[0]
        revision, outcome = row[-2:]
        if outcome != single_statement.STALE:
            if outcome == single_statement.KEPT and not writing.allows(revision):
                raise PreconditionFailed(read_row(into, row), revision)
            return Written(read_row(into, row), revision, outcome == single_statement.WRITTEN)
    try:
        return await in_revision(database, principal, writing, lambda taken: taken.edit(edit, into))
    except UserUnknown:
        raise TaskNotFound from None


async def move_record(
    database: Database, principal: Principal, move: Move, writing: Writing, into: type[T]
) -> Written[T]:
    """Give a record a new place; one that is there already stays as it is.

    Raises `TaskNotFound`, `NeighbourNotFound`, `PreconditionFailed`, `QuotaExceeded`.
    """
    if move.anchor is None and database.dialect == "postgresql":
        name = "first" if move.side == "before" else "last"
        edit = Edit(move.kind, move.key, frozenset({name}), action="moved")
        return await edit_record(database, principal, edit, writing, into)
    try:
        return await in_revision(database, principal, writing, lambda taken: taken.move(move, into))
    except UserUnknown:
        raise TaskNotFound from None
