"""Statements that delete a task for good: its content from the versions, its row, and a tombstone for it."""

from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Text,
    Update,
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

from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.storage.types import Instant, Labels, Numbers, is_among
from donebook.tasks.facts import select_facts
from donebook.tasks.model import BYTEWISE, VERSION_FACTS, task_versions, tasks, tombstones
from donebook.tasks.statements.parts import (
    ENTRY,
    MINE,
    NOW,
    OWNER,
    REVISION,
    TRASHED,
    VERSION_COLUMNS,
    VIA,
    KeyKind,
    Row,
    key_is,
    version_bytes,
)

_V = task_versions
_THEIRS = _V.c.owner_id == OWNER
_BLANK_BYTES = ENTRY + literal_column("2", BigInteger)
"""The bytes of a version without content: two are those of an empty list."""
_AMONG = is_among(tasks.c.id, bindparam("numbers", type_=Numbers))
_BLANK: dict[str, ColumnElement[Any]] = {
    "title": literal("", Text),
    "description": null(),
    "completed_at": null(),
    "priority": null(),
    "due_at": null(),
    "due_all_day": literal(False),
    "due_time_zone": null(),
    "tags": literal([], Labels),
    "position": literal("", BYTEWISE),
}


@cache
def find_trashed(kind: KeyKind, into: Row) -> Statement:
    """A task in the trash: its facts, its number and its revision."""
    found = select(*select_facts(into, tasks), tasks.c.id.label("number"), tasks.c.revision.label("etag"))
    return Statement(f"find_trashed[{kind},{into.__name__}]", found.where(MINE, key_is(kind), TRASHED))


TRASHED_BEFORE = Statement(
    "trashed_before",
    select(tasks.c.id)
    .where(MINE, tasks.c.deleted_at < bindparam("before", type_=Instant))
    .order_by(tasks.c.deleted_at, tasks.c.id)
    .limit(bindparam("limit", type_=BigInteger)),
)
"""Numbers of tasks that went to the trash before a moment, the oldest first."""


def _versions_of_them() -> CTE:
    newest = (
        select(_V.c.revision, _V.c.task_id, _V.c.previous_revision)
        .join(tasks, and_(tasks.c.id == _V.c.task_id, tasks.c.revision == _V.c.revision))
        .where(_THEIRS, MINE, _AMONG)
    )
    chain = newest.cte("chain", recursive=True)
    return chain.union_all(
        select(_V.c.revision, _V.c.task_id, _V.c.previous_revision)
        .join(chain, and_(_V.c.revision == chain.c.previous_revision, _V.c.task_id == chain.c.task_id))
        .where(_THEIRS)
    )


def _blank_versions() -> Update:
    chain = _versions_of_them()
    found = select(chain.c.revision, chain.c.task_id)
    return update(_V).values(_BLANK).where(_THEIRS, tuple_(_V.c.revision, _V.c.task_id).in_(found))


def _count_erased() -> Update:
    chain = _versions_of_them()
    found = select(chain.c.revision, chain.c.task_id)
    texts = select(func.coalesce(func.sum(version_bytes(_V) - _BLANK_BYTES), literal_column("0", BigInteger)))
    texts = texts.where(_THEIRS, tuple_(_V.c.revision, _V.c.task_id).in_(found))
    erased = bindparam("erased", type_=BigInteger)
    return (
        update(spaces)
        .where(spaces.c.id == OWNER)
        .values(
            tasks=spaces.c.tasks - erased,
            history_bytes=spaces.c.history_bytes - texts.scalar_subquery() + erased * ENTRY,
        )
    )


COUNT_ERASED = Statement("count_erased", _count_erased(), varies=True)
"""Takes the tasks from the space's counters, and the content of their versions; adds their tombstones."""

BLANK_VERSIONS = Statement("blank_versions", _blank_versions(), varies=True)
"""Takes the content out of all versions of the tasks; that something was done, and when, stays."""

APPEND_ERASURE = Statement(
    "append_erasure",
    insert(_V).from_select(
        VERSION_COLUMNS,
        select(
            tasks.c.owner_id,
            REVISION,
            tasks.c.id,
            tasks.c.revision,
            literal("deleted", Text),
            VIA,
            NOW,
            *(_BLANK.get(name, tasks.c.deleted_at) for name in VERSION_FACTS),
        ).where(MINE, _AMONG),
        include_defaults=False,
    ),
)

BURY = Statement(
    "bury",
    insert(tombstones).from_select(
        ["owner_id", "revision", "task_id", "uuid", "erased_at"],
        select(tasks.c.owner_id, REVISION, tasks.c.id, tasks.c.uuid, NOW).where(MINE, _AMONG),
        include_defaults=False,
    ),
)

ERASE = Statement("erase", delete(tasks).where(MINE, _AMONG))

IN_ORDER = (COUNT_ERASED, BLANK_VERSIONS, APPEND_ERASURE, BURY, ERASE)
