"""Records keys and tokens of a genuine Better Auth: ``python -m tests.better_auth.record``.

The recordings let machines without Node check every algorithm. The issuers that made them, and their
private keys, are gone when this ends.
"""

import json
import time
from pathlib import Path
from typing import Any

from tests.better_auth.server import SECRET, BetterAuth, Session, better_auth_server

ALGORITHMS = ("EdDSA", "ES256", "ES512", "RS256", "PS256")
RECORDINGS = Path(__file__).parent.parent / "tokens" / "recorded"
SESSION_DATA_COOKIE = "better-auth.session_data"


def record_all() -> None:
    RECORDINGS.mkdir(exist_ok=True)
    for algorithm in ALGORITHMS:
        with better_auth_server(algorithm) as issuer:
            session = issuer.sign_up("ada@example.com")
            # Its first key is made for its first token; after the rotation, choosing by key id matters.
            issuer.token(session)
            issuer.rotate_keys()
            _write(algorithm, _describe(issuer, session, issuer.token(session)))
    with better_auth_server(cookie_cache="secret") as issuer:
        session = issuer.sign_up("ada@example.com")
        cookie = session.cookies[SESSION_DATA_COOKIE]
        _write("cookie-cache-by-secret", {"secret": SECRET} | _describe(issuer, session, cookie))
        letter = issuer.verification_token(session)
        _write("email-verification", {"secret": SECRET} | _describe(issuer, session, letter))
    with better_auth_server(cookie_cache="jwks") as issuer:
        session = issuer.sign_up("ada@example.com")
        cookie = session.cookies[SESSION_DATA_COOKIE]
        _write("cookie-cache-by-published-key", _describe(issuer, session, cookie))


def _describe(issuer: BetterAuth, session: Session, token: str) -> dict[str, Any]:
    return {
        "recorded_at": int(time.time()),
        "issuer": issuer.url,
        "user_id": session.user_id,
        "email": session.email,
        "name": session.name,
        "token": token,
        "jwks": issuer.jwks(),
    }


def _write(name: str, recording: dict[str, Any]) -> None:
    (RECORDINGS / f"{name}.json").write_text(json.dumps(recording, indent=2) + "\n")


if __name__ == "__main__":
    record_all()
