import json
from typing import Any

import pytest

from donebook.errors import SubjectMissing, TokenExpired, TokenInvalid
from donebook.principal import Principal
from donebook.tokens.claims import CLOCK_SKEW, ClaimRules, read_principal
from donebook.tokens.compact import parse_compact
from donebook.tokens.refusals import Refusal
from tests.tokens.signing import ISSUER, NOW, claims, compact

PUBLISHED = ClaimRules(issuer=ISSUER, audience=ISSUER, audience_required=True)
SHARED = ClaimRules(audience=ISSUER)


def read(payload: dict[str, Any] | bytes, rules: ClaimRules = PUBLISHED, now: float = NOW) -> Principal:
    return read_principal(parse_compact(compact({"alg": "HS256"}, payload, b"s")), rules, now)


def refusal_of(payload: dict[str, Any] | bytes, rules: ClaimRules = PUBLISHED) -> str:
    with pytest.raises(TokenInvalid) as refused:
        read(payload, rules)
    return refused.value.reason


def test_a_token_may_leave_out_when_it_was_issued() -> None:
    assert read(claims(iat=...)).issued_at is None


def test_a_principal_is_what_the_token_describes() -> None:
    payload = claims(picture="https://example.com/ada.png", jti="token-1")

    expected = Principal(
        user_id="user-1",
        email="ada@example.com",
        name="Ada",
        avatar_url="https://example.com/ada.png",
        token_id="token-1",
        expires_at=NOW + 900,
        issued_at=NOW,
    )
    assert expected == read(payload)


class TestTimes:
    def test_a_token_ends_at_its_exp_to_the_moment(self) -> None:
        payload = claims(exp=NOW + 0.25)

        assert NOW + 0.25 == read(payload, now=NOW + 0.2).expires_at
        with pytest.raises(TokenExpired):
            read(payload, now=NOW + 0.25)

    def test_a_token_without_exp_is_refused(self) -> None:
        assert Refusal.TIMES == refusal_of(claims(exp=...))
        assert Refusal.TIMES == refusal_of(claims(exp=None))

    @pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
    @pytest.mark.parametrize("value", ["1900000000", True, [], {}, 10**13, -(10**13), 10**300, 10**40, 1e300])
    def test_a_time_that_is_no_sensible_number_is_refused(self, name: str, value: object) -> None:
        assert Refusal.TIMES == refusal_of(claims(**{name: value}))

    @pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
    @pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "9" * 5000])
    def test_a_number_that_json_or_a_double_cannot_hold_is_refused(self, name: str, number: str) -> None:
        payload = json.dumps(claims(**{name: "?"})).replace('"?"', number).encode()

        assert Refusal.MALFORMED == refusal_of(payload)

    @pytest.mark.parametrize("name", ["nbf", "iat"])
    def test_a_start_in_the_future_is_allowed_within_the_clock_skew(self, name: str) -> None:
        assert "user-1" == read(claims(**{name: NOW + CLOCK_SKEW})).user_id
        assert Refusal.NOT_YET == refusal_of(claims(**{name: NOW + CLOCK_SKEW + 0.5}))

    @pytest.mark.parametrize("name", ["nbf", "iat"])
    def test_a_start_may_be_absent_past_or_a_fraction(self, name: str) -> None:
        for value in (..., None, 0, NOW - 86_400.5):
            assert "user-1" == read(claims(**{name: value})).user_id


class TestAddressing:
    @pytest.mark.parametrize("issuer", [..., None, "", "https://evil.example", f"{ISSUER}/", [ISSUER], 7])
    def test_another_issuer_or_none_is_refused(self, issuer: object) -> None:
        assert Refusal.ISSUER == refusal_of(claims(iss=issuer))

    def test_the_issuer_is_not_looked_at_where_none_is_configured(self) -> None:
        assert "user-1" == read(claims(iss="somebody"), SHARED).user_id
        assert "user-1" == read(claims(iss=...), SHARED).user_id

    @pytest.mark.parametrize("audience", [ISSUER, [ISSUER], ["other", ISSUER]])
    def test_an_audience_that_names_us_is_accepted(self, audience: object) -> None:
        assert "user-1" == read(claims(aud=audience)).user_id
        assert "user-1" == read(claims(aud=audience), SHARED).user_id

    @pytest.mark.parametrize(
        "audience", ["", "other", f"{ISSUER}/", [], ["other"], [[ISSUER]], {ISSUER: 1}, 7]
    )
    def test_an_audience_that_is_not_ours_is_refused_everywhere(self, audience: object) -> None:
        assert Refusal.AUDIENCE == refusal_of(claims(aud=audience))
        assert Refusal.AUDIENCE == refusal_of(claims(aud=audience), SHARED)

    def test_any_audience_is_foreign_where_none_is_configured(self) -> None:
        for audience in (ISSUER, [ISSUER], [None], []):
            assert Refusal.AUDIENCE == refusal_of(claims(aud=audience), ClaimRules())
        assert "user-1" == read(claims(aud=...), ClaimRules()).user_id

    @pytest.mark.parametrize("audience", [..., None])
    def test_an_audience_may_be_absent_only_where_it_is_not_required(self, audience: object) -> None:
        assert "user-1" == read(claims(aud=audience), SHARED).user_id
        assert Refusal.AUDIENCE == refusal_of(claims(aud=audience))


