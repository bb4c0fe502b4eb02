"""The SQL of spaces themselves; what is in a ledger has statements of its own."""

from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, case, delete, select, update

from donebook.spaces.model import spaces
from donebook.storage.statement import Statement, upserting

OWNER = bindparam("owner", type_=Text)


_FIRST = bindparam("first", type_=BigInteger)


def _found(insert: Any) -> Any:
    begun = insert(spaces).values(id=OWNER, revision=_FIRST, floor=_FIRST)
    return begun.on_conflict_do_nothing(index_elements=[spaces.c.id])


FOUND_SPACE = upserting("found_space", _found)
"""Makes the owner's personal space, whose ledger begins at the revision ``first``, unless there is one."""

ERASE_SPACE = Statement("erase_space", delete(spaces).where(spaces.c.id == OWNER))
"""Takes everything along that has a foreign key to the space."""

_AFTER, _UPTO = bindparam("after", type_=Text), bindparam("upto", type_=Text)
_TO = bindparam("to", type_=BigInteger)
_NEXT = case((spaces.c.revision < _TO, _TO), else_=spaces.c.revision + 1)
_RENEWED = update(spaces).values(revision=_NEXT, floor=_NEXT)

SPACES_AFTER = Statement(
    "spaces_after",
    select(spaces.c.id)
    .where(spaces.c.id > _AFTER)
    .order_by(spaces.c.id)
    .limit(bindparam("limit", type_=BigInteger)),
    crosses_owners=True,
)

# Locked in the order of their ids, as by everybody who locks several spaces.
_LOCKED = (
    select(spaces.c.id)
    .where(spaces.c.id > _AFTER, spaces.c.id <= _UPTO)
    .order_by(spaces.c.id)
    .with_for_update(key_share=True)
    .subquery()
)

RENEW_SPACES = Statement(
    "renew_spaces",
    _RENEWED.where(spaces.c.id.in_(select(_LOCKED.c.id))).returning(spaces.c.id),
    crosses_owners=True,
)
"""Raises a range of ledgers above a number, each at least by one, and sets their floors there."""

RENEW_EVERY_SPACE = Statement("renew_every_space", _RENEWED, crosses_owners=True)
"""The same for all of them at once, where nobody else is."""
