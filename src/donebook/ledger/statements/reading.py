"""Statements that read records by their ids."""

from functools import cache

from sqlalchemy import bindparam, select

from donebook.ledger.kinds.facts import select_facts
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.operations import KeyColumn
from donebook.ledger.statements.parts import OWNER, Row, is_live, is_mine, key_is
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.storage.types import Numbers, is_among

SELECT_REVISION = select(spaces.c.revision).where(spaces.c.id == OWNER)

OWNER_REVISION = Statement("owner_revision", SELECT_REVISION)


@cache
def get_record(kind: Kind, key: KeyColumn, into: Row, *, include_trashed: bool = False) -> Statement:
    """One record of the owner, one in the trash too if asked, with its revision last."""
    facts = select_facts(kind, into, kind.table)
    found = select(*facts, kind.table.c.revision.label("etag")).where(is_mine(kind), key_is(kind, key))
    if not include_trashed:
        found = found.where(is_live(kind))
    found_in = "any" if include_trashed else "live"
    return Statement(f"get_{kind.name}[{key},{found_in},{into.__name__}]", found)


@cache
def number_of(kind: Kind, key: KeyColumn) -> Statement:
    """The number of a record of the owner, in the trash or not."""
    number = select(kind.table.c.id).where(is_mine(kind), key_is(kind, key))
    return Statement(f"number_of_{kind.name}[{key}]", number)


@cache
def records_by_number(kind: Kind, into: Row) -> Statement:
    """The owner's records of these numbers, wherever they are; each row ends with its number."""
    number = kind.table.c.id
    found = select(*select_facts(kind, into, kind.table), number.label(kind.version_of.name)).where(
        is_mine(kind), is_among(number, bindparam("numbers", type_=Numbers))
    )
    return Statement(f"{kind.name}s_by_number[{into.__name__}]", found)
