"""The same writes as steps of a transaction that holds the space's row, and what they need to know."""

from functools import cache

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    bindparam,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)

from donebook.ledger.kinds.facts import select_facts
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.model import number_allotments, tombstones
from donebook.ledger.operations import Guard, KeyColumn
from donebook.ledger.statements.parts import (
    ACTION,
    NO_BYTES,
    OWNER,
    REVISION,
    Row,
    bind,
    condition_suffix,
    edit_of,
    is_live,
    is_mine,
    key_is,
    new_values,
    of_kinds,
    version_bytes,
    version_columns,
    version_of,
)
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement

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


@cache
def raise_revision(kinds: tuple[Kind, ...]) -> Statement:
    """Counts the new records, and the versions of these kinds that were appended under the revision."""
    history_bytes: ColumnElement[int] = spaces.c.history_bytes
    for kind in kinds:
        appended = select(func.coalesce(func.sum(version_bytes(kind, kind.versions)), NO_BYTES))
        appended = appended.where(kind.versions.c.owner_id == OWNER, kind.versions.c.revision == REVISION)
        history_bytes = history_bytes + appended.scalar_subquery()
    raised = (
        update(spaces)
        .where(spaces.c.id == OWNER)
        .values(
            revision=REVISION,
            tasks=spaces.c.tasks + bindparam("born", type_=BigInteger),
            history_bytes=history_bytes,
        )
    )
    return Statement(f"raise_revision{of_kinds(kinds)}", raised, announces="owner")


@cache
def allot_number(kind: Kind) -> Statement:
    """The number of a record to be created."""
    allotted = (
        update(number_allotments)
        .where(number_allotments.c.name == literal(kind.numbers.name, Text))
        .values(last=number_allotments.c.last + 1)
        .returning(number_allotments.c.last)
    )
    given = {"postgresql": select(kind.numbers.next_value()), "sqlite": allotted}
    return Statement("allot_number", given)


@cache
def create_step(kind: Kind) -> Statement:
    """A creation."""
    values = (
        new_values(kind) | {name: bind(kind, name) for name in ("id", "position")} | {"revision": REVISION}
    )
    return Statement(f"create_{kind.name}_step", insert(kind.table).values(values))


@cache
def append_version(kind: Kind) -> Statement:
    """Adds what a record is now as a version."""
    record = kind.table.c.id == bindparam("id", type_=BigInteger)
    version = version_of(kind, kind.table, ACTION).where(is_mine(kind), record)
    appended = insert(kind.versions).from_select(version_columns(kind), version, include_defaults=False)
    return Statement(f"append_{kind.name}_version", appended)


@cache
def is_erased(kind: Kind) -> Statement:
    """Whether a record of this UUID was deleted for good."""
    erased = select(tombstones.c.revision).where(
        tombstones.c.owner_id == OWNER, tombstones.c.uuid == bind(kind, "uuid")
    )
    return Statement(f"is_{kind.name}_erased", erased)


@cache
def edit_step(
    kind: Kind,
    key: KeyColumn,
    aspects: frozenset[str],
    guard: Guard | None,
    *,
    include_trashed: bool = False,
) -> Statement:
    """An edit: the record's number, if it changed."""
    written = edit_of(kind, key, aspects, REVISION, guard, include_trashed=include_trashed)
    touched = "+".join(sorted(aspects))
    suffix = condition_suffix(guard, include_trashed=include_trashed)
    return Statement(f"edit_{kind.name}_step[{key},{touched}{suffix}]", written.returning(kind.table.c.id))


@cache
def current_record(kind: Kind, key: KeyColumn, into: Row, *, include_trashed: bool) -> Statement:
    """The record as it stands, ``trashed`` ones too if asked.

    Rows end with its number, its flags in the kind's order and its revision. Steps read their result with
    this instead of RETURNING: there SQLite 3.40 takes ``completed_at IS NOT NULL`` for true whatever the
    value.
    """
    table = kind.table
    flags = [table.c[flag.field].is_not(None).label("done") for flag in kind.flags.values()]
    number = table.c.id.label(kind.version_of.name)
    found = select(*select_facts(kind, into, table), number, *flags, table.c.revision.label("etag"))
    found = found.where(is_mine(kind), key_is(kind, key))
    if not include_trashed:
        found = found.where(is_live(kind))
    found_in = "any" if include_trashed else "live"
    return Statement(f"current_{kind.name}[{key},{found_in},{into.__name__}]", found)


@cache
def position_of(kind: Kind, key: KeyColumn) -> Statement:
    """Where a live record is: its position and number."""
    table = kind.table
    found = select(table.c.position, table.c.id).where(is_mine(kind), key_is(kind, key), is_live(kind))
    return Statement(f"position_of_{kind.name}[{key}]", found)


@cache
def neighbours(kind: Kind, *, before: bool) -> Statement:
    """Positions of live records next to one, the nearest first, without the record that ``moving`` names."""
    table = kind.table
    here = tuple_(bindparam("position", type_=table.c.position.type), bindparam("id", type_=BigInteger))
    there = tuple_(table.c.position, table.c.id)
    found = select(table.c.position, table.c.id).where(
        is_mine(kind),
        is_live(kind),
        there < here if before else there > here,
        table.c.id != bindparam("moving", type_=BigInteger),
    )
    order = (table.c.position.desc(), table.c.id.desc()) if before else (table.c.position, table.c.id)
    found = found.order_by(*order).limit(bindparam("limit", type_=BigInteger))
    return Statement(f"neighbours_of_{kind.name}[{'before' if before else 'after'}]", found)
