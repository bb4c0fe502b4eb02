"""Users are made from what their tokens say."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from donebook.accounts.usecases import Profile, get_profile, provision_user
from donebook.errors import UserUnknown
from donebook.principal import Principal
from donebook.spaces.statements import ERASE_SPACE
from donebook.storage.database import Database
from tests.accounts.conftest import Clock
from tests.accounts.rows import rows_of

ADA = Principal("ada", "ada@example.com", "Ada", "https://example.com/ada.png")


async def test_a_new_subject_becomes_a_user_with_what_the_token_says(
    database: Database, clock: Clock
) -> None:
    await provision_user(database, ADA, clock())
    expected = Profile("ada", "ada@example.com", "Ada", "https://example.com/ada.png", clock())
    assert expected == await get_profile(database, ADA)


async def test_without_a_row_there_is_no_profile(database: Database) -> None:
    with pytest.raises(UserUnknown):
        await get_profile(database, ADA)


async def test_a_claim_that_changed_is_refreshed_and_one_that_is_missing_keeps_its_value(
    database: Database, clock: Clock
) -> None:
    await provision_user(database, ADA, clock())
    began = clock()
    clock.advance(60)

    await provision_user(database, Principal("ada", name="Ada Lovelace"), clock())

    expected = Profile("ada", "ada@example.com", "Ada Lovelace", "https://example.com/ada.png", began)
    assert expected == await get_profile(database, ADA)


async def test_the_row_moves_only_when_something_changed(database: Database, clock: Clock) -> None:
    await provision_user(database, ADA, clock())
    before = await rows_of(database, "users")
    clock.advance(60)

    for same in (ADA, replace(ADA, email=None), Principal("ada")):
        await provision_user(database, same, clock())

    assert before == await rows_of(database, "users")


async def test_fifty_at_once_make_one_user_and_one_space(database: Database, clock: Clock) -> None:
    await asyncio.gather(*(provision_user(database, ADA, clock()) for _ in range(50)))
    for table in ("users", "spaces"):
        assert ["ada"] == [row["id"] for row in await rows_of(database, table)]


async def test_a_user_whose_space_is_missing_is_given_one(database: Database, clock: Clock) -> None:
    await provision_user(database, ADA, clock())
    await database.write(ERASE_SPACE, {"owner": "ada"})

    await provision_user(database, ADA, clock())

    assert ["ada"] == [row["id"] for row in await rows_of(database, "spaces")]


async def test_two_subjects_with_one_email_stay_two_users(database: Database, clock: Clock) -> None:
    await asyncio.gather(
        *(provision_user(database, Principal(each, "shared@example.com"), clock()) for each in "ab" * 10)
    )
    users: list[tuple[Any, Any]] = [(row["id"], row["email"]) for row in await rows_of(database, "users")]
    assert [("a", "shared@example.com"), ("b", "shared@example.com")] == sorted(users)
