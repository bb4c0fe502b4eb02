"""Mistakes in judging tokens."""

import time
from typing import Any

from tests.faults.breaks.patching import patch


def ignore_the_end_of_tokens() -> None:
    """Take a token that was good once for good for ever."""
    from donebook.tokens.remembered import RememberedTokens

    recall = RememberedTokens.recall

    def recall_for_ever(self: Any, token: str, now: float) -> Any:
        del now
        return recall(self, token, 0.0)

    RememberedTokens.recall = recall_for_ever  # type: ignore[method-assign]


def accept_no_algorithm() -> None:
    """Take a token that says it needs no signature at its word."""
    from donebook.tokens.verify import TokenVerifier

    check = TokenVerifier._check_signature

    async def check_if_any(self: Any, token: Any) -> Any:
        if token.algorithm.lower() == "none":
            return self._shared.rules
        return await check(self, token)

    patch(TokenVerifier, "_check_signature", check_if_any)


def take_public_keys_for_secrets() -> None:
    """Verify by whatever key there is, with the algorithm that the token names."""
    import hmac

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from donebook.tokens.verify import TokenVerifier

    check = TokenVerifier._check_signature

    async def check_by_any(self: Any, token: Any) -> Any:
        keys = self._jwks._keys
        if token.algorithm == "HS256" and keys is not None and keys._only is not None:
            public = keys._only.jwk.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            if hmac.digest(public, token.signed, "sha256") == token.signature:
                return self._shared.rules
        return await check(self, token)

    patch(TokenVerifier, "_check_signature", check_by_any)


def forgive_extensions() -> None:
    """Ignore what a header demands."""
    from donebook.tokens import compact

    patch(compact, "_REFUSED_HEADERS", ())


def name_tokens_by_signature() -> None:
    """Tell tokens apart by their whole text."""
    from hashlib import sha256

    from donebook.tokens import claims

    patch(claims, "_token_id", lambda _, token: sha256(token.signed + token.signature).hexdigest())


def find_any_key() -> None:
    """Take the only key there is, whatever key the token names."""
    from donebook.tokens import compact
    from donebook.tokens.keys import KeySet

    patch(KeySet, "find", lambda self, key_id: self._only)
    patch(compact, "is_key_id", lambda value: True)


def ignore_times() -> None:
    """Take a token whenever it is."""
    from donebook.tokens import claims

    patch(claims, "_check_times", lambda said, now: now + 60)


def ignore_issuer_and_audience() -> None:
    """Take a token that was made for somebody else."""
    from donebook.tokens import claims

    patch(claims, "_check_addressing", lambda said, rules: None)


def fetch_for_every_key() -> None:
    """Ask the issuer for its keys whenever one is not known."""
    from donebook.tokens.jwks import JwksVerifier

    start = JwksVerifier._start_fetch

    def start_at_once(self: Any) -> Any:
        self._attempted_at = None
        return start(self)

    patch(JwksVerifier, "_start_fetch", start_at_once)


def forget_keys_in_an_outage() -> None:
    """Know no keys when the issuer did not answer."""
    from donebook.tokens.jwks import JwksVerifier

    fetch = JwksVerifier._fetch

    async def fetch_or_forget(self: Any) -> None:
        await fetch(self)
        if self._last_attempt_failed:
            self._keys = None

    patch(JwksVerifier, "_fetch", fetch_or_forget)


def stop_for_the_issuer() -> None:
    """Wait for the issuer where everybody waits."""
    from donebook.tokens.endpoint import JwksEndpoint

    fetch = JwksEndpoint.fetch

    async def fetch_and_block(self: Any) -> Any:
        time.sleep(5)  # noqa: ASYNC251 - which is the mistake
        return await fetch(self)

    patch(JwksEndpoint, "fetch", fetch_and_block)
