import asyncio
import threading
from collections.abc import Iterator

import bcrypt
import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from donebook.accounts.hashing import PasswordHashing, PlainBcryptHasher, WholeBcryptHasher
from donebook.errors import Overloaded

PASSWORD = "Correct-horse-7"
IMPORTED = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()

SCHEMES = ["argon2", "bcrypt"]


@pytest.fixture(scope="module")
def bcrypting() -> Iterator[PasswordHashing]:
    hashing = PasswordHashing("bcrypt")
    yield hashing
    hashing.close()


@pytest.fixture(params=SCHEMES)
def either(
    request: pytest.FixtureRequest, hashing: PasswordHashing, bcrypting: PasswordHashing
) -> PasswordHashing:
    return hashing if request.param == "argon2" else bcrypting


async def test_a_password_is_known_by_its_hash(either: PasswordHashing) -> None:
    stored = await either.hash(PASSWORD)
    right, wrong = await either.verify(PASSWORD, stored), await either.verify("correct-horse-7", stored)
    assert (True, None, False) == (right.right, right.better_hash, wrong.right)


async def test_argon2_is_the_scheme_unless_bcrypt_is_asked_for(
    hashing: PasswordHashing, bcrypting: PasswordHashing
) -> None:
    assert (await hashing.hash(PASSWORD)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await bcrypting.hash(PASSWORD)).startswith("$bcrypt-sha256$v=2,t=2b,r=12$")


@pytest.mark.parametrize("length", [71, 72, 73, 127, 128])
async def test_every_byte_counts_however_long_the_password_is(either: PasswordHashing, length: int) -> None:
    password = "Aa1" + "x" * (length - 3)
    stored = await either.hash(password)
    for other in (password[:-1] + "y", password[:-1], password + "x", password[:72] + "y"):
        if other != password:
            assert not (await either.verify(other, stored)).right, other
    assert (await either.verify(password, stored)).right


async def test_multibyte_passwords_that_share_72_bytes_are_distinct(either: PasswordHashing) -> None:
    stored = await either.hash("Aa1" + "é" * 60 + "1")
    assert not (await either.verify("Aa1" + "é" * 60 + "2", stored)).right


@pytest.mark.parametrize("prefix", ["2a", "2b", "2y"])
async def test_a_bcrypt_hash_from_elsewhere_is_verified_and_renewed(
    either: PasswordHashing, prefix: str
) -> None:
    imported = IMPORTED.replace("$2b$", f"${prefix}$")

    verdict = await either.verify(PASSWORD, imported)

    assert verdict.right
    assert verdict.better_hash is not None
    assert await either.verify(PASSWORD, verdict.better_hash) == type(verdict)(True)
    assert not (await either.verify("Wrong-horse-7", imported)).right


async def test_a_bcrypt_hash_from_elsewhere_is_not_matched_by_its_first_72_bytes(
    hashing: PasswordHashing,
) -> None:
    beginning = "Aa1" + "x" * 69
    imported = bcrypt.hashpw(beginning.encode(), bcrypt.gensalt(4)).decode()
    assert (await hashing.verify(beginning, imported)).right
    assert not (await hashing.verify(beginning + "x", imported)).right


async def test_a_password_too_long_for_bcrypt_costs_a_hash_too(
    hashing: PasswordHashing, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = []

    def check(password: bytes, _: bytes) -> bool:
        checked.append(len(password))
        return False

    monkeypatch.setattr(bcrypt, "checkpw", check)
    assert not (await hashing.verify("x" * 128, IMPORTED)).right
    assert [72] == checked


async def test_a_hash_of_the_other_scheme_is_renewed(
    hashing: PasswordHashing, bcrypting: PasswordHashing
) -> None:
    for old, new, form in [(bcrypting, hashing, "$argon2id$"), (hashing, bcrypting, "$bcrypt-sha256$")]:
        better = (await new.verify(PASSWORD, await old.hash(PASSWORD))).better_hash
        assert better is not None
        assert better.startswith(form)


async def test_an_argon2_hash_with_weaker_parameters_is_renewed(hashing: PasswordHashing) -> None:
    weak = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    better = (await hashing.verify(PASSWORD, weak)).better_hash
    assert better is not None
    assert "m=19456,t=2,p=1" in better


def test_the_bcrypt_form_is_the_one_passlib_documents() -> None:
    # The example in passlib's documentation of bcrypt_sha256, version 2.
    documented = "$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2"
    hasher = WholeBcryptHasher()
    assert hasher.identify(documented)
    assert hasher.verify("password", documented)
    assert not hasher.verify("Password", documented)
    assert documented == hasher.hash("password", salt=b"$2b$12$n79VH.0Q2TMWmt3Oqt9uku")
    assert not hasher.check_needs_rehash(documented)
    assert hasher.check_needs_rehash(documented.replace("r=12", "r=10"))


def test_the_forms_of_bcrypt_are_told_apart() -> None:
    ours = WholeBcryptHasher(4).hash(PASSWORD)
    assert not PlainBcryptHasher.identify(ours)
    assert not WholeBcryptHasher.identify(IMPORTED)
    assert not WholeBcryptHasher().verify(PASSWORD, IMPORTED)
    assert WholeBcryptHasher().check_needs_rehash(IMPORTED)


@pytest.mark.parametrize("stored", ["", "plain text", "$argon2id$broken", "$2b$12$short", "{SSHA}x"])
async def test_a_hash_of_no_known_form_matches_nothing(hashing: PasswordHashing, stored: str) -> None:
    assert not (await hashing.verify(PASSWORD, stored)).right


async def test_without_a_stored_hash_nothing_matches(either: PasswordHashing) -> None:
    assert not (await either.verify(PASSWORD, None)).right


async def test_the_event_loop_goes_on_while_a_password_is_hashed(hashing: PasswordHashing) -> None:
    hashed = asyncio.create_task(hashing.hash(PASSWORD))
    turns = 0
    while not hashed.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10


async def test_a_full_queue_refuses_at_once_and_has_room_again_later() -> None:
    hashing = PasswordHashing("argon2", threads=1, waiting=1)
    may_end = threading.Event()
    try:
        # Whatever the machine's speed: the one thread is held until the test lets go of it.
        hashing._threads.submit(may_end.wait)
        accepted = [asyncio.create_task(hashing.hash(PASSWORD)) for _ in range(2)]
        await asyncio.sleep(0)

        with pytest.raises(Overloaded):
            await hashing.hash(PASSWORD)

        may_end.set()
        await asyncio.gather(*accepted)
        await hashing.hash(PASSWORD)
    finally:
        may_end.set()
        hashing.close()


async def test_a_caller_who_goes_away_does_not_take_up_room_for_good() -> None:
    hashing = PasswordHashing("argon2", threads=1, waiting=0)
    try:
        for _ in range(3):
            left = asyncio.create_task(hashing.hash(PASSWORD))
            await asyncio.sleep(0)
            left.cancel()
            await asyncio.gather(left, return_exceptions=True)
            await asyncio.to_thread(hashing._threads.submit(int).result)
        assert (await hashing.hash(PASSWORD)).startswith("$argon2id$")
    finally:
        hashing.close()
