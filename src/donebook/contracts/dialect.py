"""What the dialects share: the flow from a call to an answer, and the plainest of the voices."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from donebook import errors
from donebook.contracts.refusals import QUOTAS, BrokenRules, Refusal, describe_refusals, wording
from donebook.errors import Failure, PreconditionFailed
from donebook.http import failures
from donebook.http.answer import (
    JSON,
    Answer,
    KeptJson,
    empty_answer,
    encode_json,
    encoded_answer,
    json_answer,
)
from donebook.http.bounds.answers import KeptAnswer
from donebook.http.call import CallContext
from donebook.http.conditional import ANY, list_tag, matches, parse_tags, revision_of, task_tag
from donebook.http.contract import Refusals
from donebook.ledger.operations import Creation, Edit, Key, Writing
from donebook.ledger.writing.records import Found, create_record, edit_record, get_record, owner_revision
from donebook.ledger.writing.revision import Written
from donebook.tasks.kind import TASKS
from donebook.tasks.long_lists import read_long_list
from donebook.tasks.operations import complete, reopen, toggle
from donebook.tasks.selection import Selection
from donebook.tasks.usecases import ListTooLong, list_tasks
from donebook.tasks.values import Due

T = TypeVar("T", bound=msgspec.Struct)


def due_at(moment: datetime | None) -> Due | None:
    """A due date that is an instant without a zone."""
    return None if moment is None else Due(moment)


def writing_of(call: CallContext, if_match: int | None = None) -> Writing:
    """The circumstances of a write made by this call."""
    return Writing(call.services.now(), call.contract, if_match, quotas=call.services.quotas)


async def answer_task(call: CallContext, key: Key, into: type[T]) -> Answer:
    """The task, or 304 if the client has it."""
    found = await get_record(call.database, call.principal, TASKS, key, into)
    tag = task_tag(found.revision)
    if matches(call.condition(b"if-none-match"), tag):
        return empty_answer(304, [(b"etag", tag)])
    return json_answer(200, found.record, [(b"etag", tag)])


async def answer_list(
    call: CallContext, selection: Selection, into: type[T], render: Callable[[Any, int, int | None], Any]
) -> Answer:
    """The selected tasks as ``render(tasks, count, total)`` has them, or 304 if the client has them.

    ``render`` may only put the tasks somewhere: of a long list it is given JSON in their place.
    """

    async def read() -> tuple[Any, int]:
        if selection.limit is None and call.services.answers.has_large_lists(call.principal.user_id):
            raise ListTooLong
        listing = await list_tasks(call.database, call.principal, selection, into)
        return render(listing.tasks, len(listing.tasks), listing.total), listing.revision

    try:
        return await answer_by_revision(call, read)
    except ListTooLong:
        # The rest is not done here: for as long as the failure is at hand, so are the rows that were read.
        pass
    return await _answer_long_list(call, selection, into, render)


async def _answer_long_list(
    call: CallContext, selection: Selection, into: type[T], render: Callable[[Any, int, int | None], Any]
) -> Answer:
    owner = call.principal.user_id
    revision = count = 0

    async def fill(kept: KeptAnswer) -> None:
        nonlocal revision, count

        async def take(tasks: list[T]) -> int:
            page = encode_json(tasks)
            await kept.write(page[1:-1] if kept.size == 0 else b"," + page[1:-1])
            return len(page)

        revision, count = await read_long_list(call.database, call.principal, selection, into, take)

    kept = await call.services.answers.make_long(owner, fill)
    before, after = encode_json(render(msgspec.Raw(_TASKS), count, None)).split(_TASKS)
    tag = list_tag(revision, owner, call.scope["query_string"])
    return KeptJson(200, [(b"etag", tag)], before + b"[", kept, b"]" + after)


_TASKS = b"[\0]"
"""Stands for the tasks of a long list; no JSON has it."""


async def answer_by_revision(
    call: CallContext, read: Callable[[], Awaitable[tuple[Any, int]]], *, varying: bytes = b""
) -> Answer:
    """What ``read`` returns with the owner's revision it was read at, or 304 if the client has it.

    ``varying`` is whatever else the answer depends on, beside that revision and the query string.
    """
    query = call.scope["query_string"] + varying
    owner = call.principal.user_id
    expected = call.condition(b"if-none-match")
    if expected is not None:
        tag = list_tag(await owner_revision(call.database, call.principal), owner, query)
        if matches(expected, tag):
            return empty_answer(304, [(b"etag", tag)])

    async def make() -> tuple[bytes, int]:
        value, revision = await read()
        return encode_json(value), revision

    made, revision = await call.services.answers.make(owner, make)
    headers = [(b"etag", list_tag(revision, owner, query))]
    if isinstance(made, bytes):
        return encoded_answer(200, made, headers)
    return KeptJson(200, headers, b"", made, b"")


async def answer_creation(
    call: CallContext, new: Creation, into: type[T], location: Callable[[T], str] | None = None
) -> Answer:
    """Create the task and answer 201 with it; 200 if it was there, by the id that the client chose."""
    written = await create_record(call.database, call.principal, new, writing_of_list(call), into)
    tag = task_tag(written.revision)
    if not written.changed and matches(call.condition(b"if-none-match"), tag):
        raise PreconditionFailed(written.record, written.revision)
    headers = [(b"etag", tag)]
    if location is not None:
        headers.append((b"location", location(written.record).encode()))
    return json_answer(201 if written.changed else 200, written.record, headers)


def turn(key: Key, completed: bool | None) -> Edit:
    """Complete or reopen the task as asked; toggle it where nothing was said."""
    if completed is None:
        return toggle(key)
    return complete(key) if completed else reopen(key)


async def answer_edit(call: CallContext, edit: Edit, into: type[T]) -> Answer:
    """Edit the task and answer 200 with it as it is then."""
    return written_answer(await _edit(call, edit, into))


def written_answer(written: Written[Any]) -> Answer:
    """200 with a task that was written."""
    return json_answer(200, written.record, [(b"etag", task_tag(written.revision))])


async def answer_deletion(call: CallContext, edit: Edit, into: type[T]) -> Answer:
    """Delete the task and answer 204."""
    await _edit(call, edit, into)
    return empty_answer(204)


async def _edit(call: CallContext, edit: Edit, into: type[T]) -> Written[T]:
    writing = await writing_of_task(call, edit.key, into, trashed=edit.trashed)
    return await edit_record(call.database, call.principal, edit, writing, into)


async def _find(call: CallContext, key: Key, into: type[T], *, trashed: bool = False) -> Found[T]:
    return await get_record(call.database, call.principal, TASKS, key, into, include_trashed=trashed)


async def writing_of_task(call: CallContext, key: Key, into: type[T], *, trashed: bool = False) -> Writing:
    """The circumstances of a write to a task, on the conditions of the request's headers."""
    unwanted = call.condition(b"if-none-match")
    if unwanted is not None:
        found = await _find(call, key, into, trashed=trashed)
        if matches(unwanted, task_tag(found.revision)):
            raise PreconditionFailed(found.record, found.revision)
    return writing_of(call, await _task_guard(call, key, into, trashed=trashed))


