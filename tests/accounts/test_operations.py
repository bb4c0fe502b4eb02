import pytest

from donebook.accounts import operations
from donebook.accounts.events import Origin
from donebook.accounts.hashing import PasswordHashing
from donebook.accounts.operations import (
    UserFacts,
    UserMatch,
    disable_user,
    find_users,
    get_user,
    list_users,
    set_password,
)
from donebook.accounts.usecases import provision_user, sign_up
from donebook.errors import UserUnknown
from donebook.principal import Principal
from donebook.storage.database import Database
from tests.accounts.conftest import Clock


async def test_all_users_are_listed_by_id_and_in_pages(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_PAGE", 3)
    for name in "gbcaedf":
        await provision_user(database, Principal(name, f"{name}@example.com"), clock())
    await disable_user(database, "d", clock())

    users = [user async for user in list_users(database)]

    assert list("abcdefg") == [user.user_id for user in users]
    assert UserFacts("d", "d@example.com", None, None, clock(), clock(), None, local=False) == users[3]


async def test_no_users_are_an_empty_list(database: Database) -> None:
    assert [] == [user async for user in list_users(database)]


async def test_a_user_is_found_by_id_and_by_email(
    database: Database, hashing: PasswordHashing, clock: Clock
) -> None:
    local = await sign_up(
        database,
        hashing,
        email="Ada@Example.com",
        password="Correct-horse-7",
        name=None,
        origin=Origin(),
        now=clock(),
    )
    await provision_user(database, Principal("other", "Ada@Example.com"), clock())

    exact = [UserMatch(each, "Ada@Example.com", exact=True) for each in sorted([local.user_id, "other"])]
    assert [exact[0] if exact[0].user_id == local.user_id else exact[1]] == await find_users(
        database, local.user_id
    )
    assert exact == await find_users(database, "Ada@Example.com")
    assert [] == await find_users(database, "nobody")
    expected = UserFacts(local.user_id, "Ada@Example.com", None, None, clock(), None, None, local=True)
    assert expected == await get_user(database, local.user_id)


async def test_who_is_not_known_cannot_be_shown(database: Database) -> None:
    with pytest.raises(UserUnknown):
        await get_user(database, "nobody")


async def test_a_user_of_another_issuer_has_no_password_to_set(
    database: Database, hashing: PasswordHashing, clock: Clock
) -> None:
    await provision_user(database, Principal("ada"), clock())
    with pytest.raises(UserUnknown):
        await set_password(database, hashing, "ada", "Correct-horse-7", clock)


async def test_disabling_twice_keeps_the_first_time(database: Database, clock: Clock) -> None:
    await provision_user(database, Principal("ada"), clock())
    first = clock()
    await disable_user(database, "ada", first)
    await disable_user(database, "ada", clock.advance(60))
    assert first == (await get_user(database, "ada")).disabled_at
