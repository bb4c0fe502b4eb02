"""Finds whose a path is, has it answered, and words what goes wrong in the contract's own voice."""

import logging
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from donebook.errors import Failure, OperationFailed
from donebook.http.answer import Answer, json_answer
from donebook.http.call import Services
from donebook.http.contract import Contract, Voice
from donebook.http.failures import MethodNotAllowed, RouteUnknown, Unexpected, headers_of, status_of
from donebook.http.identity import LIMIT_HEADERS
from donebook.http.requests import Disconnected
from donebook.http.route import ContractRoute
from donebook.http.sealed import SealedPaths
from donebook.http.tracing import name_span, record_fault

log = logging.getLogger("donebook.requests")

_WRITTEN_OUT = "/:@!$&'()*+,;="
"""What a server that does not tell how a path was sent is taken to have received as it is (RFC 3986)."""

Paths = SealedPaths["Mounted", ContractRoute]


class Mounted:
    """A contract in its place: what a path belongs to."""

    def __init__(self, contract: Contract, base: str, voice: Voice | None = None) -> None:
        self.contract = contract
        self.base = base
        self.voice = voice or contract.voice

    def __str__(self) -> str:
        return f"{self.contract.name}@{self.base}" if self.base else self.contract.name


class Dispatch:
    """ASGI middleware that answers the contracts' paths and passes every other one on."""

    def __init__(self, app: ASGIApp, paths: Paths, services: Services) -> None:
        self.app = app
        self._paths = paths
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        raw_path = scope.get("raw_path")
        path = quote(scope["path"], safe=_WRITTEN_OUT) if raw_path is None else raw_path.decode("latin-1")
        found = self._paths.find(scope["method"], path)
        if found is None:
            # Every other path is written out too.
            nothing = json_answer(404, {"detail": "Not Found"})
            await (nothing(scope, receive, send) if "%" in path else self._pass_on(scope, receive, send))
        else:
            answer = await self._answer(found, scope, receive)
            if LIMIT_HEADERS in scope:
                answer.raw_headers.extend(scope[LIMIT_HEADERS])
            await answer(scope, receive, send)

    async def _answer(self, found: Any, scope: Scope, receive: Receive) -> Answer:
        mounted: Mounted = found.contract
        route: ContractRoute | None = found.route
        scope["contract"] = mounted.contract
        failure: Failure
        try:
            if route is not None:
                scope["path_params"] = found.parameters
                scope["route"] = route
                if "fastapi.telemetry" in scope:
                    name_span(scope, route.path)
                return await route.answer(scope, receive, self._services)
            failure = RouteUnknown() if found.allowed is None else MethodNotAllowed(found.allowed)
        except Failure as refused:
            failure = refused
        except Disconnected:
            raise
        except Exception as error:  # noqa: BLE001 - logged, and the client is owed an answer
            failure = _fault(scope, error)
        # Of several operations the one that could not be done says why.
        scope["failure"] = type(failure.cause if isinstance(failure, OperationFailed) else failure)
        voice = mounted.voice
        body = voice.word(failure, scope["request_id"])
        return json_answer(status_of(failure), body, headers_of(failure), voice.media_type)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        except Exception as error:
            failure = _fault(scope, error)
            scope["failure"] = type(failure)
            if started:
                raise
            answer = json_answer(status_of(failure), {"detail": "Internal Server Error"})
            await answer(scope, receive, send)


def _fault(scope: Scope, error: Exception) -> Unexpected:
    route = scope.get("route")
    contract = scope.get("contract")
    log.error(
        "a request failed",
        exc_info=error,
        extra={
            "request_id": scope["request_id"],
            "trace_id": scope.get("trace_id"),
            "contract": getattr(contract, "name", None),
            "route": getattr(route, "path", None),
        },
    )
    record_fault(error)
    return Unexpected()
