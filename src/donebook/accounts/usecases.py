"""What users do with their accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from donebook.accounts.events import EventKind, Origin, record_event, record_event_within
from donebook.accounts.hashing import PasswordHashing
from donebook.accounts.revocations import revoke_within, subject_digest
from donebook.accounts.statements import users as statements
from donebook.errors import (
    EmailTaken,
    Failure,
    ProvisioningFailed,
    TokenRevoked,
    UserUnknown,
    WrongCredentials,
)
from donebook.principal import Principal
from donebook.spaces.revisions import found_space
from donebook.storage.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a user."""

    user_id: str
    email: str | None
    name: str | None
    avatar_url: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user who has shown that they are who they say, and the moment their token is to count from."""

    user_id: str
    email: str
    name: str | None
    since: datetime


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
        await transaction.fetch(statements.PROVISION_USER[transaction.dialect], values)
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


def fold_email(email: str) -> str:
    """The form in which two addresses are the same."""
    return email.strip().casefold()


async def sign_up(
    database: Database,
    hashing: PasswordHashing,
    *,
    email: str,
    password: str,
    name: str | None,
    origin: Origin,
    now: datetime,
) -> SignedIn:
    """Make a user with a local account; of several at once with one e-mail, one succeeds.

    Raises `EmailTaken`, `Overloaded`.
    """
    # Before the transaction: hashing takes longer than any transaction should.
    password_hash = await hashing.hash(password)
    user_id = str(uuid4())
    values = {
        "owner": user_id,
        "email": email,
        "email_folded": fold_email(email),
        "name": name,
        "password_hash": password_hash,
        "now": now,
    }

    async def create(transaction: Transaction) -> None:
        await transaction.fetch(statements.CREATE_USER, values)
        await found_space(transaction, user_id, now)
        if not await transaction.fetch(statements.CREATE_ACCOUNT[transaction.dialect], values):
            raise EmailTaken
        await record_event_within(transaction, EventKind.SIGN_UP, origin, now, user_id=user_id)

    try:
        await database.transact(create)
    except EmailTaken:
        await record_event(database, EventKind.SIGN_UP_REFUSED, origin, now, reason="the e-mail is taken")
        raise
    return SignedIn(user_id, email, name, now)


async def log_in(
    database: Database, hashing: PasswordHashing, *, email: str, password: str, origin: Origin, now: datetime
) -> SignedIn:
    """Check a password; an unknown e-mail costs what a wrong password does, and is told apart by nothing.

    ``now`` is taken before the account is read, so that a password set meanwhile ends the session too.
    Raises `WrongCredentials`, `Overloaded`.
    """
    rows = await database.read(statements.GET_ACCOUNT, {"email_folded": fold_email(email)})
    row: Sequence[Any] = rows[0] if rows else (None,) * 6
    user_id, known_email, name, disabled_at, valid_from, stored = row
    verdict = await hashing.verify(password, stored)
    if not verdict.right or disabled_at is not None:
        reason = "the user is disabled" if verdict.right else "wrong password" if rows else "unknown e-mail"
        await record_event(database, EventKind.LOG_IN_REFUSED, origin, now, user_id=user_id, reason=reason)
        raise WrongCredentials
    if verdict.better_hash is not None:
        values = {"owner": user_id, "previous_hash": stored, "password_hash": verdict.better_hash}
        await database.write(statements.UPGRADE_HASH, values)
    await record_event(database, EventKind.LOG_IN, origin, now, user_id=user_id)
    return SignedIn(user_id, known_email, name, max(now, valid_from) if valid_from else now)


async def log_out(database: Database, principal: Principal, *, origin: Origin, now: datetime) -> None:
    """End the principal's token, on this worker when its memory forgets it and on others within a second."""
    expires_at = datetime.fromtimestamp(principal.expires_at, UTC)

    async def revoke(transaction: Transaction) -> Any:
        await record_event_within(transaction, EventKind.LOG_OUT, origin, now, user_id=principal.user_id)
        await revoke_within(
            transaction, token_id=principal.token_id, user_id=principal.user_id, expires_at=expires_at
        )

    await database.transact(revoke)
