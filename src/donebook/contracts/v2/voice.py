"""How ``v2`` words what went wrong: problem details (RFC 9457) with a code for programs."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from donebook import errors
from donebook.contracts.refusals import QUOTAS, BrokenRule, describe_refusals, wording
from donebook.contracts.v2.fields import Task, shown_value
from donebook.errors import Failure
from donebook.http import failures
from donebook.http.contract import Refusals
from donebook.http.failures import status_of
from donebook.http.schema import described


class Problem(BaseModel):
    """Why a request was refused; ``code`` never changes for one kind of problem."""

    type: str = Field(
        description="Always `about:blank`: the code says more than a page would.", examples=["about:blank"]
    )
    title: str = Field(description="What it is, for people.", examples=["There is no such task"])
    status: int = Field(examples=[404])
    code: str = Field(description="What it is, for programs.", examples=["task_not_found"])
    instance: str = Field(
        description="The request's id, as in `X-Request-ID`.", examples=["9f86d081884c7d65"]
    )
    # Made by a factory to be optional without a default in the schema: they are absent, never null.
    operation: int = Field(
        default_factory=int,
        description="In a batch: the index, from 0, of the operation that is meant; absent elsewhere.",
        examples=[2],
    )
    revision: int = Field(
        default_factory=int,
        description="With the codes `precondition_failed` and `revision_ahead`: what the task or the user "
        "stands at; absent elsewhere.",
        examples=[8],
    )


class BrokenRulesProblem(Problem):
    """The rules that the request breaks."""

    errors: list[BrokenRule]


class PreconditionProblem(Problem):
    """A condition of the request, If-Match or If-None-Match, does not hold."""

    task: described(Task) | None = Field(  # type: ignore[valid-type]  # a type made at run time
        description="The task as it stands; null where the condition was on a list."
    )
    revision: int = Field(description="What it stands at.", examples=[8])


class FieldConflict(BaseModel):
    """A field that was changed since the base revision, with both values."""

    field: str = Field(examples=["title"])
    yours: Any = Field(description="The value in the request.")
    current: Any = Field(description="The value that the field was given meanwhile.")


class UndoObstacle(BaseModel):
    """A task that was changed again since what is to be undone."""

    id: UUID | None = Field(description="null if the task was deleted for good.")
    number: int
    fields: list[str] = Field(examples=[["title"]])


class QuotaProblem(Problem):
    """A quota is used up."""

    limit: Literal["tasks", "history", "answers"] = Field(description="What there is too much of.")
    quota: int = Field(description="How much there may be: a number of tasks, or bytes.", examples=[100_000])


class ConflictProblem(Problem):
    """In conflict with what is stored."""

    conflicts: list[FieldConflict] | list[UndoObstacle] = Field(
        default_factory=list, description="With the codes `conflict` and `undo_conflict`."
    )


class ProblemVoice:
    """``application/problem+json``."""

    media_type = b"application/problem+json"

    _WORDS: Mapping[type[Failure], tuple[str, str]] = {
        errors.TokenMissing: ("token_missing", "No token was sent"),
        errors.CredentialsMalformed: (
            "credentials_malformed",
            "The Authorization header must be: Bearer <token>",
        ),
        errors.TokenInvalid: ("token_invalid", "The token is not valid"),
        errors.TokenExpired: ("token_expired", "The token has expired"),
        errors.SubjectMissing: ("subject_missing", "The token names no user"),
        errors.TokenRevoked: ("token_revoked", "The token was revoked"),
        errors.TicketInvalid: ("ticket_invalid", "The ticket is unknown, used or too old"),
        errors.WrongCredentials: ("wrong_credentials", "E-mail and password do not match"),
        errors.SessionEnded: ("session_ended", "The session has ended"),
        errors.PathUserMismatch: ("forbidden", "This belongs to another user"),
        errors.OriginForeign: ("foreign_origin", "Requests from this origin are not allowed"),
        errors.SignUpClosed: ("sign_up_closed", "Nobody can sign up here"),
        errors.InvitationMissing: ("invitation_missing", "Signing up needs a valid invitation"),
        **{kind: ("quota_exceeded", words) for kind, words in QUOTAS.items()},
        errors.TaskNotFound: ("task_not_found", "There is no such task"),
        errors.NeighbourNotFound: ("neighbour_not_found", "There is no such task to move it next to"),
        errors.ChangeNotFound: ("change_not_found", "There is no such change, or no longer"),
        errors.UserUnknown: ("user_unknown", "There is no such user"),
        failures.RouteUnknown: ("not_found", "There is nothing at this URL"),
        failures.MethodNotAllowed: ("method_not_allowed", "This URL does not know the method"),
        failures.BodyTooSlow: ("request_timeout", "The body did not arrive in time"),
        failures.BodyTooLarge: ("body_too_large", "The body is too large"),
        failures.MediaTypeUnsupported: ("media_type_unsupported", "The body must be JSON"),
        errors.EmailTaken: ("email_taken", "Another account has this e-mail"),
        errors.TaskErased: ("task_erased", "The task with this id was deleted for good"),
        errors.EditConflict: ("conflict", "Fields were changed since the base revision"),
        errors.UndoConflict: ("undo_conflict", "What is to be undone was changed again since"),
        errors.CursorInvalid: ("cursor_invalid", "The cursor is not one of this user and this query"),
        errors.RevisionAhead: ("revision_ahead", "The user has not reached that revision"),
        errors.ResyncRequired: (
            "resync_required",
            "What happened since then is not known any more; sync without since",
        ),
        errors.PreconditionFailed: ("precondition_failed", "A condition of the request does not hold"),
        errors.KeyReused: ("idempotency_key_reused", "The idempotency key was used for another request"),
        errors.Invalid: ("invalid", "The request breaks a rule"),
        errors.TooManyRequests: ("too_many_requests", "Too many requests; try again later"),
        errors.GuessedTooOften: ("too_many_requests", "Too many requests; try again later"),
        errors.DatabaseUnavailable: (
            "database_unavailable",
            "The database cannot be reached; try again later",
        ),
        errors.IssuerUnavailable: (
            "issuer_unavailable",
            "The token's issuer cannot be reached; try again later",
        ),
        errors.Overloaded: ("overloaded", "The service is overloaded; try again later"),
        errors.Unavailable: ("unavailable", "The service is not available; try again later"),
        errors.ProvisioningFailed: ("provisioning_failed", "The user could not be set up"),
        failures.AuthenticationFault: ("authentication_error", "The token could not be checked"),
        failures.Unexpected: ("internal_error", "A fault of the service"),
    }

    def word(self, failure: Failure, request_id: str) -> Any:
        cause = failure.cause if isinstance(failure, errors.OperationFailed) else failure
        code, title = wording(self._WORDS, cause)
        problem = {
            "type": "about:blank",
            "title": title,
            "status": status_of(failure),
            "code": code,
            "instance": request_id,
            **_details(cause),
        }
        if isinstance(failure, errors.OperationFailed):
            problem["operation"] = failure.index
        return problem

    def describe(self, refusals: Refusals) -> dict[int | str, dict[str, Any]]:
        return describe_refusals(
            refusals,
            lambda status: _SCHEMAS.get(status, Problem),
            lambda failure: self.word(failure, "9f86d081884c7d65"),
        )


_SCHEMAS: Mapping[int, type[Problem]] = {
    403: QuotaProblem,
    409: ConflictProblem,
    412: PreconditionProblem,
    422: BrokenRulesProblem,
}


def _details(failure: Failure) -> dict[str, Any]:
    details: dict[str, Any] = {}
    match failure:
        case errors.QuotaExceeded():
            details = {"limit": failure.limit, "quota": failure.quota}
        case errors.Invalid():
            details = {"errors": failure.problems}
        case errors.PreconditionFailed():
            details = {"task": failure.current, "revision": failure.revision}
        case errors.EditConflict():
            details = {"conflicts": [_field_conflict(each) for each in failure.conflicts]}
        case errors.UndoConflict():
            details = {"conflicts": [_obstacle(each) for each in failure.obstacles]}
        case errors.RevisionAhead():
            details = {"revision": failure.newest}
    return details


def _field_conflict(conflict: errors.FieldConflict) -> dict[str, Any]:
    return {
        "field": conflict.field,
        "yours": shown_value(conflict.given),
        "current": shown_value(conflict.current),
    }


def _obstacle(obstacle: errors.UndoObstacle) -> dict[str, Any]:
    return {"id": obstacle.uuid, "number": obstacle.number, "fields": obstacle.fields}
