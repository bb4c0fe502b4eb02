"""What a genuine token claims: until when, for whom, and who is asking."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from donebook.errors import SubjectMissing, TokenExpired, TokenInvalid
from donebook.principal import Principal
from donebook.time_zones import is_time_zone
from donebook.tokens.compact import CompactToken, read_json_object
from donebook.tokens.refusals import Refusal

CLOCK_SKEW = 30.0
"""Seconds by which ``iat`` and ``nbf`` may lie in our future. ``exp`` has no such allowance."""

LAST_MOMENT = 253_402_300_799.0
"""9999-12-31T23:59:59Z: the last Unix second a calendar can express; a later ``exp`` is a mistake."""

MAX_SUBJECT_LENGTH = 255
MAX_TOKEN_ID_LENGTH = 255

_UNUSABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """Which ``iss`` and ``aud`` are expected of the tokens of one source.

    An ``issuer`` of ``None`` means ``iss`` is not looked at; otherwise it is required and must be equal.
    An ``aud`` that a token does carry must name ``audience`` in every case.
    """

    issuer: str | None = None
    audience: str | None = None
    audience_required: bool = False


def read_principal(token: CompactToken, rules: ClaimRules, now: float) -> Principal:
    """The principal a token names, once its signature has been checked.

    Raises ``TokenExpired``, ``SubjectMissing``, or ``TokenInvalid`` with the claim that is wrong.
    """
    claims = read_json_object(token.claims)
    expires_at = _check_times(claims, now)
    _check_addressing(claims, rules)
    return Principal(
        user_id=_subject(claims),
        email=_profile_text(claims, 320, "email"),
        name=_profile_text(claims, 200, "name"),
        avatar_url=_profile_text(claims, 2048, "picture", "image", "avatar_url"),
        token_id=_token_id(claims, token),
        expires_at=expires_at,
        time_zone=_time_zone(claims),
        issued_at=_moment(claims, "iat"),
    )


def _check_times(claims: dict[str, Any], now: float) -> float:
    expires_at = _moment(claims, "exp")
    if expires_at is None:
        raise TokenInvalid(Refusal.TIMES)
    starts = [moment for name in ("nbf", "iat") if (moment := _moment(claims, name)) is not None]
    if now >= expires_at:
        raise TokenExpired
    if any(moment > now + CLOCK_SKEW for moment in starts):
        raise TokenInvalid(Refusal.NOT_YET)
    return expires_at


def _moment(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenInvalid(Refusal.TIMES)
    # Compared before converted: an integer of hundreds of digits has no float.
    if not -LAST_MOMENT <= value <= LAST_MOMENT:
        raise TokenInvalid(Refusal.TIMES)
    return float(value)


def _check_addressing(claims: dict[str, Any], rules: ClaimRules) -> None:
    if rules.issuer is not None and claims.get("iss") != rules.issuer:
        raise TokenInvalid(Refusal.ISSUER)
    audience = claims.get("aud")
    if audience is None:
        if rules.audience_required:
            raise TokenInvalid(Refusal.AUDIENCE)
        return
    named = audience if isinstance(audience, list) else [audience]
    if rules.audience is None or rules.audience not in named:
        raise TokenInvalid(Refusal.AUDIENCE)


def _subject(claims: dict[str, Any]) -> str:
    subject = claims.get("sub")
    if subject is None:
        subject = claims.get("user_id")
    if subject is None:
        raise SubjectMissing
    if not isinstance(subject, str) or len(subject) > MAX_SUBJECT_LENGTH or _UNUSABLE.search(subject):
        raise TokenInvalid(Refusal.SUBJECT)
    if not subject.strip():
        raise SubjectMissing
    return subject


def _profile_text(claims: dict[str, Any], max_length: int, *names: str) -> str | None:
    """The first usable value: a profile is a courtesy, so a bad one never fails the token."""
    for name in names:
        value = claims.get(name)
        if isinstance(value, str) and 0 < len(value) <= max_length and not _UNUSABLE.search(value):
            return value
    return None


def _time_zone(claims: dict[str, Any]) -> str | None:
    """The ``zoneinfo`` of OpenID Connect (Core 1.0, section 5.1), if it names a zone that exists."""
    name = _profile_text(claims, 64, "zoneinfo")
    return name if name is not None and is_time_zone(name) else None


def _token_id(claims: dict[str, Any], token: CompactToken) -> str:
    claimed = claims.get("jti")
    if isinstance(claimed, str) and 0 < len(claimed) <= MAX_TOKEN_ID_LENGTH and not _UNUSABLE.search(claimed):
        return claimed
    # Over the signed part only: an ECDSA signature has a second valid spelling, (r, n - s), that anyone
    # can compute, and a token that was logged out must stay out in that spelling too.
    return "sha256:" + sha256(token.signed).hexdigest()
