"""Writes of one task as one statement, for PostgreSQL: modifying CTEs, one round trip."""

from functools import cache
from typing import Any

from sqlalchemy import CTE, ColumnElement, Text, case, exists, insert, literal, select, union_all, update
from sqlalchemy.dialects import postgresql

from taskledger.accounts.model import users
from taskledger.storage.statement import Statement
from taskledger.storage.types import next_number, rank_text
from taskledger.tasks.facts import select_facts
from taskledger.tasks.model import TASK_NUMBERS, task_versions, tasks, tombstones
from taskledger.tasks.statements.parts import (
    ACTION,
    GUARD,
    MINE,
    OWNER,
    VERSION_COLUMNS,
    KeyKind,
    Row,
    bind,
    edit_of,
    key_is,
    marks_of,
    new_values,
    reach,
    version_of,
)
from taskledger.tasks.values import Aspect, Guard

WRITTEN, KEPT, STALE = 1, 0, -1
"""How a write of one statement ended: it wrote; nothing was to change; somebody wrote meanwhile."""


@cache
def edit_task_alone(
    kind: KeyKind, aspects: frozenset[Aspect], into: Row, guard: Guard | None, *, trashed: bool = False
) -> Statement:
    """An edit as one statement; each row ends with the task's revision and how it ended."""
    owner_row = _locked_owner()
    edited = edit_of(kind, aspects, owner_row.c.revision + 1, guard, trashed=trashed)
    written = edited.returning(*tasks.c).cte("written")
    raised, appended = _record(written, aspects)
    snapshot = select(users.c.revision).where(users.c.id == OWNER).scalar_subquery()
    kept = select(
        *select_facts(into, tasks),
        tasks.c.revision,
        # The lock is on the newest owner row, the rest is read as of the statement's start: if they
        # differ, another write came between and what is read here may be old.
        case((owner_row.c.revision == snapshot, KEPT), else_=STALE),
    ).where(MINE, key_is(kind), reach(trashed=trashed), ~exists(select(written.c.id)))
    outcome = union_all(
        select(
            *select_facts(into, written),
            written.c.revision.label("etag"),
            literal(WRITTEN).label("outcome"),
        ),
        kept.select_from(tasks, owner_row),
    ).add_cte(raised, appended)
    touched = "+".join(sorted(aspects))
    name = f"edit_task_alone[{kind},{touched},{into.__name__}{marks_of(guard, trashed=trashed)}]"
    return Statement(name, outcome, "postgresql", announces="owner")


@cache
def create_task_alone(into: Row, *, guarded: bool, chosen: bool) -> Statement:
    """A creation as one statement; no row if nothing was created.

    That is so if the owner is unknown or not at the expected revision, or if the UUID was ``chosen`` by
    the client and is taken.
    """
    owner_row = _locked_owner(guarded=guarded)
    values: dict[str, ColumnElement[Any]] = new_values() | {
        "id": next_number(literal(TASK_NUMBERS, Text)),
        "position": rank_text(owner_row.c.revision + 1),
        "revision": owner_row.c.revision + 1,
    }
    source = select(*values.values()).select_from(owner_row)
    if chosen:
        erased = select(tombstones.c.uuid).where(
            tombstones.c.owner_id == OWNER, tombstones.c.uuid == bind("uuid")
        )
        source = source.where(~exists(erased))
    created = postgresql.insert(tasks).from_select(list(values), source, include_defaults=False)
    if chosen:
        created = created.on_conflict_do_nothing(index_elements=[tasks.c.owner_id, tasks.c.uuid])
    written = created.returning(*tasks.c).cte("written")
    raised, appended = _record(written, frozenset())
    outcome = select(*select_facts(into, written), written.c.revision.label("etag")).add_cte(raised, appended)
    marks = f"{',guarded' if guarded else ''}{',chosen' if chosen else ''}"
    return Statement(f"create_task_alone[{into.__name__}{marks}]", outcome, "postgresql", announces="owner")


def _locked_owner(*, guarded: bool = False) -> CTE:
    locked = select(users.c.id, users.c.revision).where(users.c.id == OWNER).with_for_update(key_share=True)
    if guarded:
        locked = locked.where(users.c.revision == GUARD)
    return locked.cte("owner_row")


def _record(written: CTE, aspects: frozenset[Aspect]) -> tuple[CTE, CTE]:
    """Raise the owner's revision to that of the written task, and append the task's version."""
    raised = (
        update(users)
        .values(revision=written.c.revision)
        .where(users.c.id == OWNER)
        .returning(users.c.id)
        .cte("raised")
    )
    action: ColumnElement[str] = ACTION
    if Aspect.TOGGLE in aspects:
        action = case(
            (written.c.completed_at.is_(None), literal("reopened", Text)), else_=literal("completed", Text)
        )
    appended = (
        insert(task_versions)
        .from_select(VERSION_COLUMNS, version_of(written, action), include_defaults=False)
        .returning(task_versions.c.task_id)
        .cte("appended")
    )
    return raised, appended
