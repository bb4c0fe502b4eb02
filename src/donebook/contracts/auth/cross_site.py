"""Requests that a page of another site has a browser send, with or without its user's knowledge."""

from donebook.accounts.events import EventKind, printable
from donebook.errors import OriginForeign
from donebook.http.call import CallContext
from donebook.http.requests import header

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def refuse_foreign(call: CallContext) -> None:
    """Raise `OriginForeign` if the page is neither of this host nor of an origin that is allowed."""
    origin = header(call.scope, b"origin")
    if not (origin is None or _is_own(call, origin) or call.services.identity.allows_origin(origin)):
        raise _foreign(call, origin)


def refuse_other(call: CallContext) -> None:
    """Raise `OriginForeign` if the page is not of this host: no other, allowed or not, has our cookie."""
    origin = header(call.scope, b"origin")
    if not (origin is None or _is_own(call, origin)):
        raise _foreign(call, origin)


def _is_own(call: CallContext, origin: str) -> bool:
    # Without the scheme: behind a proxy that ends TLS, the browser's is not ours.
    scheme, _, place = origin.lower().partition("://")
    default = _DEFAULT_PORTS.get(scheme)
    host = (header(call.scope, b"host") or "").lower()
    return default is not None and place.removesuffix(default) == host.removesuffix(default)


def _foreign(call: CallContext, origin: str) -> OriginForeign:
    reason = f"from {printable(origin)}"
    call.services.identity.events.note(EventKind.ORIGIN_REFUSED, call.origin, reason=reason)
    return OriginForeign()
