"""The cookie that a session goes on by.

It goes to the paths of this contract alone (``Path``), never from another site (``SameSite=Strict``), and no
script reads it (``HttpOnly``). In production it goes by TLS alone, and its name says so: what begins with
``__Secure-`` a browser takes only from TLS. ``__Host-`` would say more, but only of ``Path=/``, where every
request for a task would carry the cookie.
"""

from starlette.types import Scope

from donebook.accounts.sessions import IDLE

_NAME = "donebook-session"


def cookie_name(*, secure: bool) -> str:
    """The cookie's name, where it goes by TLS alone or by any connection."""
    return f"__Secure-{_NAME}" if secure else _NAME


def set_cookie(scope: Scope, value: str, *, secure: bool) -> tuple[bytes, bytes]:
    """The header field that has the browser keep the cookie; an empty value has it forget it."""
    directory = scope["path"].rstrip("/").rpartition("/")[0]
    parts = [
        f"{cookie_name(secure=secure)}={value}",
        f"Path={scope.get('root_path', '')}{directory}",
        f"Max-Age={int(IDLE.total_seconds()) if value else 0}",
        "HttpOnly",
        "SameSite=Strict",
        *(["Secure"] if secure else []),
    ]
    return b"set-cookie", "; ".join(parts).encode("ascii")


def read_cookie(scope: Scope, *, secure: bool) -> str | None:
    """The cookie's value; ``None`` where there is none, or several, of which one was planted."""
    name, found = cookie_name(secure=secure), []
    for key, line in scope["headers"]:
        if key == b"cookie":
            for pair in line.decode("latin-1").split(";"):
                given, equals, value = pair.strip().partition("=")
                if equals and given == name:
                    found.append(value)
    return found[0] if len(found) == 1 else None
