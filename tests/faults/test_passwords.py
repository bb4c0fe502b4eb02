"""Case 45: an account is made on one server, and another one tells its password from all that are like it."""

from uuid import uuid4

import pytest

from tests.faults.programme import Tries
from tests.faults.replicas import Replicas

LONGEST = 128
FIRST_72 = "Aa1" + "x" * 69

PASSWORDS = {
    "72 bytes": FIRST_72,
    "73 bytes": FIRST_72 + "x",
    "128 bytes": FIRST_72 + "x" * (LONGEST - 72),
    "73 bytes, the last two of one character": FIRST_72[:-1] + "é",
}


def like(password: str) -> set[str]:
    """Passwords that begin as it does, or go on as it does for 72 bytes."""
    cut = password.encode()[:72].decode(errors="ignore")
    others = {cut, cut + "y", password[:-1], password[:-1] + "y", password + "x"} - {password}
    return {each for each in others if len(each) <= LONGEST}


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS)
async def test_passwords_that_share_72_bytes_are_told_apart(
    replicas: Replicas, password: str, tries: Tries
) -> None:
    here, there = replicas.servers
    account = {"email": f"{uuid4().hex}@example.com", "password": password}
    assert 201 == (await here.ask("POST", "/api/auth/signup", body=account)).status

    for other in like(password):
        for server in (here, there):
            refused = await server.ask("POST", "/api/auth/login", body=account | {"password": other})
            assert 401 == refused.status, other
    assert 200 == (await there.ask("POST", "/api/auth/login", body=account)).status
    tries(2 * len(like(password)), "passwords that begin alike, on two servers")


@pytest.mark.parametrize(
    "password", [FIRST_72 + "x" * (LONGEST - 71), "Correct-horse-7\0", "Correct\0-horse-7"]
)
async def test_a_password_that_cannot_be_kept_whole_is_422(replicas: Replicas, password: str) -> None:
    account = {"email": "bob@example.com", "password": password}

    for server in replicas.servers:
        for path in ("/api/auth/signup", "/api/auth/login"):
            refused = await server.ask("POST", path, body=account)
            assert 422 == refused.status
            assert password[:15] not in refused.body.decode()
