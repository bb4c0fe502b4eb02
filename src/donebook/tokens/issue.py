"""Tokens minted here: for local accounts and for ``donebook token``."""

from dataclasses import dataclass
from uuid import uuid4

from donebook.tokens.shared import SharedSecrets

ISSUER = "donebook"
"""The ``iss`` of our own tokens where the settings name none."""

LIFETIME = 86_400
"""Seconds a token minted here is good for."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token as it is handed out once; ``token_id`` is its ``jti``, ``expires_at`` in Unix seconds."""

    token: str
    token_id: str
    expires_at: int


def issue_token(
    shared: SharedSecrets,
    *,
    user_id: str,
    email: str | None,
    name: str | None,
    now: float,
    lifetime: int = LIFETIME,
    session_id: str | None = None,
) -> IssuedToken:
    """Mint a token that our own verifier accepts under the same settings.

    It carries ``aud`` only where the settings demand one of every shared-secret token. The id of a token of
    a session begins with the session's, and a dot.
    """
    issued_at = int(now)
    token_id = uuid4().hex if session_id is None else f"{session_id}.{uuid4().hex}"
    claims = {
        "sub": user_id,
        "user_id": user_id,
        "email": email,
        "name": name,
        "iat": issued_at,
        "exp": issued_at + lifetime,
        "jti": token_id,
        "iss": shared.rules.issuer or ISSUER,
    }
    if shared.rules.audience_required:
        claims["aud"] = shared.rules.audience
    return IssuedToken(shared.sign(claims), token_id, issued_at + lifetime)
