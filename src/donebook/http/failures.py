"""What HTTP itself can refuse, and the status and headers of every failure.

The contracts word failures each in their own way; how HTTP classes them is the same for all.
"""

from collections.abc import Callable
from uuid import UUID

from donebook import errors
from donebook.errors import Failure

Headers = list[tuple[bytes, bytes]]


class RouteUnknown(errors.NotFound):
    """No contract has this URL."""


class MethodNotAllowed(Failure):
    """The URL exists, this method on it does not; ``allowed`` is the value of ``Allow``."""

    def __init__(self, allowed: str) -> None:
        super().__init__(allowed)
        self.allowed = allowed


class BodyTooLarge(Failure):
    """The body is above the configured limit."""


class BodyTooSlow(Failure):
    """The body did not arrive in time."""


class MediaTypeUnsupported(Failure):
    """The body is not JSON, or is compressed."""


class AuthenticationFault(Failure):
    """A fault of ours while a token was judged; the log has its details, the answer has none."""


class Unexpected(Failure):
    """A fault of ours; the log has its details, the answer has none."""


_Rule = tuple[type[Failure], int, Callable[[Failure], Headers] | None]


def _challenge(failure: Failure) -> Headers:
    """RFC 6750, section 3: an error code only where a token was presented."""
    presented = not isinstance(failure, errors.TokenMissing | errors.CredentialsMalformed)
    return [(b"www-authenticate", b'Bearer error="invalid_token"' if presented else b"Bearer")]


def _retry_after(failure: Failure) -> Headers:
    assert isinstance(failure, errors.Unavailable | errors.TooManyRequests)
    return [(b"retry-after", str(failure.retry_after).encode())]


def _allow(failure: Failure) -> Headers:
    assert isinstance(failure, MethodNotAllowed)
    return [(b"allow", failure.allowed.encode())]


def _close(_: Failure) -> Headers:
    """RFC 9110, section 15.5.9: nobody waits once more for what did not come in time."""
    return [(b"connection", b"close")]


_RULES: tuple[_Rule, ...] = (
    (errors.WrongCredentials, 401, lambda _: [(b"www-authenticate", b"Bearer")]),
    (errors.SessionEnded, 401, lambda _: [(b"www-authenticate", b"Bearer")]),
    (errors.Unauthenticated, 401, _challenge),
    (errors.Forbidden, 403, None),
    (errors.NotFound, 404, None),
    (MethodNotAllowed, 405, _allow),
    (errors.Unusable, 400, None),
    (BodyTooSlow, 408, _close),
    (errors.Conflict, 409, None),
    (errors.ResyncRequired, 410, None),
    (errors.PreconditionFailed, 412, None),
    (BodyTooLarge, 413, None),
    (MediaTypeUnsupported, 415, None),
    (errors.Invalid, 422, None),
    (errors.TooManyRequests, 429, _retry_after),
    (errors.Unavailable, 503, _retry_after),
    (errors.ProvisioningFailed, 500, None),
    (AuthenticationFault, 500, None),
    (Unexpected, 500, None),
)


def status_of(failure: Failure) -> int:
    """The status of a failure; 500 for one that no rule knows."""
    if isinstance(failure, errors.OperationFailed):
        failure = failure.cause
    return next((status for kind, status, _ in _RULES if isinstance(failure, kind)), 500)


def headers_of(failure: Failure) -> Headers:
    """The headers that HTTP asks for with this failure."""
    for kind, _, headers in _RULES:
        if isinstance(failure, kind):
            return headers(failure) if headers else []
    return []


_TYPICAL: tuple[Failure, ...] = (
    errors.TokenMissing(),
    errors.CredentialsMalformed(),
    errors.TokenInvalid("signature"),
    errors.TokenExpired(),
    errors.SubjectMissing(),
    errors.WrongCredentials(),
    errors.PathUserMismatch(),
    errors.TaskQuotaExceeded(100_000),
    errors.TaskNotFound(),
    errors.CursorInvalid(),
    errors.RevisionAhead(8),
    BodyTooSlow(),
    errors.EmailTaken(),
    errors.EditConflict([errors.FieldConflict("title", "Buy groceries", "Buy bread")]),
    errors.UndoConflict([errors.UndoObstacle(1, UUID("0190b3a5-3f6b-7c1d-9a53-1e6f0c2d4b7e"), ("title",))]),
    errors.TaskErased(),
    errors.ResyncRequired(),
    errors.PreconditionFailed(None, 8),
    BodyTooLarge(),
    MediaTypeUnsupported(),
    errors.Invalid([{"type": "missing", "loc": ("body", "title"), "msg": "Field required"}]),
    errors.TooManyRequests(30),
    Unexpected(),
    errors.DatabaseUnavailable(),
    errors.Overloaded(),
)


def typical_of(status: int, *, public: bool) -> list[Failure]:
    """Failures of this status as most endpoints know them, for examples; ``public`` ones ask for no token."""
    found = [failure for failure in _TYPICAL if status_of(failure) == status]
    if status in {401, 409}:
        of_accounts = (errors.WrongCredentials, errors.EmailTaken)
        found = [each for each in found if isinstance(each, of_accounts) == public]
    return found
