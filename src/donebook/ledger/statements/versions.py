"""Statements that read the versions of tasks: what a revision did, and what a task was."""

from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)

from donebook.ledger.state import select_state
from donebook.ledger.statements.pages import page_end
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.tasks.model import task_versions, tasks, tombstones
from donebook.tasks.statements.parts import FLOOR, LIVE, MINE, OWNER, REVISION, KeyKind, key_is

_V = task_versions
_BEFORE = task_versions.alias("version_before")
_THEIRS = _V.c.owner_id == OWNER
_SINCE = bindparam("since", type_=BigInteger)
_UNTIL = bindparam("until", type_=BigInteger)
_NUMBER = bindparam("id", type_=BigInteger)

_REMEMBERED = _V.c.revision > select(spaces.c.history_floor).where(spaces.c.id == OWNER).scalar_subquery()
"""Whether all versions of the change that a version belongs to are still there."""


def _labelled(columns: list[ColumnElement[Any]], prefix: str) -> list[ColumnElement[Any]]:
    return [column.label(f"{prefix}_{index}") for index, column in enumerate(columns)]


def _with_before(source: FromClause) -> FromClause:
    return source.outerjoin(
        _BEFORE,
        and_(
            _BEFORE.c.owner_id == OWNER,
            _BEFORE.c.revision == _V.c.previous_revision,
            _BEFORE.c.task_id == _V.c.task_id,
        ),
    )


def _with_task(source: FromClause) -> FromClause:
    return source.outerjoin(tasks, and_(MINE, tasks.c.id == _V.c.task_id))


STATES_OF_REVISION = Statement(
    "states_of_revision",
    select(
        _V.c.task_id,
        tasks.c.uuid,
        *_labelled(select_state(_V), "after"),
        *_labelled(select_state(_BEFORE), "before"),
        *_labelled(select_state(tasks), "now"),
    )
    .select_from(_with_task(_with_before(_V)))
    .where(_THEIRS, _V.c.revision == REVISION, _REMEMBERED)
    .order_by(_V.c.task_id),
)
"""What a revision made of each task it changed: the task's number and UUID;
then the state after, the state before (null for a creation) and the state now (null if deleted for good)."""


@cache
def current_state(kind: KeyKind) -> Statement:
    """A live task's number and revision, and its state."""
    found = select(tasks.c.id, tasks.c.revision, *select_state(tasks)).where(MINE, key_is(kind), LIVE)
    return Statement(f"current_state[{kind}]", found)


def _chain(newest: ColumnElement[bool], floor: ColumnElement[int]) -> CTE:
    """Revisions of a task's versions, from the newest down to the first that is not above the floor."""
    start = select(_V.c.revision, _V.c.previous_revision).where(_THEIRS, _V.c.task_id == _NUMBER, newest)
    chain = start.cte("chain", recursive=True)
    older = select(_V.c.revision, _V.c.previous_revision).where(
        _THEIRS, _V.c.task_id == _NUMBER, _V.c.revision == chain.c.previous_revision, chain.c.revision > floor
    )
    return chain.union_all(older)


def _state_at() -> Select[Any]:
    chain = _chain(_V.c.revision == bindparam("newest", type_=BigInteger), _SINCE)
    return (
        select(*select_state(_V))
        .select_from(chain.join(_V, _V.c.revision == chain.c.revision))
        .where(
            _THEIRS,
            _V.c.task_id == _NUMBER,
            chain.c.revision <= _SINCE,
            or_(FLOOR <= _SINCE, chain.c.revision == _SINCE),
        )
    )


STATE_AT = Statement("state_at", _state_at())
"""The state of a task as of the revision ``since``; no row if that is older than what is kept.

Of a revision below the floor, which may be of a lost history, only the version that carries it is taken.
"""


@cache
def changes(*, of_task: bool, newest_first: bool) -> Statement:
    """The versions of a page of revisions, each with the one before, in order.

    Rows are the revision, when, through which contract, what it meant, the task's number and its UUID;
    the state after, the state before; then the owner's revision, that which the page ends with, and whether
    the revision that it goes on from may be of a lost history. If there are none, there is one row
    without a version.
    """
    owner = select(spaces.c.revision, spaces.c.floor).where(spaces.c.id == OWNER).cte("owner_row")
    start = _UNTIL if newest_first else _SINCE
    is_known = exists(select(literal(1)).where(_THEIRS, _V.c.revision == start).correlate(None))
    wanted = and_(_THEIRS, _V.c.revision > _SINCE, _V.c.revision < _UNTIL, _REMEMBERED)
    if of_task:
        newest = select(tasks.c.revision).where(MINE, tasks.c.id == _NUMBER).scalar_subquery()
        chain = _chain(_V.c.revision == newest, _SINCE)
        wanted = and_(wanted, _V.c.task_id == _NUMBER, _V.c.revision.in_(select(chain.c.revision)))
    last = literal(0, BigInteger) if newest_first else owner.c.revision
    bounds = select(
        owner.c.revision,
        page_end([select(_V.c.revision).where(wanted)], last, descending=newest_first).label("page_end"),
        and_(start > 0, start < owner.c.floor, ~is_known).label("lost"),
    ).cte("bounds")
    end = select(bounds.c.page_end).scalar_subquery()
    uuid = func.coalesce(tasks.c.uuid, tombstones.c.uuid, type_=tasks.c.uuid.type)
    page = (
        select(
            _V.c.revision.label("at_revision"),
            _V.c.at,
            _V.c.contract,
            _V.c.action,
            _V.c.task_id,
            uuid.label("uuid"),
            *_labelled(select_state(_V), "after"),
            *_labelled(select_state(_BEFORE), "before"),
        )
        .select_from(
            _with_task(_with_before(_V)).outerjoin(
                tombstones, and_(tombstones.c.owner_id == OWNER, tombstones.c.task_id == _V.c.task_id)
            )
        )
        .where(wanted, _V.c.revision >= end if newest_first else _V.c.revision <= end)
        .subquery("page")
    )
    order = page.c.at_revision.desc() if newest_first else page.c.at_revision
    listed = (
        select(*page.c, bounds.c.revision, bounds.c.page_end, bounds.c.lost)
        .select_from(bounds.outerjoin(page, true()))
        .order_by(order, page.c.task_id)
    )
    name = f"changes[{'task' if of_task else 'all'},{'newest' if newest_first else 'oldest'}]"
    return Statement(name, listed)
