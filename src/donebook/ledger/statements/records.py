"""Statements of idempotency records and service keys."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    LargeBinary,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from donebook.ledger.model import idempotency_records, service_keys
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.storage.types import Instant, byte_length
from donebook.tasks.model import task_versions
from donebook.tasks.statements.parts import ENTRY, NOW, OWNER

_KEY = bindparam("key", type_=Text)
_NAME = bindparam("name", type_=Text)
_RECORDS = idempotency_records.c
_IS_THIS = (_RECORDS.owner_id == OWNER) & (_RECORDS.key == _KEY)

FIND_RECORD = Statement(
    "find_record",
    select(_RECORDS.fingerprint, _RECORDS.answer, _RECORDS.created_at).where(_IS_THIS),
)

_ANSWER: ColumnElement[int] = func.length(_RECORDS.answer, type_=BigInteger)
ANSWER_BYTES = ENTRY + byte_length(_RECORDS.key) + _ANSWER

DROP_RECORDS = Statement(
    "drop_records",
    delete(idempotency_records)
    .where(_RECORDS.owner_id == OWNER, _RECORDS.created_at <= bindparam("since", type_=Instant))
    .returning(ANSWER_BYTES.label("bytes")),
    varies=True,
)
"""Drops the owner's records up to a moment: the bytes of each."""

COUNT_ANSWERS = Statement(
    "count_answers",
    update(spaces)
    .where(spaces.c.id == OWNER)
    .values(answer_bytes=spaces.c.answer_bytes + bindparam("added", type_=BigInteger)),
)

ADD_RECORD = Statement(
    "add_record",
    idempotency_records.insert().values(
        owner_id=OWNER,
        key=_KEY,
        fingerprint=bindparam("fingerprint", type_=Text),
        answer=bindparam("answer", type_=LargeBinary),
        created_at=NOW,
    ),
)

_AFTER = bindparam("after", type_=BigInteger)
_WRITTEN = and_(task_versions.c.owner_id == OWNER, task_versions.c.revision > _AFTER)

ONLY_DELETED = Statement(
    "only_deleted",
    select(
        and_(
            spaces.c.revision > _AFTER,
            # A task that was created and deleted at once has a version that says deleted.
            spaces.c.tasks <= bindparam("tasks", type_=BigInteger),
            ~exists().where(_WRITTEN, task_versions.c.action != "deleted"),
        )
    ).where(spaces.c.id == OWNER),
)
"""Whether there are revisions after one, and none did anything but delete."""

SERVICE_KEY = Statement("service_key", select(service_keys.c.key).where(service_keys.c.name == _NAME))


def _propose(insert: Any) -> Any:
    proposed = insert(service_keys).values(name=_NAME, key=bindparam("fresh", type_=LargeBinary))
    return proposed.on_conflict_do_nothing(index_elements=[service_keys.c.name])


PROPOSE_SERVICE_KEY = {
    "postgresql": Statement("propose_service_key", _propose(postgresql.insert), "postgresql"),
    "sqlite": Statement("propose_service_key", _propose(sqlite.insert), "sqlite"),
}
"""Adds a key unless there is one: of several workers, the first one's counts."""
