"""Statements that read."""

from functools import cache
from typing import Any, Literal

from sqlalchemy import BigInteger, ColumnElement, bindparam, func, select

from donebook.ledger.kinds.facts import select_facts
from donebook.ledger.statements.parts import OWNER, Row
from donebook.ledger.statements.reading import SELECT_REVISION
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.tasks.kind import TASKS
from donebook.tasks.model import tasks
from donebook.tasks.selection import Selection, Sort
from donebook.tasks.statements.selecting import beyond, filters, name_of, order, sort_key

Start = Literal["first", "value", "null"]
"""Where a page begins: with the first task, after one with a sort key, or after one without."""


@cache
def list_tasks(shape: Selection, into: Row) -> Statement:
    """The selected tasks; each row ends with the total (where paged) and the owner's revision.

    Where it is not paged there are ``most`` rows at most, so that a list of any length takes little memory.
    """
    where = filters(shape)
    listed = select(*select_facts(TASKS, into, tasks))
    if shape.limit is not None:
        listed = listed.add_columns(select(func.count()).where(where).scalar_subquery().label("total"))
        listed = listed.limit(bindparam("limit", type_=BigInteger)).offset(
            bindparam("offset", type_=BigInteger)
        )
    else:
        listed = listed.limit(bindparam("most", type_=BigInteger))
    listed = listed.add_columns(SELECT_REVISION.scalar_subquery().label("etag")).where(where)
    listed = listed.order_by(*order(tasks, shape.sort, descending=shape.descending))
    return Statement(f"list_tasks[{name_of(shape)},{into.__name__}]", listed)


@cache
def count_tasks(shape: Selection, start: Start = "first") -> Statement:
    """The owner's revision and, of the same moment, how many tasks there are from the start on."""
    total = select(func.count()).where(_from(shape, start)).scalar_subquery()
    counted = select(spaces.c.revision, total.label("total")).where(spaces.c.id == OWNER)
    return Statement(f"count_tasks[{name_of(shape)},{start}]", counted)


@cache
def page_of_tasks(shape: Selection, into: Row, start: Start) -> Statement:
    """The tasks of a page; each row ends with the owner's revision, and `place_in` says where its place is.

    An empty page has no row to carry the revision: `count_tasks` tells it then. One statement for both
    would have to join the page to its owner and sort it again, which costs every page a third more.
    """
    columns, *_ = _columns_of_page(shape.sort, into)
    listed = (
        select(*columns, SELECT_REVISION.scalar_subquery().label("etag"))
        .where(_from(shape, start))
        .order_by(*order(tasks, shape.sort, descending=shape.descending))
        .limit(bindparam("limit", type_=BigInteger))
    )
    return Statement(f"page_of_tasks[{name_of(shape)},{start},{into.__name__}]", listed)


@cache
def place_in(sort: Sort, into: Row) -> tuple[int, int]:
    """Which columns of a page's rows are the sort key and the number."""
    _, key, number = _columns_of_page(sort, into)
    return key, number


def _columns_of_page(sort: Sort, into: Row) -> tuple[list[ColumnElement[Any]], int, int]:
    columns = select_facts(TASKS, into, tasks)

    def index_of(column: ColumnElement[Any]) -> int:
        for index, each in enumerate(columns):
            if each is column:
                return index
        columns.append(column)
        return len(columns) - 1

    key, number = index_of(sort_key(tasks, sort)), index_of(tasks.c.id)
    return columns, key, number


def _from(shape: Selection, start: Start) -> ColumnElement[bool]:
    selected = filters(shape)
    if start == "first":
        return selected
    return selected & beyond(shape.sort, descending=shape.descending, null_key=start == "null")
