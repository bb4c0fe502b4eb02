"""The compact form of a signed token (RFC 7515 §7.1): taken apart strictly, put together plainly.

The signatures themselves are PyJWT's. The envelope is read here because the header must be known
before a key can be chosen, and because PyJWT's reader forgives ``=`` padding: one signed token would
then have several spellings.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

import msgspec

from donebook.errors import TokenInvalid
from donebook.tokens.refusals import Refusal

MAX_TOKEN_LENGTH = 16_384
"""Characters; Node and most proxies refuse longer header lines too."""

MAX_KEY_ID_LENGTH = 255

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
_READABLE = re.compile(r"[\x21-\x7e]+", re.ASCII)
_OUR_PURPOSES = frozenset({"jwt", "application/jwt", "at+jwt", "application/at+jwt"})
_REFUSED_HEADERS = ("crit", "b64", "jku", "jwk", "x5u", "x5c")

_read_object = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class CompactToken:
    """A token taken apart, nothing of it believed yet.

    ``signed`` is what the signature covers; ``claims`` is JSON, decoded only after the signature holds.
    """

    algorithm: str
    key_id: str | None
    signed: bytes
    claims: bytes
    signature: bytes


def parse_compact(token: str) -> CompactToken:
    """Take ``token`` apart, or raise ``TokenInvalid``."""
    segments = _COMPACT.fullmatch(token) if len(token) <= MAX_TOKEN_LENGTH else None
    if segments is None:
        raise TokenInvalid(Refusal.MALFORMED)
    header = read_json_object(_decode_segment(segments[1]))
    if any(name in header for name in _REFUSED_HEADERS):
        raise TokenInvalid(Refusal.HEADER)
    purpose = header.get("typ", "JWT")
    if not isinstance(purpose, str) or purpose.lower() not in _OUR_PURPOSES:
        raise TokenInvalid(Refusal.PURPOSE)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise TokenInvalid(Refusal.ALGORITHM)
    key_id = header.get("kid")
    if "kid" in header and not is_key_id(key_id):
        raise TokenInvalid(Refusal.KEY_ID)
    return CompactToken(
        algorithm,
        key_id,
        token[: segments.end(2)].encode("ascii"),
        _decode_segment(segments[2]),
        _decode_segment(segments[3]),
    )


def signing_input(header: dict[str, Any], claims: dict[str, Any]) -> bytes:
    """The bytes to sign for a token with this header and these claims."""
    return b".".join(encode_segment(msgspec.json.encode(part)) for part in (header, claims))


def encode_segment(content: bytes) -> bytes:
    """``content`` in base64url without padding."""
    return urlsafe_b64encode(content).rstrip(b"=")


def is_key_id(value: object) -> bool:
    """Whether ``value`` can name a key: a printable ASCII string of moderate length."""
    return (
        isinstance(value, str) and len(value) <= MAX_KEY_ID_LENGTH and _READABLE.fullmatch(value) is not None
    )


def read_json_object(content: bytes) -> dict[str, Any]:
    """Decode a JSON object, or raise ``TokenInvalid``.

    Stricter than the standard library: no ``NaN``, no number beyond a double, no lone surrogate.
    """
    try:
        return _read_object(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise TokenInvalid(Refusal.MALFORMED) from None


def _decode_segment(segment: str) -> bytes:
    if len(segment) % 4 == 1:
        raise TokenInvalid(Refusal.MALFORMED)
    content = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    # The last character may carry bits that decoding drops; only the canonical spelling is accepted.
    if encode_segment(content) != segment.encode("ascii"):
        raise TokenInvalid(Refusal.MALFORMED)
    return content
