import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from donebook.errors import TokenInvalid
from donebook.tokens.compact import parse_compact
from donebook.tokens.refusals import Refusal
from donebook.tokens.shared import SharedSecrets
from tests.tokens.signing import OLD_SECRET, SECRET, IssuerKey, claims, compact, sign_shared


def refusal_of(shared: SharedSecrets, token: str) -> str:
    with pytest.raises(TokenInvalid) as refused:
        shared.check_signature(parse_compact(token))
    return refused.value.reason


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_token_of_the_configured_algorithm_is_genuine(algorithm: str) -> None:
    shared = SharedSecrets([SECRET], algorithm)

    shared.check_signature(parse_compact(sign_shared(claims(), algorithm=algorithm)))
    shared.check_signature(parse_compact(shared.sign(claims())))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_than_the_configured_one_is_refused(algorithm: str) -> None:
    token = sign_shared(claims(), algorithm=algorithm)

    assert Refusal.ALGORITHM == refusal_of(SharedSecrets([SECRET]), token)


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "NONE", "", "hs256", "RS256", "EdDSA"])
def test_an_algorithm_that_is_none_or_foreign_is_refused(algorithm: str) -> None:
    assert Refusal.ALGORITHM == refusal_of(
        SharedSecrets([SECRET]), compact({"alg": algorithm}, claims(), b"s")
    )


def test_every_secret_verifies_and_the_newest_signs() -> None:
    before, after = SharedSecrets([OLD_SECRET]), SharedSecrets([SECRET, OLD_SECRET])

    after.check_signature(parse_compact(before.sign(claims())))
    assert Refusal.SIGNATURE == refusal_of(before, after.sign(claims()))
    assert Refusal.SIGNATURE == refusal_of(SharedSecrets([SECRET]), before.sign(claims()))


def test_a_signature_that_is_cut_or_changed_is_refused() -> None:
    shared = SharedSecrets([SECRET])
    unsigned, _, _ = shared.sign(claims()).rpartition(".")
    genuine = parse_compact(shared.sign(claims())).signature

    for signature in (genuine[:-1], genuine + b"\0", genuine[::-1], bytes(32), b"\0"):
        forged = f"{unsigned}.{compact({}, {}, signature).rpartition('.')[2]}"
        assert Refusal.SIGNATURE == refusal_of(shared, forged)


def test_a_secret_shorter_than_recommended_works_outside_production() -> None:
    shared = SharedSecrets(["secret"])

    shared.check_signature(parse_compact(shared.sign(claims())))


@pytest.mark.parametrize("encoding", ["spki", "pkcs1", "jwk"])
def test_a_public_key_is_no_secret(encoding: str) -> None:
    key = IssuerKey("key-1", "RS256")
    public = key.private.public_key()
    secret = {
        "spki": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "jwk": '{"kty":"RSA","n":"AQAB","e":"AQAB"}',
        "pkcs1": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode(),
    }[encoding]

    with pytest.raises(ValueError, match="should not be"):
        SharedSecrets([secret])


@pytest.mark.parametrize("secrets", [[], [""], [SECRET, ""]])
def test_an_empty_secret_is_refused(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match=r"secret|empty"):
        SharedSecrets(secrets)


@pytest.mark.parametrize("algorithm", ["none", "RS256", "EdDSA", ""])
def test_only_shared_secret_algorithms_can_be_configured(algorithm: str) -> None:
    with pytest.raises(ValueError, match="not a shared-secret algorithm"):
        SharedSecrets([SECRET], algorithm)
