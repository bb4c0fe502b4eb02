"""Case 65: addresses and passwords that are one, however they are spelled, on two servers."""

from uuid import uuid4

import pytest

from tests.faults.programme import Tries
from tests.faults.replicas import Replicas

PASSWORD = "Caf\u00e9-Horse-7"
SPELLINGS = {
    "full width": lambda name: "".join(chr(ord(each) + 0xFEE0) for each in f"{name}@b.example"),
    "trailing dot": lambda name: f"{name}@b.example.",
    "upper case": lambda name: f"{name.upper()}@B.EXAMPLE",
    "Punycode": lambda name: f"{name}@xn--caf-dma.example",
    "decomposed": lambda name: f"{name}@cafe\u0301.example",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_twins_are_one_account_whose_password_may_be_typed_in_either_form(
    replicas: Replicas, spelling: str, tries: Tries
) -> None:
    here, there = replicas.servers
    name = f"a{uuid4().hex[:12]}"
    twin = SPELLINGS[spelling](name)
    email = f"{name}@caf\u00e9.example" if "caf" in twin else f"{name}@b.example"
    account = {"email": email, "password": PASSWORD}

    made = await here.ask("POST", "/api/auth/signup", body=account)
    again = await there.ask("POST", "/api/auth/signup", body=account | {"email": twin})
    entered = [
        await server.ask("POST", "/api/auth/login", body={"email": each, "password": password})
        for server in (here, there)
        for each in (email, twin)
        for password in (PASSWORD, "Cafe\u0301-Horse-7")
    ]

    assert [201, 409] == [made.status, again.status]
    assert [200] * 8 == [each.status for each in entered]
    assert {made.json()["user_id"]} == {each.json()["user_id"] for each in entered}
    tries(8, "log-ins with other spellings")