class TestSubject:
    def test_sub_comes_before_user_id(self) -> None:
        assert "user-1" == read(claims(user_id="user-2")).user_id

    def test_user_id_serves_where_there_is_no_sub(self) -> None:
        assert "user-2" == read(claims(sub=..., user_id="user-2")).user_id
        assert "user-2" == read(claims(sub=None, user_id="user-2")).user_id

    @pytest.mark.parametrize("payload", [claims(sub=...), claims(sub=None), claims(sub=""), claims(sub="  ")])
    def test_a_token_that_names_nobody_is_refused(self, payload: dict[str, Any]) -> None:
        with pytest.raises(SubjectMissing):
            read(payload)

    def test_an_empty_sub_is_not_replaced_by_user_id(self) -> None:
        with pytest.raises(SubjectMissing):
            read(claims(sub="", user_id="user-2"))

    @pytest.mark.parametrize("subject", [7, 0, False, 1.5, [], ["user-1"], {}, "u" * 256, "u" * 10_000])
    def test_a_subject_that_is_no_moderate_string_is_refused(self, subject: object) -> None:
        assert Refusal.SUBJECT == refusal_of(claims(sub=subject))

    @pytest.mark.parametrize("character", ["\0", "\n", "\r", "\x1b", "\x7f", "\x85"])
    def test_a_subject_with_a_control_character_is_refused(self, character: str) -> None:
        assert Refusal.SUBJECT == refusal_of(claims(sub=f"user{character}1"))

    def test_a_lone_surrogate_anywhere_is_refused(self) -> None:
        assert Refusal.MALFORMED == refusal_of(claims(sub="user\ud800"))
        assert Refusal.MALFORMED == refusal_of(claims(name="Ada\udfff"))
        assert Refusal.MALFORMED == refusal_of(b'{"sub":"\xed\xa0\x80"}')

    def test_the_longest_and_the_strangest_subjects_are_kept_as_they_are(self) -> None:
        for subject in ("u" * 255, "日本", "a b", "../../etc/passwd", "'; DROP TABLE users; --"):
            assert subject == read(claims(sub=subject)).user_id


class TestProfile:
    @pytest.mark.parametrize("name", ["email", "name", "picture"])
    @pytest.mark.parametrize("value", [7, True, [], {"a": 1}, "", "x" * 2049, "a\0b", "a\r\nb", None])
    def test_an_unusable_profile_value_is_dropped(self, name: str, value: object) -> None:
        field = {"picture": "avatar_url"}.get(name, name)

        assert getattr(read(claims(**{name: value})), field) is None

    @pytest.mark.parametrize(("name", "longest"), [("email", 320), ("name", 200), ("picture", 2048)])
    def test_a_profile_value_is_kept_up_to_its_length(self, name: str, longest: int) -> None:
        field = {"picture": "avatar_url"}.get(name, name)

        assert "x" * longest == getattr(read(claims(**{name: "x" * longest})), field)
        assert getattr(read(claims(**{name: "x" * (longest + 1)})), field) is None

    @pytest.mark.parametrize("name", ["picture", "image", "avatar_url"])
    def test_the_avatar_is_found_under_each_of_its_names(self, name: str) -> None:
        assert "https://a.example/1" == read(claims(**{name: "https://a.example/1"})).avatar_url

    def test_the_first_usable_avatar_wins(self) -> None:
        assert "b" == read(claims(picture=None, image="b", avatar_url="c")).avatar_url


class TestTokenId:
    def test_a_token_without_a_usable_jti_is_named_by_its_content(self) -> None:
        unnamed = [read(claims(jti=value)).token_id for value in (..., None, 7, "", "j" * 256, "j\0")]

        assert len(set(unnamed)) == len(unnamed)
        assert all(token_id.startswith("sha256:") for token_id in unnamed)

    def test_the_name_does_not_depend_on_the_signature(self) -> None:
        tokens = [compact({"alg": "ES256"}, claims(), signature) for signature in (b"first", b"other")]
        names = {read_principal(parse_compact(token), PUBLISHED, NOW).token_id for token in tokens}

        assert 1 == len(names)


@pytest.mark.parametrize("payload", [b"[]", b"null", b" ", b"{", b'{"a":' * 2000, b"\xff", b'{"sub":"a"}x'])
def test_claims_that_are_no_json_object_are_refused(payload: bytes) -> None:
    assert Refusal.MALFORMED == refusal_of(payload)
