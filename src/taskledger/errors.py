"""Every way a use case can fail, as facts. Nothing here knows HTTP.

::

    Failure
    ├── Unauthenticated
    │   ├── TokenMissing            no credentials were presented
    │   ├── CredentialsMalformed    something other than "Bearer <token>"
    │   ├── TokenInvalid            signature, algorithm, garbage, audience, issuer
    │   ├── TokenExpired            the token's time is over
    │   ├── SubjectMissing          genuine, but it names nobody
    │   ├── TokenRevoked            logged out, disabled or erased
    │   └── WrongCredentials        unknown e-mail or wrong password, not told apart
    ├── Forbidden
    │   └── PathUserMismatch        the user in the path is not the token's
    ├── NotFound
    │   ├── TaskNotFound            no such task, or somebody else's
    │   ├── NeighbourNotFound       no such task to be moved next to
    │   └── UserUnknown             the principal's row is gone
    ├── Invalid                     the request's values break a rule
    ├── Conflict
    │   ├── EmailTaken              another account has this e-mail
    │   └── TaskErased              the id is that of a task deleted for good
    ├── PreconditionFailed          the task is not at the expected revision
    ├── TooManyRequests             a limit was hit
    ├── Unavailable
    │   ├── DatabaseUnavailable     the database cannot be reached
    │   ├── IssuerUnavailable       the token's issuer does not hand out its keys
    │   └── Overloaded              a bounded queue is full
    └── ProvisioningFailed          the user's row could not be written

Each contract maps every leaf to an answer; a test walks this tree.
"""

from collections.abc import Sequence
from typing import Any


class Failure(Exception):
    """A use case could not do what was asked."""


class Unauthenticated(Failure):
    """Nobody known is asking."""


class TokenMissing(Unauthenticated):
    """No credentials were presented."""


class CredentialsMalformed(Unauthenticated):
    """Credentials were presented in another form than ``Bearer <token>``."""


class TokenInvalid(Unauthenticated):
    """The token is not genuine or not meant for us.

    ``reason`` is for the log and ``taskledger doctor``, never for an answer.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TokenExpired(Unauthenticated):
    """The token's ``exp`` has passed."""


class SubjectMissing(Unauthenticated):
    """The token is genuine but carries neither ``sub`` nor ``user_id``."""


class TokenRevoked(Unauthenticated):
    """The token was ended by a log-out, or its user was disabled or erased."""


class WrongCredentials(Unauthenticated):
    """The e-mail is unknown or the password is wrong; which one is not told."""


class Forbidden(Failure):
    """Known, but not allowed."""


class PathUserMismatch(Forbidden):
    """The user id in the path is not the principal's."""


class NotFound(Failure):
    """The thing asked for does not exist for this principal."""


class TaskNotFound(NotFound):
    """There is no such task, or it belongs to somebody else."""


class NeighbourNotFound(NotFound):
    """The task to move another one next to is not there, or in the trash."""


class UserUnknown(NotFound):
    """The principal has no row (yet, or any more)."""


class Invalid(Failure):
    """Values break a rule.

    ``problems`` has one mapping per broken rule, each with ``type``, ``loc`` and ``msg`` in
    Pydantic's vocabulary and never the offending input.
    """

    def __init__(self, problems: Sequence[dict[str, Any]]) -> None:
        super().__init__(f"{len(problems)} invalid value(s)")
        self.problems = tuple(problems)


class Conflict(Failure):
    """The request contradicts what is stored."""


class EmailTaken(Conflict):
    """Another local account has this e-mail, in whatever letter case."""


class TaskErased(Conflict):
    """The id chosen for a new task is that of one which was deleted for good."""


class PreconditionFailed(Failure):
    """The resource is not at the revision the client expected.

    ``current`` is the task as it stands (in the row type the caller asked for), or ``None`` where
    the precondition was on the list; ``revision`` is the revision it stands at.
    """

    def __init__(self, current: Any, revision: int) -> None:
        super().__init__(f"now at revision {revision}")
        self.current = current
        self.revision = revision


class TooManyRequests(Failure):
    """A limit was hit; ``retry_after`` is in whole seconds, at least one."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = max(1, retry_after)


class Unavailable(Failure):
    """A part of the service cannot answer now; ``retry_after`` is in whole seconds."""

    retry_after = 1


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, or did not answer in time."""


class IssuerUnavailable(Unavailable):
    """A token cannot be judged: its key is not at hand and its issuer does not answer.

    Not a refusal: the token may well be genuine, so a front end must not sign its user out.
    """

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = max(1, retry_after)


class Overloaded(Unavailable):
    """A bounded queue is full; nothing was done."""


class ProvisioningFailed(Failure):
    """The principal's row could not be written, for a reason that is not the connection."""
