"""Signing up, in and out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import bcrypt
import pytest
from sqlalchemy import Text, bindparam, update

from donebook.accounts.events import EventKind, Origin, RecordedEvent, list_events
from donebook.accounts.hashing import PasswordHashing, Verdict
from donebook.accounts.model import local_accounts
from donebook.accounts.operations import disable_user, enable_user, set_password
from donebook.accounts.revocations import admit
from donebook.accounts.sessions import SignedIn, log_out
from donebook.accounts.usecases import change_password, get_profile, log_in, sign_up
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
    began = door.clock()
    door.clock.advance(60)
    again = await door.log_in()

    assert SignedIn(new.user_id, "ada@example.com", "Ada", door.clock(), began) == again
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
    assert SignedIn(new.user_id, email, "Ada", door.clock(), door.clock()) == await door.log_in(other)
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
    await set_password(door.database, door.hashing, new.user_id, "Better-horse-8", door.clock)
    with pytest.raises(WrongCredentials):
        await door.log_in()
    assert new.user_id == (await door.log_in(password="Better-horse-8")).user_id


async def test_another_password_ends_the_tokens_from_before_and_no_later_one(door: Door) -> None:
    new = await door.sign_up()
    before = Principal(new.user_id, token_id="old", issued_at=float(int(new.since.timestamp())))
    await set_password(door.database, door.hashing, new.user_id, "Better-horse-8", door.clock)

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


# What happens while a password is checked


class Meanwhile(PasswordHashing):
    """Hashing in the middle of which something else happens, once: when the password was found right."""

    def __init__(self) -> None:
        super().__init__("argon2")
        self.happens: Callable[[], Awaitable[object]] | None = None

    async def verify(self, password: str, stored: str | None) -> Verdict:
        verdict = await super().verify(password, stored)
        if self.happens is not None:
            happens, self.happens = self.happens, None
            await happens()
        return verdict


@pytest.fixture
def meanwhile(database: Database, clock: Clock) -> Iterator[Door]:
    """A door whose hashing has something happen meanwhile."""
    hashing = Meanwhile()
    yield Door(database, hashing, clock)
    hashing.close()


async def import_hash(door: Door, password: str) -> None:
    """Give the account a hash of another form, which a log-in renews."""
    imported = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    replace_hash = update(local_accounts).values(password_hash=bindparam("hash", type_=Text))
    await door.database.write(Statement("import", replace_hash), {"hash": imported})


async def test_a_log_in_that_renews_the_hash_does_not_bring_the_old_password_back(
    door: Door, meanwhile: Door
) -> None:
    new = await door.sign_up()
    await import_hash(door, PASSWORD)
    assert isinstance(meanwhile.hashing, Meanwhile)
    meanwhile.hashing.happens = lambda: set_password(
        door.database, door.hashing, new.user_id, "Better-horse-8", door.clock
    )

    with pytest.raises(WrongCredentials):
        await meanwhile.log_in()

    with pytest.raises(WrongCredentials):
        await door.log_in()
    assert new.user_id == (await door.log_in(password="Better-horse-8")).user_id


async def test_a_log_in_whose_hash_another_one_renews_meanwhile_succeeds(door: Door, meanwhile: Door) -> None:
    new = await door.sign_up()
    await import_hash(door, PASSWORD)
    assert isinstance(meanwhile.hashing, Meanwhile)
    meanwhile.hashing.happens = door.log_in

    assert new.user_id == (await meanwhile.log_in()).user_id
    assert new.user_id == (await door.log_in()).user_id


async def test_who_is_disabled_while_their_password_is_checked_does_not_get_in(
    door: Door, meanwhile: Door
) -> None:
    new = await door.sign_up()
    assert isinstance(meanwhile.hashing, Meanwhile)
    meanwhile.hashing.happens = lambda: disable_user(door.database, new.user_id, door.clock())
    with pytest.raises(WrongCredentials):
        await meanwhile.log_in()
    assert [] == await rows_of(door.database, "sessions")


async def test_of_two_changes_of_one_password_the_second_is_refused(door: Door, meanwhile: Door) -> None:
    new = await door.sign_up()
    mine = Principal(new.user_id, token_id="mine", expires_at=2e9)
    assert isinstance(meanwhile.hashing, Meanwhile)

    async def change(hashing: PasswordHashing, password: str) -> None:
        await change_password(
            door.database, hashing, mine, current=PASSWORD, new=password, origin=ORIGIN, clock=door.clock
        )

    meanwhile.hashing.happens = lambda: change(door.hashing, "Better-horse-8")
    with pytest.raises(WrongCredentials):
        await change(meanwhile.hashing, "Third-horse-9")
    assert new.user_id == (await door.log_in(password="Better-horse-8")).user_id


async def test_a_token_of_a_log_in_from_before_a_slow_change_of_the_password_has_ended(
    door: Door,
) -> None:
    new = await door.sign_up()
    entered: list[SignedIn] = []

    class SlowHashing(PasswordHashing):
        async def hash(self, password: str) -> str:
            # A second passes, and somebody logs in with the password that is to be replaced.
            door.clock.advance(1.5)
            entered.append(await door.log_in())
            return await super().hash(password)

    slow = SlowHashing("argon2")
    await set_password(door.database, slow, new.user_id, "Better-horse-8", door.clock)
    slow.close()
    token = Principal(new.user_id, token_id="old", issued_at=float(int(entered[0].since.timestamp())))
    with pytest.raises(TokenRevoked):
        await admit(door.database, token)


# Forms of passwords from before they were normalised


async def test_a_hash_of_a_password_as_it_was_typed_goes_on_working(door: Door) -> None:
    typed, normal = "Cafe\u0301-Horse-7", "Caf\u00e9-Horse-7"
    new = await door.sign_up()
    for stored in (typed, normal):
        await import_hash(door, stored)
        assert new.user_id == (await door.log_in(password=typed)).user_id
        # And from then on it is one however it is typed.
        assert new.user_id == (await door.log_in(password=normal)).user_id
        assert new.user_id == (await door.log_in(password=typed)).user_id


async def test_two_accounts_from_before_addresses_were_normalised_both_log_in(door: Door) -> None:
    older = await door.sign_up("ada@example.com")
    younger = await door.sign_up("bob@example.com")
    rename = update(local_accounts).where(local_accounts.c.user_id == bindparam("who", type_=Text))
    await door.database.write(
        Statement("rename", rename.values(email_folded=bindparam("form", type_=Text))),
        {"who": younger.user_id, "form": "ada@example.com."},
    )
    assert older.user_id == (await door.log_in("ADA@example.com")).user_id
    assert younger.user_id == (await door.log_in("ADA@example.com.")).user_id
