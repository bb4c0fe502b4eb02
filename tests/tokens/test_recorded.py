"""Keys and tokens of a genuine Better Auth 1.7.5, recorded by ``tests.better_auth.record``."""

import json
from pathlib import Path
from typing import Any

import pytest

from donebook.errors import SubjectMissing, TokenExpired, TokenInvalid
from donebook.principal import Principal
from donebook.tokens.claims import ClaimRules
from donebook.tokens.jwks import JwksVerifier
from donebook.tokens.keys import KeySet, parse_key_set
from donebook.tokens.refusals import Refusal
from donebook.tokens.shared import SharedSecrets
from donebook.tokens.verify import TokenVerifier
from tests.better_auth.record import ALGORITHMS, RECORDINGS
from tests.tokens.signing import SECRET, Clock


class RecordedKeys:
    def __init__(self, jwks: dict[str, Any]) -> None:
        self._jwks = jwks

    async def fetch(self) -> KeySet:
        return parse_key_set(json.dumps(self._jwks).encode())

    async def aclose(self) -> None:
        pass


def recording(name: str) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text())
    return recorded


def verifier_for(recorded: dict[str, Any], clock: Clock) -> TokenVerifier:
    """As with ``BETTER_AUTH_URL`` and ``BETTER_AUTH_SECRET`` set."""
    clock.now = recorded["recorded_at"]
    issuer = recorded["issuer"]
    return TokenVerifier(
        shared=SharedSecrets([recorded.get("secret", SECRET)], rules=ClaimRules(audience=issuer)),
        jwks=JwksVerifier(
            RecordedKeys(recorded["jwks"]),
            ClaimRules(issuer=issuer, audience=issuer, audience_required=True),
        ),
        clock=clock,
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_better_auths_token_names_its_user(algorithm: str, clock: Clock) -> None:
    recorded = recording(algorithm)

    principal = await verifier_for(recorded, clock).verify(recorded["token"])

    expected = Principal(
        user_id=recorded["user_id"],
        email=recorded["email"],
        name=recorded["name"],
        token_id=principal.token_id,
        expires_at=principal.expires_at,
        issued_at=principal.expires_at - 900,
    )
    assert expected == principal
    assert 890 <= principal.expires_at - clock.now <= 900


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_it_ends_after_its_quarter_of_an_hour(algorithm: str, clock: Clock) -> None:
    recorded = recording(algorithm)
    verifier = verifier_for(recorded, clock)
    clock.advance(900)

    with pytest.raises(TokenExpired):
        await verifier.verify(recorded["token"])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_another_issuers_token_is_refused(algorithm: str, clock: Clock) -> None:
    recorded = recording(algorithm)
    verifier = verifier_for(recorded | {"issuer": "http://127.0.0.1:3000"}, clock)

    with pytest.raises(TokenInvalid) as refused:
        await verifier.verify(recorded["token"])
    assert Refusal.ISSUER == refused.value.reason


@pytest.mark.parametrize("name", ["email-verification", "cookie-cache-by-secret"])
async def test_what_better_auth_signs_with_the_secret_for_itself_names_nobody(
    name: str, clock: Clock
) -> None:
    recorded = recording(name)

    with pytest.raises(SubjectMissing):
        await verifier_for(recorded, clock).verify(recorded["token"])


async def test_a_cookie_signed_with_the_published_keys_is_refused_although_it_names_its_user(
    clock: Clock,
) -> None:
    recorded = recording("cookie-cache-by-published-key")

    with pytest.raises(TokenInvalid) as refused:
        await verifier_for(recorded, clock).verify(recorded["token"])
    assert Refusal.PURPOSE == refused.value.reason


def test_the_recordings_hold_no_private_key() -> None:
    private = {"d", "p", "q", "dp", "dq", "qi", "k"}
    for path in Path(RECORDINGS).iterdir():
        for key in json.loads(path.read_text())["jwks"]["keys"]:
            assert not private & set(key)
