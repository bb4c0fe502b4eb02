import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donebook.errors import TokenInvalid
from donebook.tokens.compact import MAX_TOKEN_LENGTH, parse_compact
from donebook.tokens.refusals import Refusal
from tests.tokens.signing import claims, compact, segment

SOUND = {"alg": "HS256", "typ": "JWT"}


def refusal_of(token: str) -> str:
    with pytest.raises(TokenInvalid) as refused:
        parse_compact(token)
    return refused.value.reason


def test_a_token_is_taken_apart_into_what_was_signed_and_the_signature() -> None:
    token = compact(SOUND | {"kid": "key-1"}, {"sub": "user-1"}, b"signature")

    parsed = parse_compact(token)

    assert "HS256" == parsed.algorithm
    assert "key-1" == parsed.key_id
    assert token.rpartition(".")[0].encode() == parsed.signed
    assert {"sub": "user-1"} == json.loads(parsed.claims)
    assert b"signature" == parsed.signature


@pytest.mark.parametrize("purpose", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
def test_a_token_may_say_that_it_is_a_token(purpose: str) -> None:
    assert "HS256" == parse_compact(compact({"alg": "HS256", "typ": purpose}, claims(), b"s")).algorithm


@pytest.mark.parametrize("purpose", ["better-auth.session-cache+jwt", "dpop+jwt", "", None, 7])
def test_a_token_for_another_purpose_is_refused(purpose: object) -> None:
    assert Refusal.PURPOSE == refusal_of(compact({"alg": "HS256", "typ": purpose}, claims(), b"s"))


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d.e",
        "Bearer a.b.c",
        "a.b.c\n",
        " a.b.c",
        "ä.b.c",
        "\ud800.b.c",
        "\0.b.c",
        "a+/b.c.d",
        "null",
        "undefined",
    ],
)
def test_what_is_not_three_segments_is_refused(token: str) -> None:
    assert Refusal.MALFORMED == refusal_of(token)


def test_an_empty_signature_is_refused() -> None:
    assert Refusal.MALFORMED == refusal_of(compact(SOUND, claims(), b""))


@pytest.mark.parametrize(
    "header", [b"[]", b'"alg"', b"{", b"\xff\xfe", b'{"alg":"\\ud800"}', b'{"a":' * 2000]
)
def test_a_header_that_is_no_json_object_is_refused(header: bytes) -> None:
    assert Refusal.MALFORMED == refusal_of(compact(header, claims(), b"s"))


def test_one_token_has_one_spelling() -> None:
    token = compact(SOUND, claims(), b"four")  # the last character carries four bits that mean nothing
    head, last = token[:-1], token[-1]
    respelled = head + chr(ord(last) + 1)

    assert Refusal.MALFORMED == refusal_of(respelled)
    assert Refusal.MALFORMED == refusal_of(token + "==")
    assert Refusal.MALFORMED == refusal_of(token + "=")


@pytest.mark.parametrize("name", ["jku", "jwk", "x5u", "x5c", "crit", "b64"])
@pytest.mark.parametrize(
    "value", ["https://evil.example/keys", {"kty": "oct", "k": "AA"}, ["exp"], True, None]
)
def test_a_header_that_brings_a_key_or_demands_an_extension_is_refused(name: str, value: object) -> None:
    assert Refusal.HEADER == refusal_of(compact(SOUND | {name: value}, claims(), b"s"))


@pytest.mark.parametrize(
    "key_id",
    [
        7,
        1.5,
        None,
        True,
        ["key-1"],
        {},
        "",
        "k" * 10_000,
        "a b",
        "key\0",
        "key\n",
        "schlüssel",
        "' OR 1=1 --",
    ],
)
def test_a_key_id_that_is_not_a_short_printable_string_is_refused(key_id: object) -> None:
    assert Refusal.KEY_ID == refusal_of(compact(SOUND | {"kid": key_id}, claims(), b"s"))


@pytest.mark.parametrize("algorithm", [None, 256, ["HS256"], {}])
def test_an_algorithm_that_is_no_string_is_refused(algorithm: object) -> None:
    assert Refusal.ALGORITHM == refusal_of(compact({"alg": algorithm}, claims(), b"s"))


def test_a_token_without_an_algorithm_is_refused() -> None:
    assert Refusal.ALGORITHM == refusal_of(compact({"typ": "JWT"}, claims(), b"s"))


def test_an_absurdly_long_token_is_refused() -> None:
    token = compact(SOUND, claims(), b"s")
    longest = token + "A" * (MAX_TOKEN_LENGTH - len(token))

    assert MAX_TOKEN_LENGTH == len(longest)
    assert Refusal.MALFORMED == refusal_of(longest + "AAAA")


@given(
    st.text(max_size=200)
    | st.lists(st.binary(max_size=60), min_size=3, max_size=3).map(
        lambda parts: ".".join(map(segment, parts))
    )
)
def test_any_text_is_taken_apart_or_refused(text: str) -> None:
    try:
        parsed = parse_compact(text)
    except TokenInvalid:
        return
    assert text.encode() == parsed.signed + b"." + segment(parsed.signature).encode()
