"""What an operator does with users."""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import MetaData

from donebook.accounts.addresses import normalise_email
from donebook.accounts.events import OPERATOR, EventKind, record_event_within
from donebook.accounts.guesses import forget_guesses
from donebook.accounts.hashing import PasswordHashing
from donebook.accounts.revocations import revoke_user_within, subject_digest
from donebook.accounts.sessions import end_sessions, end_tokens
from donebook.accounts.statements import erasure, invitations
from donebook.accounts.statements import users as statements
from donebook.accounts.usecases import create_account, digest_invitation, new_account
from donebook.errors import UserUnknown
from donebook.spaces.revisions import found_space
from donebook.spaces.statements import ERASE_SPACE
from donebook.storage.database import Database, Transaction

_PAGE = 500


@dataclass(frozen=True, slots=True)
class UserFacts:
    """A user, for an operator."""

    user_id: str
    email: str | None
    name: str | None
    avatar_url: str | None
    created_at: datetime
    disabled_at: datetime | None
    admin_since: datetime | None
    local: bool
    """Whether they signed up here, and so have a password."""


@dataclass(frozen=True, slots=True)
class UserMatch:
    """A user whom some text names, by their id or by their e-mail, which may be spelled another way."""

    user_id: str
    email: str | None
    exact: bool
    """Whether the text is the id, or the e-mail just as it is stored."""


async def find_users(database: Database, wanted: str) -> Sequence[UserMatch]:
    """The users who have this id, or this e-mail in any spelling; several subjects may carry one e-mail."""
    normalised, after = normalise_email(wanted), ""
    found = []
    # Read one after the other: how e-mails are compared, the database does not know.
    while rows := await database.read(statements.LIST_ADDRESSES, {"after": after, "limit": _PAGE}):
        for user_id, email, folded in rows:
            spellings = {folded, normalise_email(email) if email else None}
            if wanted in {user_id, folded} or normalised in spellings:
                found.append(UserMatch(user_id, email, wanted in {user_id, email}))
        after = rows[-1][0]
    return found


async def get_user(database: Database, user_id: str) -> UserFacts:
    """Raises `UserUnknown`."""
    rows = await database.read(statements.GET_USER, {"owner": user_id})
    if not rows:
        raise UserUnknown
    return UserFacts(*rows[0])


async def list_users(database: Database) -> AsyncIterator[UserFacts]:
    """All users, by id, read in pages."""
    after = ""
    while rows := await database.read(statements.LIST_USERS, {"after": after, "limit": _PAGE}):
        for row in rows:
            yield UserFacts(*row)
        after = rows[-1][0]


async def disable_user(database: Database, user_id: str, now: datetime) -> None:
    """Accept no token and no password of the user, within a second. Raises `UserUnknown`."""

    async def disable(transaction: Transaction) -> None:
        await end_sessions(transaction, user_id)
        if not await transaction.fetch(statements.DISABLE_USER, {"owner": user_id, "now": now}):
            raise UserUnknown
        await record_event_within(transaction, EventKind.DISABLED, OPERATOR, now, user_id=user_id)
        await revoke_user_within(transaction, user_id, now)

    await database.transact(disable)


async def enable_user(database: Database, user_id: str, now: datetime) -> None:
    """Accept the user's tokens again, those from before too; or let an erased subject come back by new ones.

    Raises `UserUnknown`.
    """
    # Of an erased subject it is not known any more which tokens had been ended.
    nothing = dict.fromkeys(("email", "name", "avatar_url"))
    values = {"owner": user_id, "now": now, **nothing}

    async def enable(transaction: Transaction) -> None:
        known = await transaction.fetch(statements.ENABLE_USER, {"owner": user_id})
        erased = await transaction.fetch(erasure.FORGET_ERASED, {"digest": subject_digest(user_id)})
        if not known and not erased:
            raise UserUnknown
        if not known:
            await transaction.fetch(statements.PROVISION_USER, values)
            await found_space(transaction, user_id, now)
            await end_tokens(transaction, user_id, now)
        await record_event_within(transaction, EventKind.ENABLED, OPERATOR, now, user_id=user_id)

    await database.transact(enable)


