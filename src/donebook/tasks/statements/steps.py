"""The same writes as steps of a transaction that holds the space's row, and what they need to know."""

from functools import cache

from sqlalchemy import (
    BigInteger,
    Text,
    bindparam,
    func,
    insert,
    literal,
    literal_column,
    select,
    tuple_,
    update,
)

from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.tasks.facts import select_facts
from donebook.tasks.model import (
    BYTEWISE,
    TASK_NUMBERS,
    number_allotments,
    task_versions,
    tasks,
    tombstones,
)
from donebook.tasks.statements.parts import (
    ACTION,
    LIVE,
    MINE,
    OWNER,
    REVISION,
    VERSION_COLUMNS,
    KeyKind,
    Row,
    bind,
    edit_of,
    key_is,
    marks_of,
    new_values,
    version_bytes,
    version_of,
)
from donebook.tasks.values import Aspect, Guard

LOCK_OWNER = Statement(
    "lock_owner",
    select(
        spaces.c.revision,
        spaces.c.floor,
        spaces.c.tasks,
        spaces.c.history_bytes,
        spaces.c.answer_bytes,
    )
    .where(spaces.c.id == OWNER)
    .with_for_update(key_share=True),
)
"""The space's revision, and how much is in it."""

_APPENDED = (
    select(func.coalesce(func.sum(version_bytes(task_versions)), literal_column("0", BigInteger)))
    .where(task_versions.c.owner_id == OWNER, task_versions.c.revision == REVISION)
    .scalar_subquery()
)

RAISE_REVISION = Statement(
    "raise_revision",
    update(spaces)
    .where(spaces.c.id == OWNER)
    .values(
        revision=REVISION,
        tasks=spaces.c.tasks + bindparam("born", type_=BigInteger),
        history_bytes=spaces.c.history_bytes + _APPENDED,
    ),
    announces="owner",
)
"""Counts the new tasks, and the versions that were appended under the revision."""

ALLOT_NUMBER = {
    "postgresql": Statement("allot_number", select(TASK_NUMBERS.next_value()), "postgresql"),
    "sqlite": Statement(
        "allot_number",
        update(number_allotments)
        .where(number_allotments.c.name == literal(TASK_NUMBERS.name, Text))
        .values(last=number_allotments.c.last + 1)
        .returning(number_allotments.c.last),
        "sqlite",
    ),
}

CREATE_TASK_STEP = Statement(
    "create_task_step",
    insert(tasks).values(
        new_values() | {"id": bind("id"), "position": bind("position"), "revision": REVISION}
    ),
)

APPEND_VERSION = Statement(
    "append_version",
    insert(task_versions).from_select(
        VERSION_COLUMNS,
        version_of(tasks, ACTION).where(MINE, tasks.c.id == bindparam("id", type_=BigInteger)),
        include_defaults=False,
    ),
)

ERASED = Statement(
    "erased",
    select(tombstones.c.revision).where(tombstones.c.owner_id == OWNER, tombstones.c.uuid == bind("uuid")),
)
"""Whether a task of this UUID was deleted for good."""


@cache
def edit_task_step(
    kind: KeyKind, aspects: frozenset[Aspect], guard: Guard | None, *, trashed: bool = False
) -> Statement:
    """An edit: the task's number, if it changed."""
    written = edit_of(kind, aspects, REVISION, guard, trashed=trashed).returning(tasks.c.id)
    touched = "+".join(sorted(aspects))
    return Statement(f"edit_task_step[{kind},{touched}{marks_of(guard, trashed=trashed)}]", written)


@cache
def current_task(kind: KeyKind, into: Row, *, trashed: bool) -> Statement:
    """The task as it stands, ``trashed`` ones too if asked; rows end with number, completeness and revision.

    Steps read their result with this instead of RETURNING: there SQLite 3.40 takes ``completed_at IS
    NOT NULL`` for true whatever the value.
    """
    done = tasks.c.completed_at.is_not(None).label("done")
    found = select(
        *select_facts(into, tasks), tasks.c.id.label("task_id"), done, tasks.c.revision.label("etag")
    ).where(MINE, key_is(kind))
    if not trashed:
        found = found.where(LIVE)
    return Statement(f"current_task[{kind},{'any' if trashed else 'live'},{into.__name__}]", found)


@cache
def place_of(kind: KeyKind) -> Statement:
    """Where a live task is: its position and number."""
    found = select(tasks.c.position, tasks.c.id).where(MINE, key_is(kind), LIVE)
    return Statement(f"place_of[{kind}]", found)


@cache
def neighbours(*, before: bool) -> Statement:
    """Places of live tasks next to a place, the nearest first, leaving out the task that ``moving`` names."""
    here = tuple_(bindparam("position", type_=BYTEWISE), bindparam("id", type_=BigInteger))
    there = tuple_(tasks.c.position, tasks.c.id)
    found = select(tasks.c.position, tasks.c.id).where(
        MINE,
        LIVE,
        there < here if before else there > here,
        tasks.c.id != bindparam("moving", type_=BigInteger),
    )
    order = (tasks.c.position.desc(), tasks.c.id.desc()) if before else (tasks.c.position, tasks.c.id)
    found = found.order_by(*order).limit(bindparam("limit", type_=BigInteger))
    return Statement(f"neighbours[{'before' if before else 'after'}]", found)
