"""Tokens that somebody made up, changed or put together, with both sources configured."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from donebook.errors import TokenInvalid, Unauthenticated
from donebook.tokens.jwks import JwksVerifier
from donebook.tokens.refusals import Refusal
from donebook.tokens.verify import TokenVerifier
from tests.tokens.key_server import KeyServer
from tests.tokens.signing import SECRET, Clock, IssuerKey, claims, compact, key_set, sign, sign_shared


async def refusal_of(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(TokenInvalid) as refused:
        await verifier.verify(token)
    assert verifier.recall(token) is None
    return refused.value.reason


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "NONE", "HS384", "ES384", "RS512", "", "HS"])
@pytest.mark.parametrize("signature", [b"", b"s"])
async def test_an_algorithm_nobody_configured_is_refused(
    verifier: TokenVerifier, issuer_key: IssuerKey, algorithm: str, signature: bytes
) -> None:
    token = compact({"alg": algorithm, "kid": "key-1"}, claims(), signature)

    expected = Refusal.ALGORITHM if signature else Refusal.MALFORMED
    assert expected == await refusal_of(verifier, token)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256"])
async def test_a_public_key_is_not_a_secret(
    verifier: TokenVerifier, jwks: JwksVerifier, clock: Clock, key_server: KeyServer, algorithm: str
) -> None:
    key = IssuerKey("key-1", algorithm)
    key_server.publish(key_set(key))
    await verifier.verify(key.token())
    public = key.private.public_key()
    spellings = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(key.jwk()).encode(),
        json.dumps(key.jwk(), separators=(",", ":")).encode(),
        key_set(key),
        str(key.jwk().get("x", key.jwk().get("n"))).encode(),
    ]
    published_only = TokenVerifier(jwks=jwks, clock=clock)

    for secret in spellings:
        token = sign("HS256", secret, {"alg": "HS256", "kid": "key-1"}, claims())
        assert Refusal.SIGNATURE == await refusal_of(verifier, token)
        assert Refusal.ALGORITHM == await refusal_of(published_only, token)


async def test_an_rsa_token_among_ed25519_keys_is_refused(
    verifier: TokenVerifier, issuer_key: IssuerKey
) -> None:
    foreign = IssuerKey(issuer_key.key_id, "RS256")

    assert Refusal.ALGORITHM == await refusal_of(verifier, foreign.token())


async def test_another_issuers_key_with_the_same_id_is_refused(
    verifier: TokenVerifier, issuer_key: IssuerKey
) -> None:
    assert Refusal.SIGNATURE == await refusal_of(verifier, IssuerKey(issuer_key.key_id).token())


async def test_no_changed_character_is_accepted(verifier: TokenVerifier, issuer_key: IssuerKey) -> None:
    token = issuer_key.token()
    await verifier.verify(token)
    for position, character in enumerate(token):
        forged = f"{token[:position]}{'A' if character != 'A' else 'B'}{token[position + 1 :]}"
        with pytest.raises(Unauthenticated):
            await verifier.verify(forged)
        with pytest.raises(Unauthenticated):
            await verifier.verify(token[:position])


async def test_a_signature_of_another_token_is_refused(
    verifier: TokenVerifier, issuer_key: IssuerKey
) -> None:
    mine, theirs = issuer_key.token(claims(sub="mallory")), issuer_key.token(claims(sub="ada"))
    spliced = f"{theirs.rpartition('.')[0]}.{mine.rpartition('.')[2]}"

    assert Refusal.SIGNATURE == await refusal_of(verifier, spliced)


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c"])
async def test_a_token_cannot_bring_its_own_key(
    verifier: TokenVerifier, key_server: KeyServer, issuer_key: IssuerKey, name: str
) -> None:
    forger = IssuerKey("key-1")
    elsewhere = f"http://127.0.0.1:{key_server.port}/evil"
    value: Any = {"jwk": forger.jwk(), "x5c": ["AAAA"]}.get(name, elsewhere)

    for token in (forger.token(**{name: value}), issuer_key.token(**{name: value})):
        assert Refusal.HEADER == await refusal_of(verifier, token)
    assert [] == key_server.asked


@pytest.mark.parametrize("critical", [["exp"], ["b64"], ["evil"], [], "exp", None])
async def test_a_token_that_demands_an_extension_is_refused(
    verifier: TokenVerifier, issuer_key: IssuerKey, critical: object
) -> None:
    assert Refusal.HEADER == await refusal_of(verifier, issuer_key.token(crit=critical))


@pytest.mark.parametrize(
    "key_id", ["../../etc/passwd", "key-1' OR '1'='1", "https://evil.example/k", "k" * 10_000, 1, None]
)
async def test_a_hostile_key_id_is_refused_and_never_fetched(
    verifier: TokenVerifier, key_server: KeyServer, issuer_key: IssuerKey, key_id: object
) -> None:
    await verifier.verify(issuer_key.token())

    assert await refusal_of(verifier, issuer_key.token(kid=key_id)) in {
        Refusal.KEY_ID,
        Refusal.UNKNOWN_KEY,
    }
    assert {"/api/auth/jwks"} == set(key_server.asked)


async def test_a_missing_key_id_means_the_only_key(verifier: TokenVerifier, issuer_key: IssuerKey) -> None:
    assert "user-1" == (await verifier.verify(issuer_key.token(kid=...))).user_id
    assert Refusal.SIGNATURE == await refusal_of(verifier, IssuerKey("key-1").token(kid=...))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(header=st.binary(max_size=80), payload=st.binary(max_size=80))
async def test_whatever_is_signed_is_a_principal_or_a_refusal(
    verifier: TokenVerifier, header: bytes, payload: bytes
) -> None:
    for token in (sign_shared(payload), sign("HS256", SECRET.encode(), header, payload)):
        with pytest.raises(Unauthenticated):
            await verifier.verify(token)
