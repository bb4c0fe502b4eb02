"""Who acts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated user, as their token describes them.

    ``user_id`` is the token's subject and the owner of everything this principal touches. The
    profile fields are ``None`` where the token does not carry them. ``token_id`` names the token
    for revocation (its ``jti``, else a digest); ``expires_at`` is its end in Unix seconds and
    ``issued_at`` its beginning, where it tells that. ``time_zone`` is the IANA name of where the user
    says to be.
    """

    user_id: str
    email: str | None = None
    name: str | None = None
    avatar_url: str | None = None
    token_id: str = ""
    expires_at: float = 0.0
    time_zone: str | None = None
    issued_at: float | None = None
