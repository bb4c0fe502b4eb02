"""Sessions that go on by a cookie."""

from sqlalchemy import delete, insert, or_, select, update

from donebook.accounts.model import sessions, users
from donebook.accounts.statements.binds import NOW, OWNER, instant, text
from donebook.storage.statement import Statement

OPEN_SESSION = Statement(
    "open_session",
    insert(sessions).values(
        id=text("session"),
        user_id=OWNER,
        digest=text("digest"),
        user_agent=text("user_agent"),
        created_at=NOW,
        rotated_at=NOW,
        expires_at=instant("expires_at"),
    ),
)

ROTATE_COOKIE = Statement(
    "rotate_cookie",
    update(sessions)
    .where(sessions.c.id == text("session"), sessions.c.digest == text("given"), sessions.c.expires_at > NOW)
    .values(
        previous_digest=sessions.c.digest,
        digest=text("next"),
        step=text("step"),
        rotated_at=NOW,
        expires_at=instant("expires_at"),
    )
    .returning(sessions.c.user_id),
    crosses_owners=True,  # the cookie tells whose it is
)
"""Replace the cookie, if it is still the session's; of several at once, one does."""

FIND_SESSION = Statement(
    "find_session",
    select(sessions.c.user_id, sessions.c.previous_digest, sessions.c.step, sessions.c.rotated_at).where(
        sessions.c.id == text("session"), sessions.c.expires_at > NOW
    ),
    crosses_owners=True,
)

LIST_SESSIONS = Statement(
    "list_sessions",
    select(sessions.c.id, sessions.c.user_agent, sessions.c.created_at, sessions.c.rotated_at)
    .where(sessions.c.user_id == OWNER, sessions.c.expires_at > NOW)
    .order_by(sessions.c.rotated_at.desc(), sessions.c.id),
)

END_SESSION = Statement(
    "end_session", delete(sessions).where(sessions.c.id == text("session"), sessions.c.user_id == OWNER)
)

END_SESSIONS = Statement(
    "end_sessions",
    delete(sessions).where(
        sessions.c.user_id == OWNER, or_(text("kept").is_(None), sessions.c.id != text("kept"))
    ),
)
"""All sessions of the user, save the kept one."""

SESSION_USER = Statement(
    "session_user",
    select(
        users.c.email, users.c.name, users.c.created_at, users.c.disabled_at, users.c.tokens_valid_from
    ).where(users.c.id == OWNER),
)

PRUNE_SESSIONS = Statement(
    "prune_sessions", delete(sessions).where(sessions.c.expires_at < NOW), crosses_owners=True, varies=True
)
