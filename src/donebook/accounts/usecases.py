"""What users do with their accounts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, NoReturn
from uuid import uuid4

from donebook.accounts.addresses import fold_email, normalise_email
from donebook.accounts.events import EventKind, Origin, record_event, record_event_within
from donebook.accounts.guesses import Guess, know_network, network_digest, take_guess
from donebook.accounts.hashing import PasswordHashing
from donebook.accounts.revocations import revoke_user_within, session_of, subject_digest
from donebook.accounts.sessions import OpenSession, SignedIn, end_sessions, end_tokens, open_session
from donebook.accounts.statements import invitations
from donebook.accounts.statements import users as statements
from donebook.errors import (
    EmailTaken,
    Failure,
    InvitationMissing,
    ProvisioningFailed,
    TokenRevoked,
    UserUnknown,
    WrongCredentials,
)
from donebook.principal import Principal
from donebook.spaces.revisions import found_space
from donebook.storage.database import Database, Transaction

_TRIES = 3
"""A right password is checked again where its hash was renewed or replaced meanwhile."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a user."""

    user_id: str
    email: str | None
    name: str | None
    avatar_url: str | None
    created_at: datetime


async def provision_user(database: Database, principal: Principal, now: datetime) -> None:
    """Make or refresh the rows of the principal and their space; many at once make one of each.

    Raises `ProvisioningFailed`, `DatabaseUnavailable`, and `TokenRevoked` for an erased subject.
    """
    values = {
        "owner": principal.user_id,
        "email": principal.email,
        "name": principal.name,
        "avatar_url": principal.avatar_url,
        "digest": subject_digest(principal.user_id),
        "now": now,
    }

    async def provision(transaction: Transaction) -> None:
        await transaction.fetch(statements.PROVISION_USER, values)
        await found_space(transaction, principal.user_id, now)
        # A statement of its own, after the row is ours: on PostgreSQL the first one may have waited for
        # the user's erasure, and would not see what it left behind.
        if await transaction.fetch(statements.FIND_ERASED, values):
            raise TokenRevoked("its user was erased")

    try:
        await database.transact(provision)
    except Failure:
        raise
    except Exception as error:
        raise ProvisioningFailed(type(error).__name__) from error


async def get_profile(database: Database, principal: Principal) -> Profile:
    """Raises `UserUnknown`."""
    rows = await database.read(statements.GET_USER, {"owner": principal.user_id})
    if not rows:
        raise UserUnknown
    return Profile(*rows[0][:5])


async def sign_up(
    database: Database,
    hashing: PasswordHashing,
    *,
    email: str,
    password: str,
    name: str | None,
    origin: Origin,
    now: datetime,
    invitation: str | None = None,
    invited_only: bool = False,
    cookie: bool = False,
) -> SignedIn:
    """Make a user with a local account; of several at once with one e-mail, one succeeds.

    Where ``invited_only``, the invitation is used up. ``cookie`` opens a session. Raises `EmailTaken`,
    `InvitationMissing`, `Overloaded`.
    """
    if invited_only and invitation is None:
        raise InvitationMissing
    # Before the transaction: hashing takes longer than any transaction should.
    password_hash = await hashing.hash(password)
    values = new_account(email, password_hash, name, now)
    user_id = values["owner"]

    async def create(transaction: Transaction) -> OpenSession | None:
        if invited_only:
            code = {"invitation": digest_invitation(invitation or ""), "now": now}
            if not await transaction.fetch(invitations.TAKE_INVITATION, code):
                raise InvitationMissing
        await create_account(transaction, values)
        await know_network(transaction, user_id, values["normalised"], origin, now)
        await record_event_within(transaction, EventKind.SIGN_UP, origin, now, user_id=user_id)
        return await open_session(transaction, user_id, origin, now) if cookie else None

    try:
        session = await database.transact(create)
    except (EmailTaken, InvitationMissing) as refused:
        reason = "the e-mail is taken" if isinstance(refused, EmailTaken) else "no such invitation"
        await record_event(database, EventKind.SIGN_UP_REFUSED, origin, now, reason=reason)
        raise
    return SignedIn(user_id, email, name, now, now, session)


def new_account(
    email: str, password_hash: str, name: str | None, now: datetime, *, admin: bool = False
) -> dict[str, Any]:
    """The values of a new user with a local account."""
    return {
        "owner": str(uuid4()),
        "email": email,
        "normalised": normalise_email(email),
        "name": name,
        "password_hash": password_hash,
        "now": now,
        "admin_since": now if admin else None,
    }


async def create_account(transaction: Transaction, values: Mapping[str, Any]) -> None:
    """Write a new user and their account; raises `EmailTaken`."""
    await transaction.fetch(statements.CREATE_USER, values)
    await found_space(transaction, values["owner"], values["now"])
    if not await transaction.fetch(statements.CREATE_ACCOUNT, values):
        raise EmailTaken


def digest_invitation(code: str) -> str:
    """Under which an invitation is kept."""
    return sha256(code.encode("utf-8", "replace")).hexdigest()


