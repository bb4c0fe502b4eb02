"""Signing up, in and out."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import bcrypt
import pytest
from sqlalchemy import Text, bindparam, update

from donebook.accounts.events import EventKind, Origin, RecordedEvent, list_events
from donebook.accounts.hashing import PasswordHashing
from donebook.accounts.model import local_accounts
from donebook.accounts.operations import disable_user, enable_user, set_password
from donebook.accounts.revocations import admit
from donebook.accounts.usecases import SignedIn, get_profile, log_in, log_out, sign_up
from donebook.errors import EmailTaken, TokenRevoked, WrongCredentials
from donebook.principal import Principal
from donebook.storage.database import Database
from donebook.storage.statement import Statement
from tests.accounts.conftest import Clock
from tests.accounts.rows import rows_of

PASSWORD = "Correct-horse-7"
ORIGIN = Origin("203.0.113.7", "a browser", "request-1")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Door:
    """Signing up and in, at one service."""

    def __init__(self, database: Database, hashing: PasswordHashing, clock: Clock) -> None:
        self.database = database
        self.hashing = hashing
        self.clock = clock

    async def sign_up(self, email: str = "ada@example.com", name: str | None = "Ada") -> SignedIn:
        return await sign_up(
            self.database,
            self.hashing,
            email=email,
            password=PASSWORD,
            name=name,
            origin=ORIGIN,
            now=self.clock(),
        )

    async def log_in(self, email: str = "ada@example.com", password: str = PASSWORD) -> SignedIn:
        return await log_in(
            self.database, self.hashing, email=email, password=password, origin=ORIGIN, now=self.clock()
        )

    async def events(self) -> Sequence[RecordedEvent]:
        """Oldest first."""
        return list(reversed(await list_events(self.database, since=LONG_AGO)))


@pytest.fixture
def door(database: Database, hashing: PasswordHashing, clock: Clock) -> Door:
    return Door(database, hashing, clock)


def event(user_id: str | None, kind: EventKind, at: datetime, reason: str | None = None) -> RecordedEvent:
    return RecordedEvent(at, user_id, kind, reason, "203.0.113.7", "a browser", "request-1")


async def test_who_signs_up_is_a_user_and_can_log_in(door: Door) -> None:
    new = await door.sign_up()
    door.clock.advance(60)
    again = await door.log_in()

    assert SignedIn(new.user_id, "ada@example.com", "Ada", door.clock()) == again
    assert "Ada" == (await get_profile(door.database, Principal(new.user_id))).name
    assert 36 == len(new.user_id)


async def test_passwords_are_not_in_the_database(door: Door) -> None:
    await door.sign_up()
    (account,) = await rows_of(door.database, "local_accounts")
    assert account["password_hash"].startswith("$argon2id$")
    assert PASSWORD not in repr(account)


@pytest.mark.parametrize(
    ("email", "other"),
    [
        ("ada@example.com", "ADA@Example.COM"),
        ("straße@example.com", "STRASSE@example.com"),
        ("ἀθήνα@example.com", "ἈΘΉΝΑ@example.com"),
    ],
)
async def test_an_email_is_one_in_every_letter_case(door: Door, email: str, other: str) -> None:
    new = await door.sign_up(email)
    with pytest.raises(EmailTaken):
        await door.sign_up(other)
    assert SignedIn(new.user_id, email, "Ada", door.clock()) == await door.log_in(other)
    assert [1, 1] == [len(await rows_of(door.database, table)) for table in ("users", "spaces")]


async def test_of_many_sign_ups_of_one_email_at_once_one_succeeds(door: Door) -> None:
    spellings = ["ada@example.com", "Ada@example.com", "ADA@EXAMPLE.COM", "aDa@Example.com"] * 4
    outcomes = await asyncio.gather(*(door.sign_up(each) for each in spellings), return_exceptions=True)
    assert 1 == sum(isinstance(each, SignedIn) for each in outcomes)
    assert 15 == sum(isinstance(each, EmailTaken) for each in outcomes)
    assert [1, 1] == [len(await rows_of(door.database, table)) for table in ("users", "spaces")]
    assert 1 == len(await rows_of(door.database, "local_accounts"))


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.com", "Wrong-horse-7"),
        ("ada@example.com", PASSWORD.lower()),
        ("ada@example.com", PASSWORD + " "),
        ("bob@example.com", PASSWORD),
    ],
)
async def test_wrong_credentials_are_refused(door: Door, email: str, password: str) -> None:
    await door.sign_up()
    with pytest.raises(WrongCredentials):
        await door.log_in(email, password)


async def test_a_disabled_user_cannot_log_in_until_enabled(door: Door) -> None:
    new = await door.sign_up()
    await disable_user(door.database, new.user_id, door.clock())
    with pytest.raises(WrongCredentials):
        await door.log_in()
    await enable_user(door.database, new.user_id, door.clock())
    assert new.user_id == (await door.log_in()).user_id


async def test_a_hash_from_elsewhere_is_renewed_at_log_in(door: Door) -> None:
    new = await door.sign_up()
    imported = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    replace_hash = update(local_accounts).values(password_hash=bindparam("hash", type_=Text))
    await door.database.write(Statement("import", replace_hash), {"hash": imported})

    with pytest.raises(WrongCredentials):
        await door.log_in(password="Wrong-horse-7")
    assert imported == (await rows_of(door.database, "local_accounts"))[0]["password_hash"]
    await door.log_in()

    assert (await rows_of(door.database, "local_accounts"))[0]["password_hash"].startswith("$argon2id$")
    assert new.user_id == (await door.log_in()).user_id


async def test_another_password_replaces_the_old_one(door: Door) -> None:
    new = await door.sign_up()
    await set_password(door.database, door.hashing, new.user_id, "Better-horse-8", door.clock())
    with pytest.raises(WrongCredentials):
        await door.log_in()
    assert new.user_id == (await door.log_in(password="Better-horse-8")).user_id


async def test_another_password_ends_the_tokens_from_before_and_no_later_one(door: Door) -> None:
    new = await door.sign_up()
    before = Principal(new.user_id, token_id="old", issued_at=float(int(new.since.timestamp())))
    await set_password(door.database, door.hashing, new.user_id, "Better-horse-8", door.clock())

    with pytest.raises(TokenRevoked) as refused:
        await admit(door.database, before)
    assert "issued before its user's tokens were ended" == refused.value.reason

    # In the same second, which is all that tokens tell of their time.
    after = await door.log_in(password="Better-horse-8")
    assert timedelta() < after.since - door.clock() <= timedelta(seconds=1)
    issued = Principal(new.user_id, token_id="new", issued_at=float(int(after.since.timestamp())))
    await admit(door.database, issued)


async def test_who_logs_out_ends_that_token_alone(door: Door) -> None:
    new = await door.sign_up()
    until = door.clock().timestamp() + 3600
    mine = Principal(new.user_id, token_id="one", expires_at=until)
    other_device = Principal(new.user_id, token_id="two", expires_at=until)
    somebodys = Principal("bob", token_id="one", expires_at=until)

    await log_out(door.database, mine, origin=ORIGIN, now=door.clock())

    with pytest.raises(TokenRevoked):
        await admit(door.database, mine)
    await admit(door.database, other_device)
    await admit(door.database, somebodys)


async def test_each_of_these_is_on_record(door: Door) -> None:
    new = await door.sign_up()
    began = door.clock()
    with pytest.raises(EmailTaken):
        await door.sign_up("ADA@example.com")
    for email, password in [("ada@example.com", "Wrong-horse-7"), ("bob@example.com", PASSWORD)]:
        with pytest.raises(WrongCredentials):
            await door.log_in(email, password)
    at = door.clock.advance(60)
    await door.log_in()
    await log_out(door.database, Principal(new.user_id, token_id="t", expires_at=2e9), origin=ORIGIN, now=at)
    await disable_user(door.database, new.user_id, at)
    with pytest.raises(WrongCredentials):
        await door.log_in()

    assert [
        event(new.user_id, EventKind.SIGN_UP, began),
        event(None, EventKind.SIGN_UP_REFUSED, began, "the e-mail is taken"),
        event(new.user_id, EventKind.LOG_IN_REFUSED, began, "wrong password"),
        event(None, EventKind.LOG_IN_REFUSED, began, "unknown e-mail"),
        event(new.user_id, EventKind.LOG_IN, at),
        event(new.user_id, EventKind.LOG_OUT, at),
        RecordedEvent(at, new.user_id, EventKind.DISABLED, None, None, None, None),
        event(new.user_id, EventKind.LOG_IN_REFUSED, at, "the user is disabled"),
    ] == await door.events()
