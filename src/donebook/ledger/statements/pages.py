"""Pages that end between two revisions, never within one.

What a revision changed belongs together: a client that had half of a batch and went on from the
batch's revision would miss the rest for good. So a page ends with a whole revision. It holds at most
``limit`` rows, unless a single revision changed more.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Subquery, bindparam, case, func, select, union_all

LIMIT = bindparam("limit", type_=BigInteger)
_ONE_MORE = bindparam("one_more", type_=BigInteger)


def limits(limit: int) -> dict[str, int]:
    """The named values of a page's size."""
    return {"limit": limit, "one_more": limit + 1}


def page_end(
    sources: Sequence[Select[Any]], last: ColumnElement[int], *, descending: bool = False
) -> ColumnElement[int]:
    """The revision that the page ends with; ``last`` if all the rest fits in.

    Each source selects the revisions of rows that are still to come.
    """
    nearest = [_nearest(source.subquery(), descending=descending).subquery() for source in sources]
    coming = union_all(*(select(each.c.revision) for each in nearest)).subquery()
    rows = _nearest(coming, descending=descending).cte("upcoming")
    following = (
        select(rows.c.revision)
        .order_by(rows.c.revision.desc() if descending else rows.c.revision)
        .offset(LIMIT)
        .limit(1)
        .scalar_subquery()
    )
    nearer = rows.c.revision > following if descending else rows.c.revision < following
    furthest = func.min(rows.c.revision) if descending else func.max(rows.c.revision)
    whole = select(furthest).where(nearer).scalar_subquery()
    return case((following.is_(None), last), else_=func.coalesce(whole, following))


def _nearest(rows: Subquery, *, descending: bool) -> Select[Any]:
    revision = rows.c.revision
    return select(revision).order_by(revision.desc() if descending else revision).limit(_ONE_MORE)
