"""Statements that forget the oldest history of a space, revision after revision."""

from sqlalchemy import BigInteger, Text, and_, bindparam, case, delete, func, literal, select, tuple_, update

from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.storage.types import Instant
from donebook.tasks.model import task_versions, tombstones
from donebook.tasks.statements.parts import OWNER, version_bytes

_V = task_versions
_THEIRS = _V.c.owner_id == OWNER
_AFTER = bindparam("after", type_=BigInteger)
_UPTO = bindparam("upto", type_=BigInteger)
_LIMIT = bindparam("limit", type_=BigInteger)

FLOORS = Statement(
    "floors",
    select(spaces.c.revision, spaces.c.history_floor, spaces.c.history_bytes)
    .where(spaces.c.id == OWNER)
    .with_for_update(key_share=True),
)
"""Locks the space: its revision, up to where history is forgotten, and the bytes of what is kept."""

SLICE = Statement(
    "slice",
    select(_V.c.revision, version_bytes(_V).label("bytes"))
    .where(_THEIRS, _V.c.revision > _AFTER)
    .order_by(_V.c.revision)
    .limit(_LIMIT),
)
"""The revision and the bytes of the oldest versions above the floor."""

OLDER_THAN = Statement(
    "older_than",
    select(func.max(_V.c.revision)).where(
        _THEIRS, _V.c.revision > _AFTER, _V.c.at < bindparam("before", type_=Instant)
    ),
    varies=True,
)
"""The newest revision before a moment, of those above the floor."""

_newer = task_versions.alias("newer")
_SUPERSEDED = (
    select(_V.c.revision, _V.c.task_id)
    .select_from(_newer)
    .join(
        _V,
        and_(
            _V.c.owner_id == OWNER,
            _V.c.revision == _newer.c.previous_revision,
            _V.c.task_id == _newer.c.task_id,
        ),
    )
    .where(_newer.c.owner_id == OWNER, _newer.c.revision > _AFTER, _newer.c.revision <= _UPTO)
)

PRUNE_VERSIONS = Statement(
    "prune_versions",
    delete(_V)
    .where(_THEIRS, tuple_(_V.c.revision, _V.c.task_id).in_(_SUPERSEDED))
    .returning(version_bytes(_V).label("bytes")),
    varies=True,
)
"""Deletes versions that a revision of the slice followed.

So of each task the newest version up to the floor stays: what the first change that is still told of was
made to, and a base to merge with.
"""

PRUNE_BLANKS = Statement(
    "prune_blanks",
    delete(_V)
    .where(_THEIRS, _V.c.revision > _AFTER, _V.c.revision <= _UPTO, _V.c.title == literal("", Text))
    .returning(version_bytes(_V).label("bytes")),
    varies=True,
)
"""Deletes what tasks that were deleted for good left behind in the slice."""

FORGET_BURIED = Statement(
    "forget_buried",
    delete(tombstones)
    .where(tombstones.c.owner_id == OWNER, tombstones.c.revision <= _UPTO)
    .returning(tombstones.c.revision),
    varies=True,
)

_FLOOR = bindparam("floor", type_=BigInteger)

FORGET_HISTORY = Statement(
    "forget_history",
    update(spaces)
    .where(spaces.c.id == OWNER)
    .values(
        history_floor=_UPTO,
        history_bytes=spaces.c.history_bytes - bindparam("freed", type_=BigInteger),
        floor=case((spaces.c.floor < _FLOOR, _FLOOR), else_=spaces.c.floor),
    ),
)
