"""The ``enveloped`` contract: lists in ``data`` and ``meta``, UUIDs, errors in an envelope."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, NotRequired
from uuid import UUID

import msgspec
from fastapi import Body
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
)
from donebook.contracts.fields import (
    Description10000,
    Flag,
    ShownDescription,
    ShownMoment,
    ShownMomentOrNull,
    ShownOwner,
    ShownTitle,
    ShownUuid,
    Title500,
)
from donebook.contracts.refusals import QUOTAS, BrokenRule, describe_refusals, wording
from donebook.errors import Failure
from donebook.http import failures
from donebook.http.answer import JSON, Answer
from donebook.http.call import Call
from donebook.http.contract import Contract, Refusals
from donebook.http.schema import described
from donebook.tasks.operations import change, complete, delete, new_task
from donebook.tasks.selection import Selection


class EnvelopedFailure(BaseModel):
    """Why a request was refused."""

    code: str = Field(examples=["NOT_FOUND"])
    message: str = Field(examples=["Task not found"])
    details: list[BrokenRule] | None = Field(description="The broken rules of a `VALIDATION_ERROR`.")
    timestamp: datetime = Field(examples=["2026-12-01T08:30:00Z"])
    request_id: str = Field(description="As in `X-Request-ID`.", examples=["9f86d081884c7d65"])


class EnvelopedRefusal(BaseModel):
    """The envelope of a refusal."""

    error: EnvelopedFailure


class EnvelopeVoice:
    """``{"error": {"code", "message", "details", "timestamp", "request_id"}}``."""

    media_type = JSON
    _WORDS: Mapping[type[Failure], tuple[str, str]] = {
        errors.TokenMissing: ("UNAUTHORIZED", "Missing authorization token"),
        errors.CredentialsMalformed: ("UNAUTHORIZED", "Invalid or malformed token"),
        errors.TokenInvalid: ("UNAUTHORIZED", "Invalid or malformed token"),
        errors.TokenExpired: ("UNAUTHORIZED", "Token has expired"),
        errors.SubjectMissing: ("UNAUTHORIZED", "Token missing user identifier"),
        errors.TokenRevoked: ("UNAUTHORIZED", "Invalid or malformed token"),
        errors.TicketInvalid: ("UNAUTHORIZED", "Invalid or expired token"),
        errors.WrongCredentials: ("UNAUTHORIZED", "Invalid credentials"),
        errors.SessionEnded: ("UNAUTHORIZED", "Session has ended"),
        errors.PathUserMismatch: ("FORBIDDEN", "Not authorized to access this user's tasks"),
        errors.OriginForeign: ("FORBIDDEN", "Requests from this origin are not allowed"),
        errors.SignUpClosed: ("FORBIDDEN", "Sign-up is closed"),
        errors.InvitationMissing: ("FORBIDDEN", "Sign-up needs a valid invitation"),
        **{kind: ("FORBIDDEN", words) for kind, words in QUOTAS.items()},
        errors.TaskNotFound: ("NOT_FOUND", "Task not found"),
        errors.NeighbourNotFound: ("NOT_FOUND", "Neighbour task not found"),
        errors.ChangeNotFound: ("NOT_FOUND", "Change not found"),
        errors.UserUnknown: ("NOT_FOUND", "User not found"),
        failures.RouteUnknown: ("NOT_FOUND", "Not found"),
        failures.MethodNotAllowed: ("VALIDATION_ERROR", "Method not allowed"),
        failures.BodyTooSlow: ("VALIDATION_ERROR", "The request body did not arrive in time"),
        errors.EmailTaken: ("CONFLICT", "Email already registered"),
        errors.EditConflict: ("CONFLICT", "The task was changed meanwhile"),
        errors.UndoConflict: ("CONFLICT", "The task was changed meanwhile"),
        errors.CursorInvalid: ("VALIDATION_ERROR", "Invalid cursor"),
        errors.OperationFailed: ("CONFLICT", "An operation failed"),
        errors.TaskErased: ("CONFLICT", "Task was deleted for good"),
        errors.PreconditionFailed: ("CONFLICT", "The resource has changed since you read it"),
        errors.RevisionAhead: ("CONFLICT", "There is no such revision yet"),
        errors.ResyncRequired: ("CONFLICT", "That revision is no longer kept; synchronise anew"),
        failures.BodyTooLarge: ("VALIDATION_ERROR", "Request body too large"),
        failures.MediaTypeUnsupported: ("VALIDATION_ERROR", "Request body must be JSON"),
        errors.Invalid: ("VALIDATION_ERROR", "The request is not valid"),
        errors.TooManyRequests: ("RATE_LIMITED", "Too many requests. Please try again later"),
        errors.GuessedTooOften: ("RATE_LIMITED", "Too many requests. Please try again later"),
        errors.DatabaseUnavailable: ("UNAVAILABLE", "Service temporarily unavailable"),
        errors.IssuerUnavailable: ("UNAVAILABLE", "Authentication temporarily unavailable"),
        errors.Overloaded: ("UNAVAILABLE", "Service temporarily overloaded"),
        errors.Unavailable: ("UNAVAILABLE", "Service temporarily unavailable"),
        errors.ProvisioningFailed: ("INTERNAL_ERROR", "Internal server error"),
        failures.AuthenticationFault: ("INTERNAL_ERROR", "Internal server error"),
        failures.Unexpected: ("INTERNAL_ERROR", "Internal server error"),
    }

    def word(self, failure: Failure, request_id: str) -> Any:
        return self._envelop(failure, request_id, datetime.now(UTC))

    def _envelop(self, failure: Failure, request_id: str, moment: datetime) -> Any:
        code, message = wording(self._WORDS, failure)
        return {
            "error": {
                "code": code,
                "message": message,
                "details": failure.problems if isinstance(failure, errors.Invalid) else None,
                "timestamp": moment,
                "request_id": request_id,
            }
        }

    def describe(self, refusals: Refusals) -> dict[int | str, dict[str, Any]]:
        moment = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
        return describe_refusals(
            refusals,
            lambda _: EnvelopedRefusal,
            lambda failure: self._envelop(failure, "9f86d081884c7d65", moment),
        )


contract = Contract(
    "enveloped",
    "Tasks in envelopes, under the user's id",
    EnvelopeVoice(),
)


class EnvelopedTask(msgspec.Struct):
    """A task."""

    uuid: ShownUuid = msgspec.field(name="id")
    user_id: ShownOwner
    title: ShownTitle
    completed: bool = msgspec.field(name="is_completed")
    completed_at: ShownMomentOrNull
    created_at: ShownMoment
    updated_at: ShownMoment
    description: ShownDescription


class ListMeta(msgspec.Struct):
    """When the list was read, and its length."""

    timestamp: ShownMoment
    count: Annotated[int, msgspec.Meta(examples=[1])]


class EnvelopedList(msgspec.Struct):
    """The tasks, newest first."""

    data: list[EnvelopedTask]
    meta: ListMeta


class NewEnvelopedTask(TypedDict):
    """A task to create; other fields are ignored."""

    title: Title500
    description: NotRequired[Description10000 | None]


class EnvelopedTaskChange(TypedDict, total=False):
    """What to change: an absent field keeps its value, null clears the description."""

    title: Title500
    description: Description10000 | None
    is_completed: Flag


@contract.route("GET", "/api/{user_id}/tasks", answer=described(EnvelopedList), success=LIST_TAGGED)
async def list_tasks(call: Call) -> Answer:
    """List the user's tasks, newest first."""

    def render(tasks: list[EnvelopedTask], count: int, _: int | None) -> EnvelopedList:
        return EnvelopedList(tasks, ListMeta(call.services.now(), count))

    return await answer_list(call, Selection(descending=True), EnvelopedTask, render)


