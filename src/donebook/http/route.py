"""A route that goes straight from the request to the contract's endpoint.

FastAPI's general machinery (an exit stack, a dependency graph, a response model) costs more than a
task costs. The endpoints are declared as FastAPI has them, and OpenAPI is FastAPI's; what runs is
worked out here once, from the same declarations. An endpoint may take:

- ``call``: the request with its principal and services (`CallContext`);
- ``task_id``: ``int`` or ``UUID``, from the path; ``revision``: ``int``, likewise;
- ``query``: a Pydantic model annotated with ``Query()``;
- ``body``: a `TypedDict`, annotated with ``Body()``: a field that is absent stays absent;
- ``completed``: what the body says of completion, if it says so; any body is taken.
"""

import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_origin
from uuid import UUID

from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from starlette.routing import Match
from starlette.types import Receive, Scope

from donebook.errors import PathUserMismatch, Unauthenticated, UserUnknown
from donebook.http.answer import Answer
from donebook.http.bounds.bodies import HeldBody
from donebook.http.call import CallContext, Services
from donebook.http.client_address import limit_group
from donebook.http.once import answer_once, once_of
from donebook.http.requests import (
    header,
    parse_completed,
    parse_json,
    parse_number,
    parse_query,
    parse_revision,
    parse_uuid,
    read_any,
    read_json,
)
from donebook.ledger.writing.idempotency import Once
from donebook.principal import Principal

if TYPE_CHECKING:
    from donebook.http.contract import Contract, Voice

_PATH_READERS: dict[tuple[str, type], Callable[[str], Any]] = {
    ("task_id", int): parse_number,
    ("task_id", UUID): parse_uuid,
    ("revision", int): parse_revision,
}
_NOBODY = Principal("")


class _Body(NamedTuple):
    """Which parameter the body is for, how it is read, and how it is understood."""

    name: str
    read: Callable[..., Awaitable[tuple[bytes, HeldBody | None]]]
    parse: Callable[[bytes], Any]


async def admit_bearer(scope: Scope, services: Services) -> Principal:
    """Whom the ``Authorization`` header names; raises `Unauthenticated`."""
    return await services.authenticator.authenticate(header(scope, b"authorization"))


class ContractRoute(APIRoute):
    """A route of a contract.

    ``public`` ones admit everybody, ``keyed`` ones take an idempotency key, ``streams`` do not end.
    ``admit`` says who is asking, where that is not told by the Authorization header alone; ``before``
    is awaited before the body is read, and may refuse.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        contract: "Contract",
        voice: "Voice",
        public: bool,
        keyed: bool,
        before: Callable[[CallContext], Awaitable[None]] | None = None,
        admit: Callable[[Scope, Services], Awaitable[Principal]] = admit_bearer,
        streams: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(path, endpoint, **options)
        self.contract = contract
        self.voice = voice
        self.public = public
        self.keyed = keyed
        self._before = before
        self._admit = admit
        self.streams = streams
        self._path_readers: list[tuple[str, Callable[[str], Any]]] = []
        self._query: type[BaseModel] | None = None
        self._no_query: BaseModel | None = None
        self._body: _Body | None = None
        self._has_user = "{user_id}" in path
        self._endpoint: Callable[..., Awaitable[Answer]] = endpoint
        self._plan(endpoint)

    def _plan(self, endpoint: Callable[..., Any]) -> None:
        for name, parameter in inspect.signature(endpoint, eval_str=True).parameters.items():
            annotation = parameter.annotation
            kind = get_args(annotation)[0] if get_origin(annotation) is not None else annotation
            if name == "call":
                continue
            if name == "query":
                self._query = kind
                self._no_query = kind()
            elif name == "body":
                self._body = _Body(name, read_json, partial(parse_json, TypeAdapter(kind)))
            elif name == "completed":
                self._body = _Body(name, read_any, parse_completed)
            elif f"{{{name}}}" in self.path:
                self._path_readers.append((name, _PATH_READERS[name, kind]))
            else:
                raise TypeError(f"{endpoint.__name__}: no way to fill the parameter {name!r}")

    async def answer(  # noqa: C901, PLR0912 - every request comes through: a coroutine less is worth a branch
        self, scope: Scope, receive: Receive, services: Services
    ) -> Answer:
        """Authenticate, read what the endpoint takes, and run it; raises `Failure`.

        In this order: who (401), how often (429), whose URL (403), is it well-formed (422), then the use
        case.
        """
        if self.public:
            principal = _NOBODY
        else:
            try:
                principal = await self._admit(scope, services)
            except Unauthenticated as refused:
                services.identity.note_refused(scope, receive, refused)
                raise
            scope["principal"] = principal
            limit = services.identity.user_limit
            if limit is not None:
                await services.identity.limit_user(limit, scope, receive, principal)
        call = CallContext(scope, receive, services, self.contract.name, principal)
        scope["stopwatch"] = call.database
        if self._before is not None:
            await self._before(call)
        path = scope["path_params"]
        if self._has_user and path["user_id"] != principal.user_id:
            raise PathUserMismatch
        arguments: dict[str, Any] = {name: read(path[name]) for name, read in self._path_readers}
        if self._query is not None:
            query = scope["query_string"]
            arguments["query"] = parse_query(self._query, query) if query else self._no_query
        taken, body, held = self._body, b"", None
        if taken is not None:
            body, held = await taken.read(
                scope,
                receive,
                limit=services.body_limit,
                seconds=services.body_seconds,
                hold=partial(self._hold_body, call),
            )
        try:
            if taken is not None:
                arguments[taken.name] = taken.parse(body)
            once = once_of(scope, body) if self.keyed else None
            return await self._run(call, once, arguments)
        except UserUnknown:
            if self.public:
                raise
            await services.authenticator.provision_again(principal)
            return await self._run(call, once, arguments)
        finally:
            if held is not None:
                held.release()

    def _hold_body(self, call: CallContext) -> HeldBody:
        """Count the body for the user, or for the client's address where nobody has signed in."""
        holder = call.principal.user_id
        if self.public:
            identity = call.services.identity
            holder = f"address {limit_group(identity.addresses.find(call.scope, call.receive))}"
        return call.services.bodies.hold(holder)

    async def _run(self, call: CallContext, once: Once | None, arguments: dict[str, Any]) -> Answer:
        if once is None:
            return await self._endpoint(call, **arguments)
        return await answer_once(
            call, once, lambda database: self._endpoint(call.within(database), **arguments)
        )

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Never: the edge dispatches contracts' routes, sealed from each other; FastAPI documents them."""
        return Match.NONE, {}