def writing_of_list(call: CallContext) -> Writing:
    """The circumstances of a write to the whole list, on the condition of ``If-Match``."""
    return writing_of(call, _list_guard(call))


async def _task_guard(call: CallContext, key: Key, into: type[T], *, trashed: bool) -> int | None:
    """The revision that ``If-Match`` asks for; one that no task has where it names none."""
    header = call.condition(b"if-match")
    if header is None:
        return None
    tags = parse_tags(header, strong=True)
    if tags is ANY:
        return None
    revisions = [revision for tag in tags if (revision := revision_of(tag)) is not None]
    if len(revisions) > 1:
        found = await _find(call, key, into, trashed=trashed)
        return found.revision if found.revision in revisions else -1
    return revisions[0] if revisions else -1


def _list_guard(call: CallContext) -> int | None:
    """For a creation, ``If-Match`` names the tag of the whole list."""
    header = call.condition(b"if-match")
    if header is None:
        return None
    tags = parse_tags(header, strong=True)
    if tags is ANY:
        return None
    for tag in tags:
        revision = revision_of(tag.partition("-")[0])
        if revision is not None and list_tag(revision, call.principal.user_id, b"") == f'"{tag}"'.encode(
            "latin-1"
        ):
            return revision
    return -1


class DetailVoice:
    """``{"detail": …}``, as FastAPI words its errors."""

    media_type = JSON
    _WORDS: Mapping[type[Failure], str] = {
        errors.TokenMissing: "Missing authorization token",
        errors.CredentialsMalformed: "Invalid or malformed token",
        errors.TokenInvalid: "Invalid or malformed token",
        errors.TokenExpired: "Token has expired",
        errors.SubjectMissing: "Token missing user identifier",
        errors.TokenRevoked: "Invalid or malformed token",
        errors.TicketInvalid: "Invalid or malformed token",
        errors.WrongCredentials: "Invalid credentials",
        errors.SessionEnded: "Session has ended",
        errors.OriginForeign: "Requests from this origin are not allowed",
        errors.SignUpClosed: "Sign-up is closed",
        errors.InvitationMissing: "Sign-up needs a valid invitation",
        errors.PathUserMismatch: (
            "Access forbidden: user_id mismatch. Not authorized to access this user's tasks"
        ),
        **QUOTAS,
        errors.TaskNotFound: "Task not found",
        errors.NeighbourNotFound: "Neighbour task not found",
        errors.ChangeNotFound: "Change not found",
        errors.UserUnknown: "User not found",
        failures.RouteUnknown: "Not Found",
        failures.MethodNotAllowed: "Method Not Allowed",
        failures.BodyTooSlow: "The request body did not arrive in time",
        errors.EmailTaken: "Email already registered",
        errors.TaskErased: "Task was deleted for good",
        errors.EditConflict: "The task was changed meanwhile",
        errors.UndoConflict: "The task was changed meanwhile",
        errors.CursorInvalid: "Invalid cursor",
        errors.RevisionAhead: "Unknown revision",
        errors.ResyncRequired: "Too long ago; read everything again",
        errors.OperationFailed: "An operation failed",
        errors.PreconditionFailed: "Precondition failed: the resource has changed",
        failures.BodyTooLarge: "Request body too large",
        failures.MediaTypeUnsupported: "Request body must be JSON",
        errors.TooManyRequests: "Too many requests. Please try again later",
        errors.GuessedTooOften: "Too many requests. Please try again later",
        errors.DatabaseUnavailable: "Service temporarily unavailable",
        errors.IssuerUnavailable: "Authentication temporarily unavailable",
        errors.Overloaded: "Service temporarily overloaded",
        errors.Unavailable: "Service temporarily unavailable",
        errors.ProvisioningFailed: "Internal server error",
        failures.AuthenticationFault: "Internal server error",
        failures.Unexpected: "Internal server error",
    }

    def word(self, failure: Failure, request_id: str) -> Any:
        del request_id
        if isinstance(failure, errors.Invalid):
            return {"detail": failure.problems}
        return {"detail": wording(self._WORDS, failure)}

    def describe(self, refusals: Refusals) -> dict[int | str, dict[str, Any]]:
        return describe_refusals(
            refusals,
            lambda status: BrokenRules if status == 422 else Refusal,
            lambda failure: self.word(failure, ""),
        )


TASK_TAGGED = {
    "headers": {
        "ETag": {"schema": {"type": "string"}, "description": "The task's revision", "example": '"7"'}
    }
}
LIST_TAGGED = {"headers": {"ETag": {"schema": {"type": "string"}, "description": "Changes with the list"}}}
"""OpenAPI of the headers that tasks and lists carry."""
