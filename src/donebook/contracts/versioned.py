"""The ``versioned`` contract: ``/api/v1/tasks``, priorities and due dates, errors with a code."""

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired

import msgspec
from fastapi import Body, Query
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from donebook import errors
from donebook.contracts.dialect import (
    LIST_TAGGED,
    TASK_TAGGED,
    answer_creation,
    answer_deletion,
    answer_edit,
    answer_list,
    answer_task,
    due_at,
    turn,
)
from donebook.contracts.fields import (
    Description10000,
    Flag,
    Moment,
    ShownDescription,
    ShownMoment,
    ShownMomentOrNull,
    ShownNumber,
    ShownOwner,
    ShownTitle,
    Title200,
)
from donebook.contracts.profile import Profile, answer_profile
from donebook.contracts.refusals import QUOTAS, BrokenRule, describe_refusals, wording
from donebook.errors import Failure
from donebook.http import failures
from donebook.http.answer import JSON, Answer
from donebook.http.call import Call
from donebook.http.contract import Completed, Contract, Refusals
from donebook.http.schema import described, described_list
from donebook.tasks.operations import change, delete, new_task
from donebook.tasks.selection import Selection
from donebook.tasks.values import Priority


class CodedRefusal(BaseModel):
    """Why a request was refused: for people, and as a code for programs."""

    detail: str = Field(examples=["Task not found or you don't have permission to access it"])
    code: str = Field(examples=["TASK_NOT_FOUND"])


class CodedBrokenRules(CodedRefusal):
    """The rules that the request breaks; ``detail`` names the first."""

    errors: list[BrokenRule]


class CodedVoice:
    """``{"detail": …, "code": …}``."""

    media_type = JSON
    _WORDS: Mapping[type[Failure], tuple[str, str]] = {
        errors.TokenMissing: ("MISSING_TOKEN", "Authorization header is missing"),
        errors.CredentialsMalformed: ("INVALID_AUTH_HEADER", "Authorization header must be: Bearer <token>"),
        errors.TokenExpired: ("TOKEN_EXPIRED", "Token has expired"),
        errors.TokenInvalid: ("INVALID_TOKEN", "Invalid token"),
        errors.SubjectMissing: ("MISSING_SUB_CLAIM", "Token missing user identifier"),
        errors.TokenRevoked: ("AUTH_REQUIRED", "Authentication required"),
        errors.TicketInvalid: ("INVALID_TOKEN", "Invalid token"),
        errors.WrongCredentials: ("INVALID_CREDENTIALS", "Invalid credentials"),
        errors.SessionEnded: ("SESSION_ENDED", "Session has ended"),
        errors.PathUserMismatch: ("FORBIDDEN", "Not authorized to access this user's tasks"),
        errors.OriginForeign: ("FORBIDDEN", "Requests from this origin are not allowed"),
        errors.SignUpClosed: ("FORBIDDEN", "Sign-up is closed"),
        errors.InvitationMissing: ("FORBIDDEN", "Sign-up needs a valid invitation"),
        **{kind: ("QUOTA_EXCEEDED", words) for kind, words in QUOTAS.items()},
        errors.TaskNotFound: ("TASK_NOT_FOUND", "Task not found or you don't have permission to access it"),
        errors.NeighbourNotFound: ("NEIGHBOUR_NOT_FOUND", "Neighbour task not found"),
        errors.ChangeNotFound: ("CHANGE_NOT_FOUND", "Change not found"),
        errors.UserUnknown: ("USER_NOT_FOUND", "User not found"),
        failures.RouteUnknown: ("NOT_FOUND", "Not found"),
        failures.MethodNotAllowed: ("METHOD_NOT_ALLOWED", "Method not allowed"),
        failures.BodyTooSlow: ("REQUEST_TIMEOUT", "The request body did not arrive in time"),
        errors.EmailTaken: ("EMAIL_TAKEN", "Email already registered"),
        errors.EditConflict: ("CONFLICT", "The task was changed meanwhile"),
        errors.UndoConflict: ("CONFLICT", "The task was changed meanwhile"),
        errors.CursorInvalid: ("INVALID_CURSOR", "Invalid cursor"),
        errors.OperationFailed: ("OPERATION_FAILED", "An operation failed"),
        errors.TaskErased: ("TASK_ERASED", "Task was deleted for good"),
        errors.PreconditionFailed: ("PRECONDITION_FAILED", "The resource has changed since you read it"),
        errors.RevisionAhead: ("REVISION_AHEAD", "There is no such revision yet"),
        errors.ResyncRequired: ("RESYNC_REQUIRED", "That revision is no longer kept; synchronise anew"),
        failures.BodyTooLarge: ("PAYLOAD_TOO_LARGE", "Request body too large"),
        failures.MediaTypeUnsupported: ("UNSUPPORTED_MEDIA_TYPE", "Request body must be JSON"),
        errors.TooManyRequests: ("RATE_LIMITED", "Too many requests. Please try again later"),
        errors.GuessedTooOften: ("RATE_LIMITED", "Too many requests. Please try again later"),
        errors.DatabaseUnavailable: ("DATABASE_UNAVAILABLE", "Database temporarily unavailable"),
        errors.IssuerUnavailable: ("AUTH_UNAVAILABLE", "Authentication temporarily unavailable"),
        errors.Overloaded: ("SERVICE_OVERLOADED", "Service temporarily overloaded"),
        errors.Unavailable: ("SERVICE_UNAVAILABLE", "Service temporarily unavailable"),
        errors.ProvisioningFailed: ("USER_PROVISIONING_FAILED", "Could not set up the user"),
        failures.AuthenticationFault: ("AUTH_ERROR", "Authentication could not be checked"),
        failures.Unexpected: ("INTERNAL_ERROR", "Internal server error"),
    }

    def word(self, failure: Failure, request_id: str) -> Any:
        del request_id
        if isinstance(failure, errors.Invalid):
            first = failure.problems[0]
            place = ".".join(str(part) for part in first["loc"][1:])
            detail = f"{place}: {first['msg']}" if place else first["msg"]
            return {"detail": detail, "code": "VALIDATION_ERROR", "errors": failure.problems}
        code, detail = wording(self._WORDS, failure)
        return {"detail": detail, "code": code}

    def describe(self, refusals: Refusals) -> dict[int | str, dict[str, Any]]:
        return describe_refusals(
            refusals,
            lambda status: CodedBrokenRules if status == 422 else CodedRefusal,
            lambda failure: self.word(failure, ""),
        )


