"""Invitations to sign up."""

from sqlalchemy import delete, insert

from donebook.accounts.model import sign_up_invitations
from donebook.accounts.statements.binds import NOW, instant, text
from donebook.storage.statement import Statement

INVITE = Statement(
    "invite",
    insert(sign_up_invitations).values(
        digest=text("invitation"), created_at=NOW, expires_at=instant("expires_at")
    ),
)

TAKE_INVITATION = Statement(
    "take_invitation",
    delete(sign_up_invitations)
    .where(sign_up_invitations.c.digest == text("invitation"), sign_up_invitations.c.expires_at > NOW)
    .returning(sign_up_invitations.c.digest),
)
"""No row for one that is unknown, used or too old."""

PRUNE_INVITATIONS = Statement(
    "prune_invitations",
    delete(sign_up_invitations).where(sign_up_invitations.c.expires_at < NOW),
    varies=True,
)
