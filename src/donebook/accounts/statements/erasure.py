"""Leaving nothing of a user."""

from functools import cache

from sqlalchemy import MetaData, Table, delete, null, update

from donebook.accounts.model import auth_events, erased_subjects, users
from donebook.accounts.statements.binds import NOW, OWNER, text
from donebook.accounts.statements.users import DIGEST
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement, upserting

REMEMBER_ERASED = upserting(
    "remember_erased",
    lambda dialects_insert: (
        dialects_insert(erased_subjects)
        .values(digest=DIGEST, at=NOW)
        .on_conflict_do_nothing(index_elements=[erased_subjects.c.digest])
    ),
)

FORGET_ERASED = Statement(
    "forget_erased",
    delete(erased_subjects).where(erased_subjects.c.digest == DIGEST).returning(erased_subjects.c.digest),
)

ERASE_USER = Statement("erase_user", delete(users).where(users.c.id == OWNER).returning(users.c.id))
"""Takes everything along that has a foreign key to the user; their ledger has one to their space."""

ANONYMISE_EVENTS = Statement(
    "anonymise_events",
    update(auth_events)
    .where(auth_events.c.user_id == text("erased"))
    .values(user_id=null(), address=null(), user_agent=null(), request_id=null()),
    crosses_owners=True,  # from the user to nobody
)


@cache
def erase_rows(table: Table) -> Statement:
    """Deletion of the owner's rows from a table that does not empty itself with the user or their space."""
    return Statement(f"erase_{table.name}", delete(table).where(table.c[_owner_column(table)] == OWNER))


def tables_to_empty(schema: MetaData) -> list[Table]:
    """The tables that name an owner and follow neither users nor spaces, save that of events."""
    return [
        table
        for table in schema.sorted_tables
        if (column := _owner_column(table)) and not _follows(table, column) and table is not auth_events
    ]


def _owner_column(table: Table) -> str:
    return next((name for name in ("owner_id", "user_id") if name in table.c), "")


def _follows(table: Table, column: str) -> bool:
    heads = (users.c.id, spaces.c.id)
    return any(
        key.ondelete == "CASCADE" and any(key.column is head for head in heads)
        for key in table.c[column].foreign_keys
    )
