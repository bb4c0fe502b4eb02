"""What ended before its time."""

from sqlalchemy import BigInteger, Integer, Text, bindparam, delete, insert, literal, select, update

from donebook.accounts.model import revocation_head, revocations
from donebook.accounts.statements.binds import instant, text
from donebook.storage.statement import Statement

RAISE_HEAD = Statement(
    "raise_revocation_head",
    update(revocation_head)
    .where(revocation_head.c.name == literal("revocations", Text))
    .values(number=revocation_head.c.number + 1)
    .returning(revocation_head.c.number),
)

REVOKE = Statement(
    "revoke",
    insert(revocations).values(
        number=bindparam("number", type_=BigInteger),
        token_id=text("token_id"),
        user_id=text("user_id"),
        expires_at=instant("expires_at"),
    ),
    crosses_owners=True,  # where it is for everybody, it is nobody's
)

REVOCATION_HEAD = Statement(
    "revocation_head",
    select(revocation_head.c.number).where(revocation_head.c.name == literal("revocations", Text)),
)

REVOCATIONS_AFTER = Statement(
    "revocations_after",
    select(revocations.c.number, revocations.c.token_id, revocations.c.user_id)
    .where(revocations.c.number > bindparam("after", type_=BigInteger))
    .order_by(revocations.c.number)
    .limit(bindparam("limit", type_=Integer)),
    crosses_owners=True,
)

PRUNE_REVOCATIONS = Statement(
    "prune_revocations",
    delete(revocations).where(revocations.c.expires_at < instant("over_by")),
    crosses_owners=True,
    varies=True,
)
