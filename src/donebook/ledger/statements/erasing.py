"""Statements that delete records for good: the content of their versions, and their rows."""

from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    tuple_,
    update,
)

from donebook.ledger.kinds.facts import select_facts
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.model import tombstones
from donebook.ledger.operations import KeyColumn
from donebook.ledger.statements.parts import (
    ENTRY,
    NO_BYTES,
    NOW,
    OWNER,
    REVISION,
    VIA,
    Row,
    is_mine,
    is_trashed,
    key_is,
    version_bytes,
    version_columns,
)
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.storage.types import Instant, Labels, Numbers, is_among


def in_order(kind: Kind) -> tuple[Statement, ...]:
    """The statements that delete records for good, in the order in which they are to run."""
    return (
        count_erased(kind),
        blank_versions(kind),
        append_erasure(kind),
        bury(kind),
        erase(kind),
    )


@cache
def find_trashed(kind: Kind, key: KeyColumn, into: Row) -> Statement:
    """A record in the trash: its facts, its number and its revision."""
    table = kind.table
    found = select(
        *select_facts(kind, into, table), table.c.id.label("number"), table.c.revision.label("etag")
    ).where(is_mine(kind), key_is(kind, key), is_trashed(kind))
    return Statement(f"find_trashed_{kind.name}[{key},{into.__name__}]", found)


@cache
def trashed_before(kind: Kind) -> Statement:
    """Numbers of records that went to the trash before a moment, the oldest first."""
    table = kind.table
    found = (
        select(table.c.id)
        .where(is_mine(kind), table.c.deleted_at < bindparam("before", type_=Instant))
        .order_by(table.c.deleted_at, table.c.id)
        .limit(bindparam("limit", type_=BigInteger))
    )
    return Statement(f"{kind.name}s_trashed_before", found)


@cache
def count_erased(kind: Kind) -> Statement:
    """Takes the records and the content of their versions from the space's counters; adds tombstones."""
    versions = kind.versions
    blank_bytes = ENTRY + literal_column(str(_blank_bytes(kind)), BigInteger)
    texts = select(func.coalesce(func.sum(version_bytes(kind, versions) - blank_bytes), NO_BYTES))
    texts = texts.where(
        versions.c.owner_id == OWNER,
        tuple_(versions.c.revision, kind.version_of).in_(_versions_of_them(kind)),
    )
    erased = bindparam("erased", type_=BigInteger)
    counted = (
        update(spaces)
        .where(spaces.c.id == OWNER)
        .values(
            tasks=spaces.c.tasks - erased,
            history_bytes=spaces.c.history_bytes - texts.scalar_subquery() + erased * ENTRY,
        )
    )
    return Statement(f"count_erased_{kind.name}s", counted, varies=True)


@cache
def blank_versions(kind: Kind) -> Statement:
    """Takes the content out of all versions of the records; that something was done, and when, stays."""
    versions = kind.versions
    blanked = (
        update(versions)
        .values(_blank(kind))
        .where(
            versions.c.owner_id == OWNER,
            tuple_(versions.c.revision, kind.version_of).in_(_versions_of_them(kind)),
        )
    )
    return Statement(f"blank_{kind.name}_versions", blanked, varies=True)


@cache
def append_erasure(kind: Kind) -> Statement:
    """The last version, which says that the record was deleted."""
    table, blank = kind.table, _blank(kind)
    version = select(
        table.c.owner_id,
        REVISION,
        table.c.id,
        table.c.revision,
        literal("deleted", Text),
        VIA,
        NOW,
        *(blank.get(name, table.c.deleted_at) for name in kind.columns),
    ).where(is_mine(kind), _among(kind))
    appended = insert(kind.versions).from_select(version_columns(kind), version, include_defaults=False)
    return Statement(f"append_{kind.name}_erasure", appended)


@cache
def bury(kind: Kind) -> Statement:
    """The records' tombstones."""
    table = kind.table
    stones = select(table.c.owner_id, REVISION, table.c.id, table.c.uuid, NOW)
    buried = insert(tombstones).from_select(
        ["owner_id", "revision", "task_id", "uuid", "erased_at"],
        stones.where(is_mine(kind), _among(kind)),
        include_defaults=False,
    )
    return Statement(f"bury_{kind.name}s", buried)


@cache
def erase(kind: Kind) -> Statement:
    """Deletes the records themselves."""
    return Statement(f"erase_{kind.name}s", delete(kind.table).where(is_mine(kind), _among(kind)))


def _among(kind: Kind) -> ColumnElement[bool]:
    return is_among(kind.table.c.id, bindparam("numbers", type_=Numbers))


def _blank(kind: Kind) -> dict[str, ColumnElement[Any]]:
    """What erasing makes of each column of a version; ``deleted_at`` stays."""
    columns = kind.table.c
    return {
        name: null() if value is None else literal(value, columns[name].type)
        for field in kind.fields
        if field.name != "deleted_at"
        for name, value in zip(field.columns, field.write(field.nothing), strict=True)
    }


def _blank_bytes(kind: Kind) -> int:
    """The bytes of a blank version's content: an empty list has two."""
    return sum(2 for name in kind.measured if isinstance(kind.table.c[name].type, Labels))


def _versions_of_them(kind: Kind) -> Select[Any]:
    chain = _chain(kind)
    return select(chain.c.revision, chain.c[kind.version_of.name])


def _chain(kind: Kind) -> CTE:
    versions, number, table = kind.versions, kind.version_of, kind.table
    links = select(versions.c.revision, number, versions.c.previous_revision)
    newest = links.join(table, and_(table.c.id == number, table.c.revision == versions.c.revision)).where(
        versions.c.owner_id == OWNER, is_mine(kind), _among(kind)
    )
    chain = newest.cte("chain", recursive=True)
    older = links.join(
        chain, and_(versions.c.revision == chain.c.previous_revision, number == chain.c[number.name])
    ).where(versions.c.owner_id == OWNER)
    return chain.union_all(older)
