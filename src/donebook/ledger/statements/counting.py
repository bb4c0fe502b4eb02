"""Statements of what is in a space: as its row counts it, and counted anew."""

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, select, update

from donebook.ledger.kinds.kind import Kind
from donebook.ledger.model import idempotency_records, tombstones
from donebook.ledger.statements.parts import ENTRY, NO_BYTES, OWNER, of_kinds, version_bytes
from donebook.ledger.statements.records import ANSWER_BYTES
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement

_LIMIT = bindparam("limit", type_=BigInteger)
_answers = select(func.coalesce(func.sum(ANSWER_BYTES), NO_BYTES)).where(
    idempotency_records.c.owner_id == OWNER
)

COUNTERS = Statement(
    "counters",
    select(spaces.c.tasks, spaces.c.history_bytes, spaces.c.answer_bytes)
    .where(spaces.c.id == OWNER)
    .with_for_update(key_share=True),
)
"""What the space counts; locks it."""


@cache
def count_anew(kinds: tuple[Kind, ...]) -> Statement:
    """The same three, of the rows themselves."""
    number: Any = None
    history_bytes: Any = select(ENTRY * func.count()).where(tombstones.c.owner_id == OWNER).scalar_subquery()
    for kind in reversed(kinds):
        records = select(func.count()).where(kind.table.c.owner_id == OWNER).scalar_subquery()
        number = records if number is None else records + number
        versions = select(func.coalesce(func.sum(version_bytes(kind, kind.versions)), NO_BYTES))
        versions = versions.where(kind.versions.c.owner_id == OWNER)
        history_bytes = versions.scalar_subquery() + history_bytes
    counted = select(
        number, history_bytes.label("history_bytes"), _answers.scalar_subquery().label("answer_bytes")
    )
    return Statement(f"count_anew{of_kinds(kinds)}", counted, varies=True)


SET_COUNTERS = Statement(
    "set_counters",
    update(spaces)
    .where(spaces.c.id == OWNER)
    .values({name: bindparam(name, type_=BigInteger) for name in ("tasks", "history_bytes", "answer_bytes")}),
)

LARGEST_SPACES = Statement(
    "largest_spaces",
    select(spaces.c.id, spaces.c.tasks, spaces.c.history_bytes, spaces.c.answer_bytes)
    .order_by((spaces.c.history_bytes + spaces.c.answer_bytes).desc(), spaces.c.id)
    .limit(_LIMIT),
    crosses_owners=True,
    varies=True,
)
"""Those that hold the most bytes first."""
