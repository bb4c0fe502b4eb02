"""Statements that read."""

from functools import cache
from typing import Literal

from sqlalchemy import BigInteger, bindparam, func, select, true

from taskledger.accounts.model import users
from taskledger.storage.statement import Statement
from taskledger.storage.types import Numbers, is_among
from taskledger.tasks.facts import select_facts
from taskledger.tasks.model import tasks
from taskledger.tasks.selection import Selection
from taskledger.tasks.statements.parts import LIVE, MINE, OWNER, KeyKind, Row, key_is
from taskledger.tasks.statements.selecting import beyond, filters, name_of, order, sort_key

Start = Literal["first", "value", "null"]
"""Where a page begins: with the first task, after one with a sort key, or after one without."""

_OWNER_REVISION = select(users.c.revision).where(users.c.id == OWNER)

OWNER_REVISION = Statement("owner_revision", _OWNER_REVISION)


@cache
def get_task(kind: KeyKind, into: Row, *, trashed: bool = False) -> Statement:
    """One task of the owner, one in the trash too if asked, with its revision last."""
    found = select(*select_facts(into, tasks), tasks.c.revision.label("etag")).where(MINE, key_is(kind))
    if not trashed:
        found = found.where(LIVE)
    return Statement(f"get_task[{kind},{'any' if trashed else 'live'},{into.__name__}]", found)


@cache
def number_of(kind: KeyKind) -> Statement:
    """The number of a task of the owner, in the trash or not."""
    return Statement(f"number_of[{kind}]", select(tasks.c.id).where(MINE, key_is(kind)))


@cache
def list_tasks(shape: Selection, into: Row) -> Statement:
    """The selected tasks; each row ends with the total (where paged) and the owner's revision."""
    where = filters(shape)
    listed = select(*select_facts(into, tasks))
    if shape.limit is not None:
        listed = listed.add_columns(select(func.count()).where(where).scalar_subquery().label("total"))
        listed = listed.limit(bindparam("limit", type_=BigInteger)).offset(
            bindparam("offset", type_=BigInteger)
        )
    listed = listed.add_columns(_OWNER_REVISION.scalar_subquery().label("etag")).where(where)
    listed = listed.order_by(*order(tasks, shape.sort, descending=shape.descending))
    return Statement(f"list_tasks[{name_of(shape)},{into.__name__}]", listed)


@cache
def count_tasks(shape: Selection) -> Statement:
    """The owner's revision and, of the same moment, how many tasks the selection holds."""
    total = select(func.count()).where(filters(shape)).scalar_subquery()
    counted = select(users.c.revision, total.label("total")).where(users.c.id == OWNER)
    return Statement(f"count_tasks[{name_of(shape)}]", counted)


@cache
def page_of_tasks(shape: Selection, into: Row, start: Start) -> Statement:
    """The tasks of a page; each row ends with its sort key and number and the owner's revision.

    An empty page is one row of nulls but for the revision: so it too is of one moment.
    """
    where = filters(shape)
    if start != "first":
        where &= beyond(shape.sort, descending=shape.descending, null_key=start == "null")
    page = (
        select(*tasks.c, sort_key(tasks, shape.sort).label("sort_key"))
        .where(where)
        .order_by(*order(tasks, shape.sort, descending=shape.descending))
        .limit(bindparam("limit", type_=BigInteger))
        .subquery("page")
    )
    listed = (
        select(*select_facts(into, page), page.c.sort_key, page.c.id.label("sort_id"), users.c.revision)
        .select_from(users.outerjoin(page, true()))
        .where(users.c.id == OWNER)
        .order_by(*order(page, shape.sort, descending=shape.descending))
    )
    return Statement(f"page_of_tasks[{name_of(shape)},{start},{into.__name__}]", listed)


@cache
def tasks_by_number(into: Row) -> Statement:
    """The owner's tasks of these numbers, wherever they are; each row ends with its number."""
    found = select(*select_facts(into, tasks), tasks.c.id.label("task_id")).where(
        MINE, is_among(tasks.c.id, bindparam("numbers", type_=Numbers))
    )
    return Statement(f"tasks_by_number[{into.__name__}]", found)
