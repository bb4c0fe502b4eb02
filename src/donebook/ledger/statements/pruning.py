"""Statements that forget the oldest history of a space, revision after revision."""

from functools import cache

from sqlalchemy import (
    BigInteger,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    select,
    tuple_,
    update,
)

from donebook.ledger.kinds.kind import Kind
from donebook.ledger.model import tombstones
from donebook.ledger.statements.parts import OWNER, version_bytes
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.storage.types import Instant

_AFTER = bindparam("after", type_=BigInteger)
_UPTO = bindparam("upto", type_=BigInteger)
_LIMIT = bindparam("limit", type_=BigInteger)

FLOORS = Statement(
    "floors",
    select(spaces.c.revision, spaces.c.history_floor, spaces.c.history_bytes)
    .where(spaces.c.id == OWNER)
    .with_for_update(key_share=True),
)
"""Locks the space: its revision, up to where history is forgotten, and the bytes of what is kept."""


@cache
def oldest_versions(kind: Kind) -> Statement:
    """The revision and the bytes of the oldest versions above the floor."""
    versions = kind.versions
    oldest = (
        select(versions.c.revision, version_bytes(kind, versions).label("bytes"))
        .where(versions.c.owner_id == OWNER, versions.c.revision > _AFTER)
        .order_by(versions.c.revision)
        .limit(_LIMIT)
    )
    return Statement(f"oldest_{kind.name}_versions", oldest)


@cache
def newest_before(kind: Kind) -> Statement:
    """The newest revision before a moment, of those above the floor."""
    versions = kind.versions
    newest = select(func.max(versions.c.revision)).where(
        versions.c.owner_id == OWNER,
        versions.c.revision > _AFTER,
        versions.c.at < bindparam("before", type_=Instant),
    )
    return Statement(f"newest_{kind.name}_version_before", newest, varies=True)


@cache
def prune_versions(kind: Kind) -> Statement:
    """Deletes versions that a revision of the slice followed.

    So of each record the newest version up to the floor stays: what the first change that is still told of
    was made to, and a base to merge with.
    """
    versions, record = kind.versions, kind.version_of
    newer = versions.alias("newer")
    superseded = (
        select(versions.c.revision, record)
        .select_from(newer)
        .join(
            versions,
            and_(
                versions.c.owner_id == OWNER,
                versions.c.revision == newer.c.previous_revision,
                record == newer.c[record.name],
            ),
        )
        .where(newer.c.owner_id == OWNER, newer.c.revision > _AFTER, newer.c.revision <= _UPTO)
    )
    pruned = (
        delete(versions)
        .where(versions.c.owner_id == OWNER, tuple_(versions.c.revision, record).in_(superseded))
        .returning(version_bytes(kind, versions).label("bytes"))
    )
    return Statement(f"prune_{kind.name}_versions", pruned, varies=True)


@cache
def prune_blanks(kind: Kind) -> Statement:
    """Deletes what records that were deleted for good left behind in the slice."""
    versions = kind.versions
    (first,) = kind.fields[0].columns
    pruned = (
        delete(versions)
        .where(
            versions.c.owner_id == OWNER,
            versions.c.revision > _AFTER,
            versions.c.revision <= _UPTO,
            versions.c[first] == literal("", Text),
        )
        .returning(version_bytes(kind, versions).label("bytes"))
    )
    return Statement(f"prune_{kind.name}_blanks", pruned, varies=True)


FORGET_BURIED = Statement(
    "forget_buried",
    delete(tombstones)
    .where(tombstones.c.owner_id == OWNER, tombstones.c.revision <= _UPTO)
    .returning(tombstones.c.revision),
    varies=True,
)

_FLOOR = bindparam("floor", type_=BigInteger)

FORGET_HISTORY = Statement(
    "forget_history",
    update(spaces)
    .where(spaces.c.id == OWNER)
    .values(
        history_floor=_UPTO,
        history_bytes=spaces.c.history_bytes - bindparam("freed", type_=BigInteger),
        floor=case((spaces.c.floor < _FLOOR, _FLOOR), else_=spaces.c.floor),
    ),
)
