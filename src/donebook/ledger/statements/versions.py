"""Statements that read versions: what a revision did, and what a record was."""

from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)

from donebook.ledger.kinds.kind import Kind
from donebook.ledger.kinds.state import select_state
from donebook.ledger.model import tombstones
from donebook.ledger.operations import KeyColumn
from donebook.ledger.statements.pages import page_end
from donebook.ledger.statements.parts import FLOOR, OWNER, REVISION, is_live, is_mine, key_is
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement

_SINCE = bindparam("since", type_=BigInteger)
_UNTIL = bindparam("until", type_=BigInteger)
_NUMBER = bindparam("id", type_=BigInteger)

_HISTORY_FLOOR = select(spaces.c.history_floor).where(spaces.c.id == OWNER).scalar_subquery()


class _Versions:
    """The versions of a kind, and what stands beside them."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.table = kind.versions
        self.number: Any = kind.version_of
        self.before = kind.versions.alias("version_before")
        self.theirs = self.table.c.owner_id == OWNER
        self.remembered = self.table.c.revision > _HISTORY_FLOOR
        """Whether all versions of the change that a version belongs to are still there."""

    def with_before(self) -> FromClause:
        """Each with the version before it."""
        return self.table.outerjoin(
            self.before,
            and_(
                self.before.c.owner_id == OWNER,
                self.before.c.revision == self.table.c.previous_revision,
                self.before.c[self.number.name] == self.number,
            ),
        )

    def with_record(self, source: FromClause) -> FromClause:
        """With the record as it stands."""
        records = self.kind.table
        return source.outerjoin(records, and_(is_mine(self.kind), records.c.id == self.number))

    def chain(self, newest: ColumnElement[bool], floor: ColumnElement[int]) -> CTE:
        """Revisions of a record's versions, from the newest down to the first that is not above the floor."""
        versions = self.table
        links = select(versions.c.revision, versions.c.previous_revision)
        chain = links.where(self.theirs, self.number == _NUMBER, newest).cte("chain", recursive=True)
        older = links.where(
            self.theirs,
            self.number == _NUMBER,
            versions.c.revision == chain.c.previous_revision,
            chain.c.revision > floor,
        )
        return chain.union_all(older)


def _labelled(columns: list[ColumnElement[Any]], prefix: str) -> list[ColumnElement[Any]]:
    return [column.label(f"{prefix}_{index}") for index, column in enumerate(columns)]


@cache
def states_of_revision(kind: Kind) -> Statement:
    """What a revision made of each record of the kind that it changed.

    The record's number and UUID; then the state after, the state before (null for a creation) and the
    state now (null if deleted for good).
    """
    versions = _Versions(kind)
    found = (
        select(
            versions.number,
            kind.table.c.uuid,
            *_labelled(select_state(kind, versions.table), "after"),
            *_labelled(select_state(kind, versions.before), "before"),
            *_labelled(select_state(kind, kind.table), "now"),
        )
        .select_from(versions.with_record(versions.with_before()))
        .where(versions.theirs, versions.table.c.revision == REVISION, versions.remembered)
        .order_by(versions.number)
    )
    return Statement(f"{kind.name}_states_of_revision", found)


@cache
def current_state(kind: Kind, key: KeyColumn) -> Statement:
    """A live record's number and revision, and its state."""
    table = kind.table
    found = select(table.c.id, table.c.revision, *select_state(kind, table))
    found = found.where(is_mine(kind), key_is(kind, key), is_live(kind))
    return Statement(f"current_{kind.name}_state[{key}]", found)


@cache
def state_at(kind: Kind) -> Statement:
    """The state of a record as of the revision ``since``; no row if that is older than what is kept.

    Of a revision below the floor, which may be of a lost history, only the version that carries it is taken.
    """
    versions = _Versions(kind)
    table = versions.table
    chain = versions.chain(table.c.revision == bindparam("newest", type_=BigInteger), _SINCE)
    state = (
        select(*select_state(kind, table))
        .select_from(chain.join(table, table.c.revision == chain.c.revision))
        .where(
            versions.theirs,
            versions.number == _NUMBER,
            chain.c.revision <= _SINCE,
            or_(FLOOR <= _SINCE, chain.c.revision == _SINCE),
        )
    )
    return Statement(f"{kind.name}_state_at", state)


@cache
def changes(kind: Kind, *, of_one: bool, newest_first: bool) -> Statement:
    """The versions of a page of revisions, each with the one before, in order.

    Rows are the revision, when, through which contract, what it meant, the record's number and its UUID;
    the state after, the state before; then the owner's revision, that which the page ends with, and whether
    the revision that it goes on from may be of a lost history. If there are none, there is one row
    without a version.
    """
    versions = _Versions(kind)
    table, number, records = versions.table, versions.number, kind.table
    owner = select(spaces.c.revision, spaces.c.floor).where(spaces.c.id == OWNER).cte("owner_row")
    start = _UNTIL if newest_first else _SINCE
    is_known = exists(select(literal(1)).where(versions.theirs, table.c.revision == start).correlate(None))
    wanted = and_(versions.theirs, table.c.revision > _SINCE, table.c.revision < _UNTIL, versions.remembered)
    if of_one:
        newest = select(records.c.revision).where(is_mine(kind), records.c.id == _NUMBER).scalar_subquery()
        chain = versions.chain(table.c.revision == newest, _SINCE)
        wanted = and_(wanted, number == _NUMBER, table.c.revision.in_(select(chain.c.revision)))
    last = literal(0, BigInteger) if newest_first else owner.c.revision
    bounds = select(
        owner.c.revision,
        page_end([select(table.c.revision).where(wanted)], last, descending=newest_first).label("page_end"),
        and_(start > 0, start < owner.c.floor, ~is_known).label("lost"),
    ).cte("bounds")
    end = select(bounds.c.page_end).scalar_subquery()
    uuid = func.coalesce(records.c.uuid, tombstones.c.uuid, type_=records.c.uuid.type)
    page = (
        select(
            table.c.revision.label("at_revision"),
            table.c.at,
            table.c.contract,
            table.c.action,
            number,
            uuid.label("uuid"),
            *_labelled(select_state(kind, table), "after"),
            *_labelled(select_state(kind, versions.before), "before"),
        )
        .select_from(
            versions.with_record(versions.with_before()).outerjoin(
                tombstones, and_(tombstones.c.owner_id == OWNER, tombstones.c.task_id == number)
            )
        )
        .where(wanted, table.c.revision >= end if newest_first else table.c.revision <= end)
        .subquery("page")
    )
    order = page.c.at_revision.desc() if newest_first else page.c.at_revision
    listed = (
        select(*page.c, bounds.c.revision, bounds.c.page_end, bounds.c.lost)
        .select_from(bounds.outerjoin(page, true()))
        .order_by(order, page.c[number.name])
    )
    name = f"{kind.name}_changes[{'one' if of_one else 'all'},{'newest' if newest_first else 'oldest'}]"
    return Statement(name, listed)