contract = Contract("versioned", "Tasks with priorities and due dates", CodedVoice())


class VersionedTask(msgspec.Struct):
    """A task."""

    id: ShownNumber
    title: ShownTitle
    description: ShownDescription
    completed: bool
    priority: Priority | None
    due_at: ShownMomentOrNull = msgspec.field(name="due_date")
    user_id: ShownOwner
    created_at: ShownMoment
    updated_at: ShownMoment


class NewVersionedTask(TypedDict):
    """A task to create; other fields are ignored."""

    title: Title200
    description: NotRequired[Description10000 | None]
    priority: NotRequired[Priority | None]
    due_date: NotRequired[Moment | None]
    completed: NotRequired[Flag]


class VersionedTaskChange(TypedDict, total=False):
    """What to change: an absent field keeps its value; null clears description, priority and due date."""

    title: Title200
    description: Description10000 | None
    priority: Priority | None
    due_date: Moment | None
    completed: Flag


class VersionedQuery(BaseModel):
    """Which tasks."""

    completed: bool | None = None
    priority: Priority | None = None


@contract.route(
    "GET",
    "/api/v1/tasks",
    answer=described_list(VersionedTask),
    refusals=[422],
    success=LIST_TAGGED,
)
async def list_tasks(call: Call, query: Annotated[VersionedQuery, Query()]) -> Answer:
    """List the user's tasks, oldest first."""
    selection = Selection(completed=query.completed, priorities=(query.priority,) if query.priority else ())
    return await answer_list(call, selection, VersionedTask, lambda tasks, *_: tasks)


@contract.route(
    "POST",
    "/api/v1/tasks",
    status=201,
    answer=described(VersionedTask),
    refusals=[412],
    success={
        "headers": {
            **TASK_TAGGED["headers"],
            "Location": {
                "schema": {"type": "string"},
                "description": "The task's URL",
                "example": "/api/v1/tasks/1",
            },
        }
    },
)
async def create_task(call: Call, body: Annotated[NewVersionedTask, Body()]) -> Answer:
    """Create a task."""
    new = new_task(
        body["title"],
        description=body.get("description"),
        completed=body.get("completed", False),
        priority=body.get("priority"),
        due=due_at(body.get("due_date")),
    )
    collection = call.scope["path"].rstrip("/")
    return await answer_creation(call, new, VersionedTask, lambda task: f"{collection}/{task.id}")


@contract.route(
    "GET",
    "/api/v1/tasks/{task_id}",
    answer=described(VersionedTask),
    refusals=[404, 422],
    success=TASK_TAGGED,
)
async def get_task(call: Call, task_id: int) -> Answer:
    """One task."""
    return await answer_task(call, task_id, VersionedTask)


@contract.route(
    "PUT",
    "/api/v1/tasks/{task_id}",
    answer=described(VersionedTask),
    refusals=[404, 412],
    success=TASK_TAGGED,
)
async def change_task(call: Call, task_id: int, body: Annotated[VersionedTaskChange, Body()]) -> Answer:
    """Change the fields that are given."""
    fields: dict[str, Any] = dict(body)
    if "due_date" in fields:
        fields["due_at"] = fields.pop("due_date")
    return await answer_edit(call, change(task_id, fields), VersionedTask)


@contract.route(
    "PATCH",
    "/api/v1/tasks/{task_id}/complete",
    answer=described(VersionedTask),
    refusals=[404, 412, 422],
    success=TASK_TAGGED,
)
async def toggle_task(call: Call, task_id: int, completed: Completed) -> Answer:
    """Complete the task, or reopen it if it is complete; a body may say which of the two."""
    return await answer_edit(call, turn(task_id, completed), VersionedTask)


@contract.route("DELETE", "/api/v1/tasks/{task_id}", status=204, refusals=[404, 412, 422])
async def delete_task(call: Call, task_id: int) -> Answer:
    """Delete the task."""
    return await answer_deletion(call, delete(task_id), VersionedTask)


@contract.route("GET", "/api/v1/users/me", answer=described(Profile))
async def get_me(call: Call) -> Answer:
    """The signed-in user."""
    return await answer_profile(call)
