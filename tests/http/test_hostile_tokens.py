"""Tokens made to deceive, at the door of a service that takes its own tokens and an issuer's."""

import asyncio
import base64
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.contracts.test_auth import ADA
from tests.service import SECRET, Service, run_service
from tests.tokens.key_server import KeyServer, response, running_key_server
from tests.tokens.signing import IssuerKey, compact, key_set, segment, sign

ELLIPTIC_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256."""

PATHS = {
    "v2": "/api/v2/tasks",
    "versioned": "/api/v1/tasks",
    "flat": "/api/tasks",
    "scoped": "/api/ada/tasks",
    "enveloped": "/enveloped/api/ada/tasks",
    "auth": "/api/auth/me",
}


@dataclass
class World:
    """A service, the issuer it trusts with its one key, and the tokens that both would make."""

    service: Service
    keys: KeyServer
    key: IssuerKey

    @property
    def issuer(self) -> str:
        return self.keys.url.removesuffix("/api/auth/jwks")

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        sound = {"sub": "ada", "iat": now, "exp": now + 600, "iss": self.issuer, "aud": self.issuer} | changes
        return {name: value for name, value in sound.items() if value is not ...}

    def token(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """Signed by the issuer's key, whatever it says."""
        return self.key.token(self.claims(**changes), **(header or {}))

    def shared(
        self, header: dict[str, Any] | None = None, secret: bytes = SECRET.encode(), **changes: Any
    ) -> str:
        """Signed with the shared secret, whatever it says."""
        claims = self.claims(**({"iss": ..., "aud": ...} | changes))
        return sign("HS256", secret, {"alg": "HS256"} | (header or {}), claims)

    async def ask(self, token: str, path: str = "/api/tasks") -> httpx.Response:
        async with self.service.client(None) as client:
            return await client.get(path, headers={b"Authorization": b"Bearer " + token.encode()})


