"""Statements of idempotency records and service keys."""

from typing import Any

from sqlalchemy import LargeBinary, Text, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from donebook.ledger.model import idempotency_records, service_keys
from donebook.storage.statement import Statement
from donebook.storage.types import Instant
from donebook.tasks.statements.parts import NOW, OWNER

_KEY = bindparam("key", type_=Text)
_NAME = bindparam("name", type_=Text)
_RECORDS = idempotency_records.c
_IS_THIS = (_RECORDS.owner_id == OWNER) & (_RECORDS.key == _KEY)

FIND_RECORD = Statement(
    "find_record",
    select(_RECORDS.fingerprint, _RECORDS.answer).where(
        _IS_THIS, _RECORDS.created_at > bindparam("since", type_=Instant)
    ),
)

DROP_RECORD = Statement("drop_record", delete(idempotency_records).where(_IS_THIS))

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

SERVICE_KEY = Statement("service_key", select(service_keys.c.key).where(service_keys.c.name == _NAME))


def _propose(insert: Any) -> Any:
    proposed = insert(service_keys).values(name=_NAME, key=bindparam("fresh", type_=LargeBinary))
    return proposed.on_conflict_do_nothing(index_elements=[service_keys.c.name])


PROPOSE_SERVICE_KEY = {
    "postgresql": Statement("propose_service_key", _propose(postgresql.insert), "postgresql"),
    "sqlite": Statement("propose_service_key", _propose(sqlite.insert), "sqlite"),
}
"""Adds a key unless there is one: of several workers, the first one's counts."""