async def set_password(
    database: Database,
    hashing: PasswordHashing,
    user_id: str,
    password: str,
    clock: Callable[[], datetime],
) -> None:
    """Give a local account another password, and end its tokens and sessions, within a second.

    Raises `UserUnknown` for a user without a local account.
    """
    password_hash = await hashing.hash(password)

    async def change(transaction: Transaction) -> None:
        email = await end_sessions(transaction, user_id)
        # Taken where no log-in with the old password can come after it.
        now = clock()
        values = {"owner": user_id, "password_hash": password_hash, "now": now}
        if email is None or not await transaction.fetch(statements.SET_PASSWORD, values):
            raise UserUnknown
        await end_tokens(transaction, user_id, now)
        await forget_guesses(transaction, email)
        await record_event_within(transaction, EventKind.PASSWORD_SET, OPERATOR, now, user_id=user_id)
        await revoke_user_within(transaction, user_id, now)

    await database.transact(change)


async def create_user(
    database: Database,
    hashing: PasswordHashing,
    *,
    email: str,
    password: str,
    name: str | None,
    admin: bool,
    now: datetime,
) -> str:
    """Make a user with a local account, whoever may sign up; returns their id. Raises `EmailTaken`."""
    values = new_account(email, await hashing.hash(password), name, now, admin=admin)
    user_id: str = values["owner"]

    async def create(transaction: Transaction) -> None:
        await create_account(transaction, values)
        await record_event_within(transaction, EventKind.CREATED, OPERATOR, now, user_id=user_id)

    await database.transact(create)
    return user_id


async def invite(database: Database, now: datetime, lifetime: timedelta) -> str:
    """A code with which one person can sign up; it is told once."""
    code = secrets.token_urlsafe(24)
    values = {"invitation": digest_invitation(code), "now": now, "expires_at": now + lifetime}

    async def keep(transaction: Transaction) -> None:
        await transaction.fetch(invitations.INVITE, values)
        await record_event_within(transaction, EventKind.INVITED, OPERATOR, now)

    await database.transact(keep)
    return code


async def erase_user(database: Database, schema: MetaData, user_id: str, now: datetime) -> None:
    """Delete everything that is the user's, and remember by a digest alone that they are not to come back.

    ``schema`` is the whole schema: every table of it that names an owner is seen to.
    What was recorded of them stays without their id and address. Their tokens end within a second; the
    e-mail is free again. Raises `UserUnknown`.
    """
    values = {"owner": user_id, "digest": subject_digest(user_id), "now": now}

    async def shut_out(transaction: Transaction) -> None:
        email = await end_sessions(transaction, user_id)
        if email is not None:
            await forget_guesses(transaction, email)
        if not await transaction.fetch(statements.DISABLE_USER, values):
            raise UserUnknown
        await transaction.fetch(erasure.REMEMBER_ERASED, values)

    async def erase(transaction: Transaction) -> None:
        await end_sessions(transaction, user_id)
        # Then, in the order in which provisioning makes them: whoever writes tasks of theirs holds the
        # space's row, and none begins afterwards.
        await transaction.fetch(erasure.ERASE_USER, values)
        await transaction.fetch(ERASE_SPACE, values)
        for table in erasure.tables_to_empty(schema):
            await transaction.fetch(erasure.erase_rows(table), values)
        await transaction.fetch(erasure.ANONYMISE_EVENTS, {"erased": user_id})
        await record_event_within(transaction, EventKind.ERASED, OPERATOR, now)
        await revoke_user_within(transaction, None, now)

    # Committed by itself, so that a first request that comes in between does not bring the row back.
    await database.transact(shut_out)
    await database.transact(erase)