@pytest.fixture
async def world(sqlite_url: str, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with running_key_server() as keys:
        key = IssuerKey("key-1", getattr(request, "param", "EdDSA"))
        keys.publish(key_set(key))
        issuer = keys.url.removesuffix("/api/auth/jwks")
        async with run_service(sqlite_url, better_auth_url=issuer, jwt_secret=SECRET) as service:
            yield World(service, keys, key)


def public_spellings(key: IssuerKey) -> list[bytes]:
    """How an issuer's public key could be taken for a secret."""
    public = key.private.public_key()
    return [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(key.jwk()).encode(),
        key_set(key),
    ]


def malleated(token: str) -> str:
    """The token with the other signature that the same ECDSA key and content have."""
    unsigned, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    encoded = encode_dss_signature(int.from_bytes(raw[:32]), ELLIPTIC_ORDER - int.from_bytes(raw[32:]))
    r, s = decode_dss_signature(encoded)
    return f"{unsigned}.{segment(r.to_bytes(32) + s.to_bytes(32))}"


def odd_times() -> list[tuple[str, Any]]:
    soon = int(time.time()) + 600
    return [
        *(("exp", value) for value in (..., None, "never", str(soon), True, 10**300)),
        *((claim, value) for claim in ("nbf", "iat") for value in (soon, "now", [soon])),
    ]


FORGED: dict[str, Callable[[World], list[str]]] = {
    "no algorithm": lambda world: [
        compact({"alg": name}, world.claims(), signature)
        for name in ("none", "None", "nOnE")
        for signature in (b"", b"x")
    ],
    "no signature": lambda world: [world.token().rpartition(".")[0] + ".", world.token().rpartition(".")[0]],
    "the public key as a secret": lambda world: [
        world.shared(secret=public, header=header)
        for public in public_spellings(world.key)
        for header in (None, {"kid": "key-1"})
    ],
    "another issuer's key": lambda world: [
        IssuerKey("key-1", world.key.algorithm).token(world.claims()),
        IssuerKey("key-1", "RS256").token(world.claims()),
        IssuerKey("key-2", world.key.algorithm).token(world.claims()),
    ],
    "a changed signature": lambda world: [
        world.token()[:-3] + ("AAA" if world.token()[-3:] != "AAA" else "BBB"),
        world.token() + "A",
        world.token() + "=",
        world.token().replace(".", "..", 1),
    ],
    "an extension": lambda world: [
        world.token(header={"crit": ["exp"]}),
        world.token(header={"crit": ["unknown"], "unknown": 1}),
        world.shared(header={"b64": False}),
    ],
    "a key id": lambda world: [
        world.token(header={"kid": each})
        for each in ("key-1' OR '1'='1", "../../../etc/passwd", "k" * 10_000, 7, None, "\0")
    ],
    "a key of its own": lambda world: [
        forger.token(world.claims(), **{name: value})
        for forger in [IssuerKey("key-1", world.key.algorithm)]
        for name, value in {
            "jku": f"{world.issuer}/evil",
            "x5u": f"{world.issuer}/evil",
            "jwk": forger.jwk(),
            "x5c": ["AAAA"],
        }.items()
    ],
    "its times": lambda world: [
        make(**{claim: value}) for make in (world.token, world.shared) for claim, value in odd_times()
    ],
    "an infinite time": lambda world: [
        sign("HS256", SECRET.encode(), {"alg": "HS256"}, b'{"sub":"ada","exp":%s}' % value)
        for value in (b"1e400", b"Infinity", b"NaN", b"-1e400")
    ],
    "issuer and audience": lambda world: [
        world.token(iss=...),
        world.token(iss="https://evil.example.com"),
        world.token(iss=world.issuer + "/"),
        world.token(iss=[world.issuer]),
        world.token(aud=...),
        world.token(aud="https://evil.example.com"),
        world.token(aud=[]),
        world.token(aud=["https://evil.example.com"]),
        world.token(aud={"0": world.issuer}),
        world.shared(aud="https://evil.example.com"),
    ],
    "its subject": lambda world: [
        make(sub=subject)
        for make in (world.token, world.shared)
        for subject in (7, True, ["ada"], "a" * 10_000, "ada\0", "ada\nbob")
    ],
    "what it is for": lambda world: [
        make(header={"typ": kind})
        for make in (world.token, world.shared)
        for kind in ("logout+jwt", "dpop+jwt", 7)
    ],
    "what is no token": lambda world: ["x", "x.y", "x.y.z", "x" * 20_000, "....", "eyJ.eyJ.", "Ω.Ω.Ω"],
}


@pytest.mark.parametrize("world", ["EdDSA", "ES256"], indirect=True)
async def test_a_forged_token_is_401_and_nothing_of_its_own_is_fetched(world: World) -> None:
    for kind, forge in FORGED.items():
        for token in forge(world):
            answer = await world.ask(token)
            said = (answer.status_code, answer.json())
            assert (401, {"detail": "Invalid or malformed token"}) == said, (kind, token[:200])
            assert 'Bearer error="invalid_token"' == answer.headers["www-authenticate"]
    assert {"/api/auth/jwks"} == set(world.keys.asked)


@pytest.mark.parametrize("make", ["token", "shared"])
async def test_the_sound_token_they_are_made_from_is_accepted(world: World, make: str) -> None:
    harmless: tuple[dict[str, Any], ...] = ({}, {"nbf": int(time.time()) + 10}, {"exp": time.time() + 60.5})
    for changes in harmless:
        assert 200 == (await world.ask(getattr(world, make)(**changes))).status_code
    assert 200 == (await world.ask(world.token(header={"kid": ...}))).status_code
    assert 200 == (await world.ask(world.token(aud=[world.issuer, "https://other.example.com"]))).status_code


@pytest.mark.parametrize("make", ["token", "shared"])
async def test_an_expired_token_and_one_without_a_subject_are_told_apart(world: World, make: str) -> None:
    now = int(time.time())
    for expired in (now - 1, now, 1, 0, -5, 1.5):
        answer = await world.ask(getattr(world, make)(exp=expired))
        assert (401, {"detail": "Token has expired"}) == (answer.status_code, answer.json())
    for nobody in (..., "", None, "  "):
        answer = await world.ask(getattr(world, make)(sub=nobody))
        assert (401, {"detail": "Token missing user identifier"}) == (answer.status_code, answer.json())
    assert 200 == (await world.ask(getattr(world, make)(sub=..., user_id="ada"))).status_code


@pytest.mark.parametrize("contract", PATHS)
async def test_every_contract_refuses_in_its_own_words(world: World, contract: str) -> None:
    bodies = {
        name: (await world.ask(token, PATHS[contract])).json()
        for name, token in {
            "invalid": "x.y.z",
            "expired": world.token(exp=1),
            "nobody": world.token(sub=...),
        }.items()
    }
    told = {
        "versioned": {name: body.get("code") for name, body in bodies.items()},
        "v2": {name: body.get("code") for name, body in bodies.items()},
        "enveloped": {name: body.get("error", {}).get("message") for name, body in bodies.items()},
    }.get(contract, {name: body.get("detail") for name, body in bodies.items()})
    words = {
        "invalid": "Invalid or malformed token",
        "expired": "Token has expired",
        "nobody": "Token missing user identifier",
    }
    assert {
        "versioned": {
            "invalid": "INVALID_TOKEN",
            "expired": "TOKEN_EXPIRED",
            "nobody": "MISSING_SUB_CLAIM",
        },
        "v2": {"invalid": "token_invalid", "expired": "token_expired", "nobody": "subject_missing"},
    }.get(contract, words) == told


@pytest.mark.parametrize("world", ["ES256"], indirect=True)
async def test_a_malleated_signature_is_the_same_token_and_ends_with_it(world: World) -> None:
    token = world.token()
    other = malleated(token)
    assert other != token
    async with world.service.client(None) as client:
        headers = {"Authorization": f"Bearer {token}"}
        assert 200 == (await client.post("/api/auth/logout", headers=headers)).status_code
    assert 401 == (await world.ask(other)).status_code


async def test_many_unknown_keys_cost_one_look_and_good_users_notice_nothing(world: World) -> None:
    assert 200 == (await world.ask(world.token())).status_code
    async with world.service.client(None) as client:

        async def refused() -> int:
            headers = {"Authorization": f"Bearer {world.token(header={'kid': secrets.token_hex(8)})}"}
            return (await client.get("/api/tasks", headers=headers)).status_code

        async def accepted() -> int:
            headers = {"Authorization": f"Bearer {world.token()}"}
            return (await client.get("/api/tasks", headers=headers)).status_code

        bad = [refused() for _ in range(1000)]
        good = [accepted() for _ in range(50)]
        assert {401} == set(await asyncio.gather(*bad))
        assert {200} == set(await asyncio.gather(*good))
    assert len(world.keys.asked) <= 2


@pytest.mark.parametrize(
    "answer",
    [
        response(b"", "503 Service Unavailable"),
        response(b"<!doctype html>"),
        response(b'{"keys":[]}'),
        response(b"", "302 Found", "location: http://127.0.0.1:1/"),
        b"",
    ],
    ids=["503", "garbage", "empty", "redirect", "nothing"],
)
async def test_while_the_issuer_is_broken_its_new_users_are_told_to_wait_and_ours_are_served(
    world: World, answer: bytes
) -> None:
    world.keys.answer = answer
    told = await world.ask(world.token())
    assert 503 == told.status_code
    assert 1 <= int(told.headers["retry-after"]) <= 10
    assert 200 == (await world.ask(world.shared())).status_code
    async with world.service.client(None) as client:
        assert 201 == (await client.post("/api/auth/signup", json=ADA)).status_code


async def test_an_issuer_that_hangs_holds_up_nobody_else(world: World) -> None:
    world.keys.hold()
    waiting = asyncio.create_task(world.ask(world.token()))
    await world.keys.wait_until_asked(1)

    assert 200 == (await world.ask(world.shared())).status_code
    async with world.service.client(None) as client:
        assert 200 == (await client.get("/health")).status_code
    assert not waiting.done()

    world.keys.release()
    assert 200 == (await waiting).status_code
