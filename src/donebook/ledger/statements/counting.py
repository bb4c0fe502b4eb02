"""Statements of what is in a space: as its row counts it, and counted anew."""

from sqlalchemy import BigInteger, bindparam, func, literal_column, select, update

from donebook.ledger.model import idempotency_records
from donebook.ledger.statements.records import ANSWER_BYTES
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.tasks.model import task_versions, tasks, tombstones
from donebook.tasks.statements.parts import ENTRY, OWNER, version_bytes

_LIMIT = bindparam("limit", type_=BigInteger)
_NOTHING = literal_column("0", BigInteger)
_versions = select(func.coalesce(func.sum(version_bytes(task_versions)), _NOTHING)).where(
    task_versions.c.owner_id == OWNER
)
_tombstones = select(ENTRY * func.count()).where(tombstones.c.owner_id == OWNER)
_answers = select(func.coalesce(func.sum(ANSWER_BYTES), _NOTHING)).where(
    idempotency_records.c.owner_id == OWNER
)

COUNTERS = Statement(
    "counters",
    select(spaces.c.tasks, spaces.c.history_bytes, spaces.c.answer_bytes)
    .where(spaces.c.id == OWNER)
    .with_for_update(key_share=True),
)
"""What the space counts; locks it."""

COUNT_ANEW = Statement(
    "count_anew",
    select(
        select(func.count()).where(tasks.c.owner_id == OWNER).scalar_subquery(),
        (_versions.scalar_subquery() + _tombstones.scalar_subquery()).label("history_bytes"),
        _answers.scalar_subquery().label("answer_bytes"),
    ),
    varies=True,
)
"""The same three, of the rows themselves."""

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
