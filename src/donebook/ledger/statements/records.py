"""Statements of idempotency records and service keys."""

from functools import cache
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

from donebook.ledger.kinds.kind import Kind
from donebook.ledger.model import idempotency_records, service_keys
from donebook.ledger.statements.parts import ENTRY, NOW, OWNER, of_kinds
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement, upserting
from donebook.storage.types import Instant, byte_length

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


@cache
def only_deleted(kinds: tuple[Kind, ...]) -> Statement:
    """Whether there are revisions after one, and none did anything but delete."""
    others = [
        ~exists().where(
            and_(kind.versions.c.owner_id == OWNER, kind.versions.c.revision > _AFTER),
            kind.versions.c.action != "deleted",
        )
        for kind in kinds
    ]
    asked = select(
        and_(
            spaces.c.revision > _AFTER,
            # A record that was created and deleted at once has a version that says deleted.
            spaces.c.tasks <= bindparam("tasks", type_=BigInteger),
            *others,
        )
    )
    return Statement(f"only_deleted{of_kinds(kinds)}", asked.where(spaces.c.id == OWNER))


SERVICE_KEY = Statement("service_key", select(service_keys.c.key).where(service_keys.c.name == _NAME))


def _propose(insert: Any) -> Any:
    proposed = insert(service_keys).values(name=_NAME, key=bindparam("fresh", type_=LargeBinary))
    return proposed.on_conflict_do_nothing(index_elements=[service_keys.c.name])


PROPOSE_SERVICE_KEY = upserting("propose_service_key", _propose)
"""Adds a key unless there is one: of several workers, the first one's counts."""
