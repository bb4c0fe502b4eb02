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
    │   ├── TicketInvalid           a ticket that is unknown, used or too old
    │   ├── WrongCredentials        unknown e-mail or wrong password, not told apart
    │   └── SessionEnded            no session can be gone on with by this cookie
    ├── Forbidden
    │   ├── PathUserMismatch        the user in the path is not the token's
    │   ├── OriginForeign           a page of another site sent the request
    │   ├── SignUpClosed            nobody can sign up here
    │   ├── InvitationMissing       signing up needs an invitation, and this is none (any more)
    │   └── QuotaExceeded           the space holds as much as it may
    │       ├── TaskQuotaExceeded       of tasks
    │       ├── HistoryQuotaExceeded    of history, even after the oldest was forgotten
    │       └── AnswerQuotaExceeded     of stored answers to requests with an idempotency key
    ├── NotFound
    │   ├── TaskNotFound            no such task, or somebody else's
    │   ├── NeighbourNotFound       no such task to be moved next to
    │   ├── ChangeNotFound          that revision did nothing, or longer ago than is remembered
    │   └── UserUnknown             the principal's row is gone
    ├── Invalid                     the request's values break a rule
    │   └── KeyReused               the idempotency key was used for another request
    ├── Unusable                    something handed out by the service came back changed, or too early
    │   ├── CursorInvalid           not a cursor of this user and this query
    │   └── RevisionAhead           a revision that the user has not reached
    ├── ResyncRequired              deletions after that revision are forgotten
    ├── Conflict
    │   ├── EmailTaken              another account has this e-mail
    │   ├── TaskErased              the id is that of a task deleted for good
    │   ├── EditConflict            fields were changed since the version that the edit was made of
    │   └── UndoConflict            fields were changed since the revision to be undone
    ├── PreconditionFailed          the task is not at the expected revision
    ├── OperationFailed             one operation of several could not be done, so none was
    ├── TooManyRequests             a limit was hit
    │   └── GuessedTooOften         the account's password was guessed wrongly too often
    ├── Unavailable
    │   ├── DatabaseUnavailable     the database cannot be reached
    │   ├── IssuerUnavailable       the token's issuer does not hand out its keys
    │   └── Overloaded              a bounded queue is full
    └── ProvisioningFailed          the user's row could not be written

Each contract maps every leaf to an answer; a test walks this tree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID


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

    ``reason`` is for the log and ``donebook doctor``, never for an answer.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TokenExpired(Unauthenticated):
    """The token's ``exp`` has passed."""


class SubjectMissing(Unauthenticated):
    """The token is genuine but carries neither ``sub`` nor ``user_id``."""


