"""Keys, secrets and tokens made for the tests, with every part open to forgery."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

NOW = 1_800_000_000.0
ISSUER = "https://app.example.com"
SECRET = "the-newest-secret-of-this-test-suite"
OLD_SECRET = "the-secret-before-the-last-rotation-"


@dataclass
class Clock:
    """A clock that moves only when told."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a sound Better Auth token at ``NOW``; a change to ``...`` leaves the claim out."""
    sound = {
        "sub": "user-1",
        "email": "ada@example.com",
        "name": "Ada",
        "iat": int(NOW),
        "exp": int(NOW) + 900,
        "iss": ISSUER,
        "aud": ISSUER,
    } | changes
    return {name: value for name, value in sound.items() if value is not ...}


def segment(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def compact(header: dict[str, Any] | bytes, payload: dict[str, Any] | bytes, signature: bytes) -> str:
    parts = (part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload))
    return ".".join([*map(segment, parts), segment(signature)])


def sign(algorithm: str, key: Any, header: dict[str, Any] | bytes, payload: dict[str, Any] | bytes) -> str:
    """A token whose signature is right, whatever stands in it."""
    unsigned = compact(header, payload, b"").removesuffix(".")
    signature = jwt.get_algorithm_by_name(algorithm).sign(unsigned.encode(), key)
    return f"{unsigned}.{segment(signature)}"


def sign_shared(
    payload: dict[str, Any] | bytes, *, secret: str = SECRET, algorithm: str = "HS256", **header: Any
) -> str:
    return sign(algorithm, secret.encode(), {"alg": algorithm, **header}, payload)


@dataclass
class IssuerKey:
    """A signing key of an issuer, as it publishes and uses it."""

    key_id: str
    algorithm: str = "EdDSA"
    private: Any = field(default=None)

    def __post_init__(self) -> None:
        self.private = self.private or private_key(self.algorithm)

    def jwk(self, **changes: Any) -> dict[str, Any]:
        """The key as published; a change to ``...`` leaves the member out."""
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        public = algorithm.to_jwk(self.private.public_key(), as_dict=True)
        entry = {**public, "kid": self.key_id, "alg": self.algorithm, **changes}
        return {name: value for name, value in entry.items() if value is not ...}

    def token(self, payload: dict[str, Any] | bytes | None = None, **header: Any) -> str:
        """A token signed with this key; a header of ``...`` is left out."""
        full = {"alg": self.algorithm, "kid": self.key_id, **header}
        kept = {name: value for name, value in full.items() if value is not ...}
        return sign(self.algorithm, self.private, kept, claims() if payload is None else payload)


def key_set(*keys: IssuerKey) -> bytes:
    return json.dumps({"keys": [key.jwk() for key in keys]}).encode()


def private_key(algorithm: str) -> Any:
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm in {"ES256", "ES512"}:
        return ec.generate_private_key(ec.SECP256R1() if algorithm == "ES256" else ec.SECP521R1())
    return rsa_key(2048)


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)
