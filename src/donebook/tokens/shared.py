"""Tokens signed with a secret that we and the front end both know."""

from collections.abc import Sequence
from typing import Any

import jwt

from donebook.errors import TokenInvalid
from donebook.tokens.claims import ClaimRules
from donebook.tokens.compact import CompactToken, encode_segment, signing_input
from donebook.tokens.refusals import Refusal

SHARED_ALGORITHMS = frozenset({"HS256", "HS384", "HS512"})


class SharedSecrets:
    """The secrets of one service, newest first: the first signs, every one of them verifies.

    Raises ``ValueError`` for an empty list, an empty secret, or one that is really a public key (a PEM,
    a DER or a JWK): verifying with such a "secret" would accept what anybody can sign.
    """

    def __init__(
        self, secrets: Sequence[str], algorithm: str = "HS256", rules: ClaimRules | None = None
    ) -> None:
        if algorithm not in SHARED_ALGORITHMS:
            raise ValueError(f"not a shared-secret algorithm: {algorithm}")
        if not secrets:
            raise ValueError("at least one secret is needed")
        self.algorithm = algorithm
        self.rules = rules or ClaimRules()
        self._hmac = jwt.get_algorithm_by_name(algorithm)
        try:
            self._keys = tuple(self._hmac.prepare_key(secret) for secret in secrets)
        except jwt.InvalidKeyError as problem:
            raise ValueError(str(problem)) from None

    def check_signature(self, token: CompactToken) -> None:
        """Raise ``TokenInvalid`` unless one of the secrets made the token's signature."""
        if token.algorithm != self.algorithm:
            raise TokenInvalid(Refusal.ALGORITHM)
        if not any(self._hmac.verify(token.signed, key, token.signature) for key in self._keys):
            raise TokenInvalid(Refusal.SIGNATURE)

    def sign(self, claims: dict[str, Any]) -> str:
        """A compact token with these claims, signed with the newest secret."""
        signed = signing_input({"alg": self.algorithm, "typ": "JWT"}, claims)
        signature = self._hmac.sign(signed, self._keys[0])
        return b".".join((signed, encode_segment(signature))).decode("ascii")
