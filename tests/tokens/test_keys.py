import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from donebook.errors import TokenInvalid
from donebook.tokens.compact import parse_compact
from donebook.tokens.keys import KeySet, parse_key_set
from donebook.tokens.refusals import Refusal
from tests.tokens.signing import IssuerKey, claims, key_set, rsa_key, segment, sign

ALGORITHMS = ["EdDSA", "ES256", "ES512", "RS256", "PS256"]


def published(*entries: Any) -> KeySet:
    return parse_key_set(json.dumps({"keys": entries}).encode())


def check(keys: KeySet, token: str) -> None:
    parsed = parse_compact(token)
    key = keys.find(parsed.key_id)
    assert key is not None
    key.check_signature(parsed)


def with_signature(token: str, signature: bytes) -> str:
    return f"{token.rpartition('.')[0]}.{segment(signature)}"


def halves(signature: bytes) -> tuple[bytes, bytes]:
    return signature[: len(signature) // 2], signature[len(signature) // 2 :]


def refusal_of(keys: KeySet, token: str) -> str:
    with pytest.raises(TokenInvalid) as refused:
        check(keys, token)
    return refused.value.reason


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_published_key_verifies_what_its_private_half_signed(algorithm: str) -> None:
    key, other = IssuerKey("key-1", algorithm), IssuerKey("key-2", algorithm)
    if algorithm in {"RS256", "PS256"}:
        other.private = rsa_key(3072)
    keys = parse_key_set(key_set(key, other))

    check(keys, key.token())
    check(keys, other.token())
    assert Refusal.SIGNATURE == refusal_of(keys, other.token(kid="key-1"))


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "ES512", "RS256"])
def test_a_key_that_states_no_algorithm_is_used_for_the_one_of_its_kind(algorithm: str) -> None:
    key = IssuerKey("key-1", algorithm)

    check(published(key.jwk(alg=...)), key.token())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("claimed", ["none", "HS256", "RS256", "PS256", "ES256", "EdDSA", "RS512", "ES256K"])
def test_the_key_decides_the_algorithm_and_not_the_token(algorithm: str, claimed: str) -> None:
    key = IssuerKey("key-1", algorithm)
    if claimed != algorithm:
        assert Refusal.ALGORITHM == refusal_of(published(key.jwk()), key.token(alg=claimed))


def test_one_rsa_key_does_not_verify_both_of_its_paddings() -> None:
    key = IssuerKey("key-1", "RS256")
    token = sign("PS256", key.private, {"alg": "PS256", "kid": "key-1"}, claims())

    assert Refusal.ALGORITHM == refusal_of(published(key.jwk()), token)


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "HS256"},
        {"alg": "none"},
        {"alg": "ES256"},
        {"alg": 7},
        {"use": "enc"},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": ...},
        {"kty": ["OKP"]},
        {"crv": "Ed448"},
        {"crv": ...},
        {"crv": ["Ed25519"]},
        {"x": ...},
        {"x": "AAAA"},
        {"x": 7},
        {"x": "!!!!"},
        {"kid": 7},
        {"kid": "k" * 10_000},
        {"kid": ""},
    ],
)
def test_an_entry_that_is_no_usable_key_is_passed_over(changes: dict[str, Any]) -> None:
    unusable, usable = IssuerKey("key-1"), IssuerKey("key-2")

    keys = published(unusable.jwk(**changes), usable.jwk())

    assert keys.find("key-1") is None
    check(keys, usable.token())


@pytest.mark.parametrize("changes", [{"use": "sig"}, {"use": None}, {"key_ops": ["verify"]}, {"x5t": "AAAA"}])
def test_an_entry_may_say_more_about_its_key(changes: dict[str, Any]) -> None:
    key = IssuerKey("key-1")

    check(published(key.jwk(**changes)), key.token())


@pytest.mark.parametrize("entry", [None, 7, "key", [], {}, {"keys": []}])
def test_an_entry_that_is_no_object_is_passed_over(entry: object) -> None:
    key = IssuerKey("key-1")

    check(published(entry, key.jwk()), key.token())


def test_an_elliptic_point_off_the_curve_is_passed_over() -> None:
    key, usable = IssuerKey("key-1", "ES256"), IssuerKey("key-2")

    assert published(key.jwk(y=key.jwk()["x"]), usable.jwk()).find("key-1") is None


def test_an_rsa_key_under_2048_bits_is_passed_over() -> None:
    weak, usable = IssuerKey("weak", "RS256", rsa_key(1024)), IssuerKey("key-2")

    keys = published(weak.jwk(), usable.jwk())

    assert keys.find("weak") is None


@pytest.mark.parametrize("exponent", ["AQ", "Ag", "AQAAAAAAAAAB"])
def test_an_rsa_key_with_a_dangerous_exponent_is_passed_over(exponent: str) -> None:
    key, usable = IssuerKey("key-1", "RS256"), IssuerKey("key-2")

    assert published(key.jwk(e=exponent), usable.jwk()).find("key-1") is None


def test_a_private_key_published_by_mistake_only_verifies() -> None:
    key = IssuerKey("key-1")

    keys = published(key.jwk(d="AAAA"))

    check(keys, key.token())


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"<html></html>", b'{"keys":{}}', b'{"keys":[]}', b'{"keys":[{}]}', b"\xff"],
)
def test_a_document_without_a_usable_key_is_a_failure_of_the_issuer(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"(?i)key set"):
        parse_key_set(content)


def test_a_token_without_a_key_id_means_the_only_key() -> None:
    key, other = IssuerKey("key-1"), IssuerKey("key-2")
    token = key.token(kid=...)

    check(parse_key_set(key_set(key)), token)
    check(published(key.jwk(kid=...)), token)
    assert parse_key_set(key_set(key, other)).find(None) is None


def test_the_first_of_two_keys_with_one_id_counts() -> None:
    first, second = IssuerKey("key-1"), IssuerKey("key-1")

    check(parse_key_set(key_set(first, second)), first.token())


def test_a_key_set_knows_whether_it_keeps_every_key_of_another() -> None:
    old, new = IssuerKey("key-1"), IssuerKey("key-2")
    before, during, after = (parse_key_set(key_set(*keys)) for keys in ([old], [new, old], [new]))
    swapped = published(new.jwk(kid="key-1"))

    assert during.keeps(before)
    assert not after.keeps(during)
    assert not swapped.keeps(before)


def test_ed25519_signatures_cannot_be_respelled() -> None:
    # S and S + L verify alike where an implementation forgets to compare S with the group order L.
    order = 2**252 + 27742317777372353535851937790883648493
    key = IssuerKey("key-1")
    token = key.token()
    signature = parse_compact(token).signature
    respelled = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")

    assert Refusal.SIGNATURE == refusal_of(published(key.jwk()), with_signature(token, respelled))


def test_an_elliptic_signature_in_another_form_is_refused() -> None:
    key = IssuerKey("key-1", "ES256")
    token = key.token()
    r, s = (int.from_bytes(half, "big") for half in halves(parse_compact(token).signature))

    for forged in (
        encode_dss_signature(r, s),
        bytes(64),
        b"\0" + r.to_bytes(32, "big") + s.to_bytes(32, "big"),
    ):
        assert Refusal.SIGNATURE == refusal_of(published(key.jwk()), with_signature(token, forged))