async def log_in(
    database: Database,
    hashing: PasswordHashing,
    *,
    email: str,
    password: str,
    origin: Origin,
    now: datetime,
    cookie: bool = False,
) -> SignedIn:
    """Check a password; an unknown e-mail costs what a wrong password does, and is told apart by nothing.

    ``now`` is taken before the account is read, so that a password set meanwhile ends the session too.
    ``cookie`` opens a session. Raises `WrongCredentials`, `GuessedTooOften`, `Overloaded`.
    """
    normalised = normalise_email(email)
    wanted = {
        "normalised": normalised,
        "folded": fold_email(email),
        "network": network_digest(normalised, origin),
    }
    guess: Guess | None = None
    for _ in range(_TRIES):
        rows = await database.read(statements.GET_ACCOUNT, wanted)
        account: Sequence[Any] = rows[0] if rows else (None,) * 7
        user_id, disabled_at, stored, known = account[0], *account[4:]
        if guess is None:
            guess = await take_guess(database, normalised, origin, now, known=bool(known), user_id=user_id)
        verdict = await hashing.verify(password, stored)
        if not verdict.right or disabled_at is not None:
            reason = (
                "the user is disabled" if verdict.right else "wrong password" if rows else "unknown e-mail"
            )
            await record_event(
                database, EventKind.LOG_IN_REFUSED, origin, now, user_id=user_id, reason=reason
            )
            raise WrongCredentials
        entrance, better_hash = _Entrance(account, normalised, guess, origin, now), verdict.better_hash
        entered = await database.transact(partial(entrance.enter, better_hash=better_hash, cookie=cookie))
        if entered is not None:
            return entered
    raise WrongCredentials


class _Entrance:
    """Logs a user in whose password was right, unless it has been changed since it was checked."""

    def __init__(
        self, account: Sequence[Any], email: str, guess: Guess, origin: Origin, now: datetime
    ) -> None:
        self._account = account
        self._email = email
        self._guess = guess
        self._origin = origin
        self._now = now

    async def enter(
        self, transaction: Transaction, better_hash: str | None, *, cookie: bool
    ) -> SignedIn | None:
        user_id, email, name, created_at, _, stored, _ = self._account
        now, origin = self._now, self._origin
        values = {"owner": user_id, "previous_hash": stored, "password_hash": better_hash}
        locked = await transaction.fetch(statements.LOCK_ACCOUNT, values)
        ((disabled_at, valid_from),) = await transaction.fetch(statements.GET_STANDING, values) or [
            (now, None)
        ]
        if not locked or locked[0][1] != stored or disabled_at is not None:
            return None
        if better_hash is not None:
            await transaction.fetch(statements.UPGRADE_HASH, values)
        session = await open_session(transaction, user_id, origin, now) if cookie else None
        await know_network(transaction, user_id, self._email, origin, now)
        await self._guess.forgive(transaction)
        await record_event_within(transaction, EventKind.LOG_IN, origin, now, user_id=user_id)
        return SignedIn(user_id, email, name, max(now, valid_from or now), created_at, session)


async def change_password(
    database: Database,
    hashing: PasswordHashing,
    principal: Principal,
    *,
    current: str,
    new: str,
    origin: Origin,
    clock: Callable[[], datetime],
) -> None:
    """Give the principal another password, and end all their sessions but the one that the token is of.

    Raises `WrongCredentials` where the current password is another one or there is none, `GuessedTooOften`,
    `Overloaded`.
    """
    user_id = principal.user_id
    rows = await database.read(statements.GET_OWN_ACCOUNT, {"owner": user_id})
    email, stored = rows[0] if rows else (user_id, None)
    network = {"owner": user_id, "network": network_digest(email, origin)}
    known = bool(await database.read(statements.HAS_NETWORK, network))
    guess = await take_guess(database, email, origin, clock(), known=known, user_id=user_id)
    if not (await hashing.verify(current, stored)).right:
        await _refuse_change(database, user_id, origin, clock(), "wrong password" if rows else "no password")
    values = {"owner": user_id, "previous_hash": stored, "password_hash": await hashing.hash(new)}
    session_id = session_of(principal.token_id)

    async def change(transaction: Transaction) -> bool:
        if not await transaction.fetch(statements.REPLACE_HASH, {**values, "now": clock()}):
            return False
        await end_sessions(transaction, user_id, kept=session_id)
        now = clock()
        await end_tokens(transaction, user_id, now, kept=session_id)
        await guess.forgive(transaction)
        await record_event_within(transaction, EventKind.PASSWORD_CHANGED, origin, now, user_id=user_id)
        await revoke_user_within(transaction, user_id, now)
        return True

    if not await database.transact(change):
        await _refuse_change(database, user_id, origin, clock(), "changed meanwhile")


async def _refuse_change(
    database: Database, user_id: str, origin: Origin, now: datetime, reason: str
) -> NoReturn:
    kind = EventKind.PASSWORD_CHANGE_REFUSED
    await record_event(database, kind, origin, now, user_id=user_id, reason=reason)
    raise WrongCredentials
