"""Cases 31 to 37: tokens made to deceive, sent to a real server that trusts an issuer and a shared secret."""

import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from tests.faults.conftest import Serve
from tests.faults.programme import Tries
from tests.faults.server import Server
from tests.faults.wire import Answer, Connection
from tests.http.test_hostile_tokens import FORGED, World, malleated
from tests.service import SECRET
from tests.tokens.key_server import running_key_server
from tests.tokens.signing import IssuerKey, key_set, sign
from tests.tokens.test_recorded import recording

CASES = {
    31: ["no algorithm", "no signature"],
    32: ["the public key as a secret"],
    33: ["another issuer's key", "a changed signature", "an extension"],
    34: ["a key id", "a key of its own"],
    35: ["its times", "an infinite time"],
    36: ["issuer and audience", "its subject", "what it is for", "what is no token"],
}

# What a token says is no matter of the database.
on_either_database = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow_faults)], indirect=True
)

OWN_USE = ["email-verification", "cookie-cache-by-secret", "cookie-cache-by-published-key"]


class Door(World):
    """A server process at whose door the tokens are shown."""

    def __init__(self, server: Server, keys: Any, key: IssuerKey) -> None:
        super().__init__(cast("Any", None), keys, key)
        self.server = server
        self._connection: Connection | None = None

    async def show(self, token: str, method: str = "GET", path: str = "/api/tasks") -> Answer:
        if self._connection is None or self._connection.closed:
            self._connection = await self.server.connect()
        return await self._connection.request(method, path, token=token)


@pytest.fixture
async def door(request: pytest.FixtureRequest, database_url: str, serve: Serve) -> AsyncIterator[Door]:
    async with running_key_server() as keys:
        key = IssuerKey("key-1", getattr(request, "param", "EdDSA"))
        keys.publish(key_set(key))
        issuer = keys.url.removesuffix("/api/auth/jwks")
        with serve(database_url, JWT_SECRET=SECRET, BETTER_AUTH_URL=issuer) as server:
            yield Door(await server.ready(), keys, key)
            await server.leave()


@pytest.mark.parametrize("case", CASES)
@on_either_database
async def test_a_forged_token_is_refused_and_nothing_of_its_own_is_fetched(
    door: Door, case: int, tries: Tries
) -> None:
    assert 200 == (await door.show(door.token())).status
    shown = [(kind, token) for kind in CASES[case] for token in FORGED[kind](door)]
    for kind, token in shown:
        answer = await door.show(token)
        told = (answer.status, answer.json(), answer.headers["www-authenticate"])
        refused = (401, {"detail": "Invalid or malformed token"}, 'Bearer error="invalid_token"')
        assert refused == told, (kind, token[:200])
        assert len(token) < 20 or token.encode() not in answer.raw
    assert 200 == (await door.show(door.shared())).status
    assert {"/api/auth/jwks"} == set(door.keys.asked)

    tries(len(shown), "forged tokens")


def test_no_forgery_is_without_a_case() -> None:
    assert set(FORGED) == {kind for kinds in CASES.values() for kind in kinds}


@pytest.mark.parametrize("door", ["ES256"], indirect=True)
@on_either_database
async def test_a_respelled_signature_does_not_outlive_its_token(door: Door, tries: Tries) -> None:
    until = int(time.time()) + 600
    for number in range(20):
        token = door.token(exp=until + number)  # a token of its own
        assert 200 == (await door.show(token)).status
        assert 200 == (await door.show(token, "POST", "/api/auth/logout")).status
        assert [401, 401] == [(await door.show(each)).status for each in (token, malleated(token))]

    tries(20, "respelled signatures")


@on_either_database
async def test_times_are_kept_to_the_documented_skew(door: Door, tries: Tries) -> None:
    now = time.time()
    # exp has no allowance, iat and nbf have 30 seconds; each is a bit away from its edge, for a slow machine.
    sound: list[dict[str, Any]] = [
        {"exp": now + 60},
        {"exp": now + 60.5},
        *({each: now + 15} for each in ("iat", "nbf")),
        {"iat": ...},
    ]
    early: list[dict[str, Any]] = [{claim: now + 60} for claim in ("iat", "nbf")]
    over: list[dict[str, Any]] = [{"exp": each} for each in (now - 1, int(now) - 1, 1, 0, -5)]
    shown = 0
    for make in (door.token, door.shared):
        for expected, all_changes in ((200, sound), (401, early), (401, over)):
            for changes in all_changes:
                assert expected == (await door.show(make(**changes))).status, changes
                shown += 1

    tries(shown, "times")


def renewed(door: Door, name: str) -> str:
    """What Better Auth signed for its own use, as it would sign it now for this server."""
    recorded = recording(name)
    header, claims = (
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        for part in recorded["token"].split(".")[:2]
    )
    age = int(time.time()) - recorded["recorded_at"]
    for claim in {"iat", "exp"} & set(claims):
        claims[claim] += age
    claims = json.loads(json.dumps(claims).replace(recorded["issuer"], door.issuer))
    if header["alg"] == "HS256":
        return sign("HS256", SECRET.encode(), header, claims)
    return door.key.token(claims, **(header | {"kid": door.key.key_id, "alg": door.key.algorithm}))


@on_either_database
async def test_what_better_auth_signs_for_its_own_use_is_no_bearer_token(door: Door, tries: Tries) -> None:
    paths = ["/api/v2/tasks", "/api/v1/tasks", "/api/tasks", "/api/ada/tasks", "/enveloped/api/ada/tasks"]
    for name in OWN_USE:
        for path in [*paths, "/api/auth/me"]:
            assert 401 == (await door.show(renewed(door, name), path=path)).status, (name, path)

    tries(len(OWN_USE) * (len(paths) + 1), "tokens of Better Auth's own")