class TokenRevoked(Unauthenticated):
    """The token was ended by a log-out, or its user was disabled or erased.

    ``reason`` and ``user_id`` are for the record, never for an answer; there is no id of the erased.
    """

    def __init__(self, reason: str = "logged out", user_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.user_id = user_id


class TicketInvalid(Unauthenticated):
    """The ticket was never issued, was used before, or is too old."""


class WrongCredentials(Unauthenticated):
    """The e-mail is unknown or the password is wrong; which one is not told."""


class SessionEnded(Unauthenticated):
    """The cookie is missing or unknown, or its session has ended.

    ``reason`` and ``user_id`` are for the record, never for an answer.
    """

    def __init__(self, reason: str, user_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.user_id = user_id


class Forbidden(Failure):
    """Known, but not allowed."""


class PathUserMismatch(Forbidden):
    """The user id in the path is not the principal's."""


class OriginForeign(Forbidden):
    """A browser says that the request comes from a page of an origin that may not send it."""


class SignUpClosed(Forbidden):
    """The operator lets nobody sign up."""


class InvitationMissing(Forbidden):
    """The operator lets only those sign up who have an invitation, and this is none, was used or is over."""


class QuotaExceeded(Forbidden):
    """The space holds as much of ``limit`` as its ``quota`` allows. Deleting is never refused."""

    limit: ClassVar[str]

    def __init__(self, quota: int) -> None:
        super().__init__(f"{self.limit}: {quota}")
        self.quota = quota


class TaskQuotaExceeded(QuotaExceeded):
    """There are as many tasks as there may be, those in the trash counted."""

    limit = "tasks"


class HistoryQuotaExceeded(QuotaExceeded):
    """The history has as many bytes as it may have, even without what can be forgotten."""

    limit = "history"


class AnswerQuotaExceeded(QuotaExceeded):
    """The answers stored for requests with an idempotency key have as many bytes as they may have."""

    limit = "answers"


class NotFound(Failure):
    """The thing asked for does not exist for this principal."""


class TaskNotFound(NotFound):
    """There is no such task, or it belongs to somebody else."""


class NeighbourNotFound(NotFound):
    """The task to move another one next to is not there, or in the trash."""


class ChangeNotFound(NotFound):
    """The revision changed nothing, or what it changed is no longer kept."""


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


class KeyReused(Invalid):
    """The idempotency key belongs to another request of this user."""

    def __init__(self) -> None:
        place = ("header", "Idempotency-Key")
        message = "This key was used for another request; make a new one for each"
        super().__init__([{"type": "idempotency_key_reused", "loc": place, "msg": message}])


class Unusable(Failure):
    """Something that the service hands out to be handed back is not what it was, or not yet."""


class CursorInvalid(Unusable):
    """The cursor was not made by us, or for another user or another query."""


class RevisionAhead(Unusable):
    """The revision is above ``newest``, the one that the user stands at."""

    def __init__(self, newest: int) -> None:
        super().__init__(f"now at revision {newest}")
        self.newest = newest


class ResyncRequired(Failure):
    """What came after the given revision is not known any more; only everything would be right."""


class Conflict(Failure):
    """The request contradicts what is stored."""


class EmailTaken(Conflict):
    """Another local account has this e-mail, in whatever letter case."""


class TaskErased(Conflict):
    """The id chosen for a new task is that of one which was deleted for good."""


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field with two new values: what the request gives it, and what another write gave it before."""

    field: str
    given: Any
    current: Any


class EditConflict(Conflict):
    """The edit was made of an older version, and these fields have other values by now."""

    def __init__(self, conflicts: Sequence[FieldConflict]) -> None:
        super().__init__(", ".join(each.field for each in conflicts))
        self.conflicts = tuple(conflicts)


@dataclass(frozen=True, slots=True)
class UndoObstacle:
    """A task that stands in the way of an undo, by the fields that were changed again.

    ``uuid`` is ``None`` for one that was deleted for good.
    """

    number: int
    uuid: UUID | None
    fields: tuple[str, ...]


class UndoConflict(Conflict):
    """What the revision changed was changed again since."""

    def __init__(self, obstacles: Sequence[UndoObstacle]) -> None:
        super().__init__(f"{len(obstacles)} task(s) changed since")
        self.obstacles = tuple(obstacles)


class PreconditionFailed(Failure):
    """The resource is not at the revision the client expected.

    ``current`` is the task as it stands (in the row type the caller asked for), or ``None`` where
    the precondition was on the list; ``revision`` is the revision it stands at.
    """

    def __init__(self, current: Any, revision: int) -> None:
        super().__init__(f"now at revision {revision}")
        self.current = current
        self.revision = revision


class OperationFailed(Failure):
    """The operation at ``index`` (from 0) failed by ``cause``; none of the request's took effect."""

    def __init__(self, index: int, cause: Failure) -> None:
        super().__init__(f"operation {index}: {cause}")
        self.index = index
        self.cause = cause


class TooManyRequests(Failure):
    """A limit was hit; ``retry_after`` is in whole seconds, at least one."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = max(1, retry_after)


class GuessedTooOften(TooManyRequests):
    """The account's password was guessed wrongly so often that one has to wait.

    ``user_id`` is for the record; an e-mail without an account has none and is treated alike.
    """

    def __init__(self, retry_after: int, user_id: str | None = None) -> None:
        super().__init__(retry_after)
        self.user_id = user_id


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
