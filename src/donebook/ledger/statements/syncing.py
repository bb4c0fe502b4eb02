"""The statement of delta synchronisation."""

from functools import cache

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    case,
    literal,
    null,
    select,
    true,
    union_all,
)

from donebook.ledger.kinds.facts import select_facts
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.model import tombstones
from donebook.ledger.statements.pages import page_end
from donebook.ledger.statements.parts import OWNER, Row, is_mine, is_trashed
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement

_SINCE = bindparam("since", type_=BigInteger)
_REACHES = bindparam("reaches", type_=BigInteger)
_BURIED = tombstones.c.owner_id == OWNER


@cache
def changed_since(kind: Kind, into: Row) -> Statement:
    """What changed after a revision, of one moment, by revision.

    Rows are the facts of the record; then its number, UUID and revision and whether it is gone; then the
    owner's revision, the floor below which deletions are forgotten, and the revision that the page ends
    with. If nothing changed, there is one row without a record.

    ``reaches`` is 1 if the page must not end below the floor, however large that makes it.
    """
    table, mine = kind.table, is_mine(kind)
    owner = select(spaces.c.revision, spaces.c.floor).where(spaces.c.id == OWNER).cte("owner_row")
    end = page_end(
        [
            select(table.c.revision).where(mine, table.c.revision > _SINCE),
            select(tombstones.c.revision).where(_BURIED, tombstones.c.revision > _SINCE),
        ],
        owner.c.revision,
    )
    below = and_(_REACHES == 1, end < owner.c.floor)
    bounds = select(
        owner.c.revision, owner.c.floor, case((below, owner.c.floor), else_=end).label("page_end")
    ).cte("bounds")
    upto = select(bounds.c.page_end).scalar_subquery()
    facts: list[ColumnElement[object]] = select_facts(kind, into, table)
    changed = union_all(
        select(
            *(fact.label(f"fact_{index}") for index, fact in enumerate(facts)),
            table.c.id.label("number"),
            table.c.uuid.label("uuid"),
            table.c.revision.label("at_revision"),
            is_trashed(kind).label("gone"),
        ).where(mine, table.c.revision > _SINCE, table.c.revision <= upto),
        select(
            *(null() for _ in facts),
            tombstones.c.task_id,
            tombstones.c.uuid,
            tombstones.c.revision,
            literal(True),
        ).where(_BURIED, tombstones.c.revision > _SINCE, tombstones.c.revision <= upto),
    ).subquery("changed")
    listed = (
        select(*changed.c, bounds.c.revision, bounds.c.floor, bounds.c.page_end)
        .select_from(bounds.outerjoin(changed, true()))
        .order_by(changed.c.at_revision, changed.c.number)
    )
    return Statement(f"{kind.name}s_changed_since[{into.__name__}]", listed)
