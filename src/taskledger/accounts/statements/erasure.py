"""Leaving nothing of a user."""

from functools import cache

from sqlalchemy import MetaData, Table, delete, null, update

from taskledger.accounts.model import auth_events, erased_subjects, users
from taskledger.accounts.statements.binds import NOW, OWNER, for_each_dialect
from taskledger.accounts.statements.users import DIGEST
from taskledger.storage.statement import Statement

REMEMBER_ERASED = for_each_dialect(
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
"""Takes everything along that has a foreign key to the user."""

ANONYMISE_EVENTS = Statement(
    "anonymise_events",
    update(auth_events)
    .where(auth_events.c.user_id == OWNER)
    .values(user_id=null(), address=null(), user_agent=null(), request_id=null()),
)


@cache
def erase_what_is_left(schema: MetaData) -> tuple[Statement, ...]:
    """Deletions from every table of the schema that names an owner and does not follow the users table."""
    return tuple(
        Statement(f"erase_{table.name}", delete(table).where(table.c[column] == OWNER))
        for table in schema.tables.values()
        for column in ("owner_id", "user_id")
        if column in table.c and table is not auth_events and not _follows_users(table, column)
    )


def _follows_users(table: Table, column: str) -> bool:
    return any(key.column is users.c.id and key.ondelete == "CASCADE" for key in table.c[column].foreign_keys)
