"""``/api/v2/events``: what happens to the user's tasks, as it happens."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import Depends, Query
from fastapi.security import APIKeyQuery, HTTPAuthorizationCredentials
from fastapi.sse import format_sse_event
from pydantic import BaseModel, Field
from starlette.types import Scope

from donebook.accounts.revocations import admit
from donebook.contracts.v2.contract import contract
from donebook.contracts.v2.fields import Task
from donebook.errors import Invalid
from donebook.http.answer import Answer, encode_json, secret_answer
from donebook.http.call import Call, CallContext, Services, bearer
from donebook.http.requests import header, parse_query, problem
from donebook.http.route import admit_bearer
from donebook.http.schema import described
from donebook.http.stream import EventStream
from donebook.ledger.events.position import PATTERN, Position, parse_position
from donebook.ledger.events.reading import Event
from donebook.ledger.events.tickets import TICKET_SECONDS, issue_ticket, redeem_ticket
from donebook.ledger.kinds.kind import Action
from donebook.principal import Principal


class TaskEvent(msgspec.Struct):
    """What a revision did to one task."""

    id: UUID
    number: int
    revision: int
    action: Action
    contract: Annotated[str, msgspec.Meta(description="The contract it came through", examples=["v2"])]
    at: datetime
    task: Annotated[
        Task | None,
        msgspec.Meta(description="The task as it was then; null if it has been deleted for good since"),
    ]


class EventTicket(msgspec.Struct):
    """Leave to follow the events once."""

    ticket: Annotated[str, msgspec.Meta(examples=["Xq3…"])]
    expires_in: Annotated[int, msgspec.Meta(description="Seconds", examples=[TICKET_SECONDS])]


class EventsQuery(BaseModel):
    """From where."""

    since: str | None = Field(
        None,
        description="A revision, or the id of an event: tell of what came after it.",
        examples=["41"],
        json_schema_extra={"pattern": f"^{PATTERN}$"},
    )


class _AdmissionQuery(EventsQuery):
    """From where, and by which leave."""

    ticket: str | None = None


_ticket = APIKeyQuery(
    name="ticket",
    scheme_name="EventTicket",
    description="From `POST /api/v2/events/ticket`, in place of a token.",
    auto_error=False,
)


def _describe_credentials(
    _: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    __: Annotated[str | None, Depends(_ticket)],
) -> Any:
    raise RuntimeError("a contract's route makes its call itself; this only describes it in OpenAPI")


EventsCall = Annotated[CallContext, Depends(_describe_credentials)]


def render_event(event: Event[Task]) -> bytes:
    """An event of the feed in the wire format of server-sent events."""
    task, action = event.record, event.action
    told = TaskEvent(event.uuid, event.number, event.revision, action, event.contract, event.at, task)
    return format_sse_event(
        event=f"task.{action}", data_str=encode_json(told).decode(), id=str(event.position)
    )


@contract.route(
    "POST",
    "/api/v2/events/ticket",
    status=201,
    answer=described(EventTicket),
    # A ticket that can be had again by its key would be kept as it is.
    keyed=False,
    summary="Issue an event ticket",
)
async def issue_event_ticket(call: Call) -> Answer:
    """Issue a ticket for a client that cannot send headers, such as a browser's `EventSource`.

    It is good once, for a minute, on every worker.
    """
    ticket = await issue_ticket(call.database, call.principal, call.services.now())
    return secret_answer(201, EventTicket(ticket, TICKET_SECONDS))


async def _admit(scope: Scope, services: Services) -> Principal:
    """Whom the ticket in the query names, or else the ``Authorization`` header."""
    query = parse_query(_AdmissionQuery, scope["query_string"])
    if query.ticket is None:
        return await admit_bearer(scope, services)
    # Servers that log requests read this when the answer begins.
    scope["query_string"] = b"" if query.since is None else urlencode({"since": query.since}).encode()
    return await redeem_ticket(services.database, query.ticket, services.now())


@contract.route(
    "GET",
    "/api/v2/events",
    admit=_admit,
    streams=True,
    answer=described(TaskEvent),
    refusals=[400, 410, 422],
    response_description="Events without end",
    openapi_extra={
        "parameters": [
            {
                "name": "Last-Event-ID",
                "in": "header",
                "schema": {"type": "string", "pattern": f"^({PATTERN})?$"},
                "description": "The id of the last event that was seen; goes before `since`.",
            }
        ]
    },
)
async def follow_events(call: EventsCall, query: Annotated[EventsQuery, Query()]) -> Answer:
    """Follow the user's tasks, through whichever contract they change.

    The answer never ends, so there is nothing to try on this page: use `curl -N` or an `EventSource`.

    Without `since` and `Last-Event-ID` it begins now. Each event has the type `task.` and its action,
    and an id that resumes after it. That is the event's revision; where one revision changed several
    tasks, all but its last event have `<revision before>.<number of the task>`.
    """
    services = call.services
    follower = await services.feed.follow(call.principal, _since(call, query))
    try:
        # From here on it hears of what ends; what ended a moment ago is asked for.
        await admit(services.database, call.principal)
    except BaseException:
        services.feed.leave(follower)
        raise
    return EventStream(services.feed, follower, services.authenticator.stay_alert)


def _since(call: CallContext, query: EventsQuery) -> Position | None:
    asked = _parse(query.since, ("query", "since"))
    last_seen = _parse(header(call.scope, b"last-event-id") or None, ("header", "last-event-id"))
    return last_seen or asked


def _parse(given: str | None, place: tuple[str, str]) -> Position | None:
    if given is None:
        return None
    try:
        return parse_position(given)
    except ValueError as mistake:
        raise Invalid([problem("event_id_parsing", place, str(mistake))]) from None