@contract.route(
    "POST",
    "/api/{user_id}/tasks",
    status=201,
    answer=described(EnvelopedTask),
    refusals=[412],
    success=TASK_TAGGED,
)
async def create_task(call: Call, body: Annotated[NewEnvelopedTask, Body()]) -> Answer:
    """Create a task."""
    return await answer_creation(
        call, new_task(body["title"], description=body.get("description")), EnvelopedTask
    )


@contract.route(
    "GET",
    "/api/{user_id}/tasks/{task_id}",
    answer=described(EnvelopedTask),
    refusals=[404, 422],
    success=TASK_TAGGED,
)
async def get_task(call: Call, task_id: UUID) -> Answer:
    """One task."""
    return await answer_task(call, task_id, EnvelopedTask)


@contract.route(
    "PUT",
    "/api/{user_id}/tasks/{task_id}",
    answer=described(EnvelopedTask),
    refusals=[404, 412],
    success=TASK_TAGGED,
)
async def change_task(call: Call, task_id: UUID, body: Annotated[EnvelopedTaskChange, Body()]) -> Answer:
    """Change the fields that are given."""
    fields: dict[str, Any] = dict(body)
    if "is_completed" in fields:
        fields["completed"] = fields.pop("is_completed")
    return await answer_edit(call, change(task_id, fields), EnvelopedTask)


@contract.route(
    "PATCH",
    "/api/{user_id}/tasks/{task_id}/complete",
    answer=described(EnvelopedTask),
    refusals=[404, 412, 422],
    success=TASK_TAGGED,
)
async def complete_task(call: Call, task_id: UUID) -> Answer:
    """Complete the task; one that is complete comes back unchanged."""
    return await answer_edit(call, complete(task_id), EnvelopedTask)


@contract.route("DELETE", "/api/{user_id}/tasks/{task_id}", status=204, refusals=[404, 412, 422])
async def delete_task(call: Call, task_id: UUID) -> Answer:
    """Delete the task."""
    return await answer_deletion(call, delete(task_id), EnvelopedTask)
