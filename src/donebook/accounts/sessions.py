"""Sessions that go on by a cookie, for front ends on the same origin.

A cookie is ``<session>.<secret>``. Each refresh replaces the secret by the next one, which is made of the
one before and a random step that only the database has. So the database holds no secret, the cookie alone
does not tell the next one, and two tabs that refresh at once get the same.
"""

import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

from donebook.accounts.events import EventKind, Origin, printable, record_event_within
from donebook.accounts.revocations import revoke_user_within, revoke_within, session_of
from donebook.accounts.statements import sessions as statements
from donebook.accounts.statements import users
from donebook.errors import SessionEnded
from donebook.principal import Principal
from donebook.storage.database import Database, Transaction

IDLE = timedelta(days=30)
"""How long a session that nobody refreshes can be gone on with."""

REUSE = timedelta(seconds=30)
"""How long the cookie before is answered with its successor: other tabs may be on their way with it."""

_TOKENS_LAST = timedelta(days=1)
"""At most: no token of an ended session is good for longer."""

_LONGEST_AGENT = 256


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session, and the cookie to go on with; it is told once."""

    session_id: str
    cookie: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user who has shown that they are who they say, and the moment their token is to count from."""

    user_id: str
    email: str
    name: str | None
    since: datetime
    created_at: datetime
    session: OpenSession | None = None


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A session, for its user to recognise."""

    session_id: str
    user_agent: str | None
    created_at: datetime
    refreshed_at: datetime


async def open_session(transaction: Transaction, user_id: str, origin: Origin, now: datetime) -> OpenSession:
    """Begin a session of the user."""
    session_id, secret = uuid4().hex, secrets.token_hex(32)
    agent = origin.user_agent
    values = {
        "owner": user_id,
        "session": session_id,
        "digest": _digest(secret),
        "user_agent": None if agent is None else printable(agent[:_LONGEST_AGENT]),
        "now": now,
        "expires_at": now + IDLE,
    }
    await transaction.fetch(statements.OPEN_SESSION, values)
    return OpenSession(session_id, f"{session_id}.{secret}")


async def refresh_session(database: Database, cookie: str, *, origin: Origin, now: datetime) -> SignedIn:
    """Go on with the session of the cookie, by the next cookie; ``now`` is taken before anything is read.

    A cookie that was replaced is answered with the one that replaced it for `REUSE`. After that it ends the
    session, with its tokens: of two who have it, one has stolen it. Raises `SessionEnded`.
    """
    session_id, _, secret = cookie.partition(".")
    step = secrets.token_hex(32)
    successor = _next(secret, step)
    values = {
        "session": session_id,
        "given": _digest(secret),
        "next": _digest(successor),
        "step": step,
        "now": now,
        "expires_at": now + IDLE,
    }

    async def refresh(transaction: Transaction) -> SignedIn | SessionEnded:
        rows = await transaction.fetch(statements.ROTATE_COOKIE, values)
        if rows:
            user_id, following = rows[0][0], successor
        else:
            found = await transaction.fetch(statements.FIND_SESSION, values)
            if not found:
                return SessionEnded("no such session")
            user_id, previous, last_step, rotated_at = found[0]
            if previous != values["given"] or now - rotated_at >= REUSE:
                await end_session(transaction, user_id, session_id, now)
                return SessionEnded("an old cookie was used again", user_id)
            following = _next(secret, last_step)
        ((email, name, created_at, disabled_at, valid_from),) = await transaction.fetch(
            statements.SESSION_USER, {"owner": user_id}
        )
        if disabled_at is not None:
            return SessionEnded("its user is disabled", user_id)
        await record_event_within(transaction, EventKind.SESSION_REFRESHED, origin, now, user_id=user_id)
        session = OpenSession(session_id, f"{session_id}.{following}")
        return SignedIn(user_id, email, name, max(now, valid_from or now), created_at, session)

    outcome = await database.transact(refresh)
    if isinstance(outcome, SessionEnded):
        # Only now: what ends a stolen session has to be committed.
        raise outcome
    return outcome


async def end_session(transaction: Transaction, user_id: str, session_id: str, now: datetime) -> None:
    """End a session and its tokens; the last thing in its transaction."""
    await transaction.fetch(statements.END_SESSION, {"owner": user_id, "session": session_id})
    await revoke_within(transaction, token_id=session_id, user_id=user_id, expires_at=now + _TOKENS_LAST)
    # Workers remember tokens by their own ids, which nobody has listed.
    await revoke_user_within(transaction, user_id, now)


async def end_sessions(transaction: Transaction, user_id: str, *, kept: str | None = None) -> str | None:
    """End all sessions of the user but one; the first thing in its transaction.

    No log-in of the user happens from here to the end of the transaction. The tokens are to be ended too,
    from a moment that is taken after this. Returns the (normalised) e-mail of the user's local account.
    """
    rows = await transaction.fetch(users.LOCK_ACCOUNT, {"owner": user_id})
    await transaction.fetch(statements.END_SESSIONS, {"owner": user_id, "kept": kept})
    return rows[0][0] if rows else None


async def list_sessions(database: Database, user_id: str, now: datetime) -> Sequence[SessionFacts]:
    """The user's sessions that can be gone on with, the last refreshed first."""
    rows = await database.read(statements.LIST_SESSIONS, {"owner": user_id, "now": now})
    return [SessionFacts(*row) for row in rows]


async def log_out(database: Database, principal: Principal, *, origin: Origin, now: datetime) -> None:
    """End the principal's token, and the session that it belongs to.

    On this worker the token ends when its memory forgets it, and on others within a second.
    """
    expires_at = datetime.fromtimestamp(principal.expires_at, UTC)
    token_id, user_id = principal.token_id, principal.user_id
    session_id = session_of(token_id)

    async def revoke(transaction: Transaction) -> None:
        await record_event_within(transaction, EventKind.LOG_OUT, origin, now, user_id=user_id)
        await revoke_within(transaction, token_id=token_id, user_id=user_id, expires_at=expires_at)
        if session_id != token_id:
            await end_session(transaction, user_id, session_id, now)

    await database.transact(revoke)


async def log_out_everywhere(
    database: Database, principal: Principal, *, origin: Origin, clock: Callable[[], datetime]
) -> None:
    """End all tokens and sessions of the principal, on every worker within a second."""

    async def end(transaction: Transaction) -> None:
        await end_sessions(transaction, principal.user_id)
        now = clock()
        await end_tokens(transaction, principal.user_id, now)
        await record_event_within(transaction, EventKind.LOG_OUT_ALL, origin, now, user_id=principal.user_id)
        await revoke_user_within(transaction, principal.user_id, now)

    await database.transact(end)


async def end_tokens(
    transaction: Transaction, user_id: str, now: datetime, *, kept: str | None = None
) -> None:
    """Let no token of the user count that was issued until ``now``, save those of the kept session."""
    values = {"owner": user_id, "valid_from": next_second(now), "kept": kept}
    await transaction.fetch(users.SET_VALID_FROM, values)


def next_second(now: datetime) -> datetime:
    """From when tokens count that are issued after ``now``, whose times are in whole seconds."""
    return now.replace(microsecond=0) + timedelta(seconds=1)


def _next(secret: str, step: str) -> str:
    return hmac.digest(step.encode(), secret.encode("utf-8", "replace"), "sha256").hex()


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()
