"""The public keys an issuer publishes (RFC 7517), and which of them may verify what."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from donebook.errors import TokenInvalid
from donebook.tokens.compact import CompactToken, is_key_id
from donebook.tokens.refusals import Refusal

MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192
MAX_RSA_EXPONENT_LENGTH = 8
"""Base64url characters: a huge public exponent makes every verification slow."""

_ALGORITHMS = {
    ("OKP", "Ed25519"): ("EdDSA",),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-521"): ("ES512",),
    ("RSA", None): ("RS256", "PS256"),
}
"""What a key can do follows from its type and curve; where that leaves a choice and the key states no
``alg``, the first is meant. Symmetric keys are no public keys, so ``oct`` is not here."""

KEY_SET_ALGORITHMS = frozenset(name for names in _ALGORITHMS.values() for name in names)

_PUBLIC_MEMBERS = ("kty", "crv", "x", "y", "n", "e")


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One usable public key, bound to the single algorithm it may verify."""

    key_id: str | None
    algorithm: str
    members: tuple[Any, ...]
    jwk: jwt.PyJWK

    def check_signature(self, token: CompactToken) -> None:
        """Raise ``TokenInvalid`` unless the token says this key's algorithm and the signature is its."""
        if token.algorithm != self.algorithm:
            raise TokenInvalid(Refusal.ALGORITHM)
        if not self.jwk.Algorithm.verify(token.signed, self.jwk.key, token.signature):
            raise TokenInvalid(Refusal.SIGNATURE)


class KeySet:
    """The usable keys of a published set."""

    def __init__(self, keys: Sequence[VerificationKey]) -> None:
        self._only = keys[0] if len(keys) == 1 else None
        self._by_id = {key.key_id: key for key in reversed(keys) if key.key_id is not None}
        self.identities = frozenset((key.key_id, key.algorithm, key.members) for key in keys)

    def find(self, key_id: str | None) -> VerificationKey | None:
        """The first key with this id; without an id, the only key there is."""
        return self._only if key_id is None else self._by_id.get(key_id)

    def keeps(self, other: "KeySet") -> bool:
        """Whether every key of ``other`` is still here, unchanged."""
        return other.identities <= self.identities


def parse_key_set(content: bytes) -> KeySet:
    """The usable keys in a JWKS document; keys of other kinds or uses are passed over.

    Raises ``ValueError`` where ``content`` is no key set or holds no usable key, so that such an answer
    counts as the issuer's failure and never empties what is known.
    """
    try:
        published = msgspec.json.decode(content, type=_PublishedKeys).keys
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ValueError("not a JSON Web Key Set") from None
    usable = tuple(key for entry in published if (key := _parse_key(entry)) is not None)
    if not usable:
        raise ValueError("no usable key in the key set")
    return KeySet(usable)


class _PublishedKeys(msgspec.Struct):
    keys: list[Any]


def _parse_key(entry: object) -> VerificationKey | None:
    if not isinstance(entry, dict):
        return None
    # Only the public members go on: a leaked private key must not turn the entry into a signing key.
    members = {name: entry[name] for name in _PUBLIC_MEMBERS if isinstance(entry.get(name), str)}
    algorithm = _algorithm_of(entry)
    if algorithm is None or not (entry.get("kid") is None or is_key_id(entry["kid"])):
        return None
    if len(members.get("e", "")) > MAX_RSA_EXPONENT_LENGTH:
        return None
    try:
        jwk = jwt.PyJWK(members, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if isinstance(jwk.key, RSAPublicKey) and not MIN_RSA_BITS <= jwk.key.key_size <= MAX_RSA_BITS:
        return None
    return VerificationKey(entry.get("kid"), algorithm, tuple(sorted(members.items())), jwk)


def _algorithm_of(entry: dict[str, Any]) -> str | None:
    kind = entry.get("kty")
    curve = None if kind == "RSA" else entry.get("crv")
    if not isinstance(kind, str) or not (curve is None or isinstance(curve, str)):
        return None
    if entry.get("use") not in (None, "sig"):
        return None
    operations = entry.get("key_ops")
    if operations is not None and not (isinstance(operations, list) and "verify" in operations):
        return None
    possible = _ALGORITHMS.get((kind, curve), ())
    stated = entry.get("alg")
    if stated is None:
        return possible[0] if possible else None
    return stated if stated in possible else None
