"""The outermost layer of ours: finds the contract, words its failures, marks and logs the answer."""

import logging
import time
from collections.abc import Iterable
from secrets import token_hex
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taskledger.errors import Failure
from taskledger.http.answer import Answer, json_answer
from taskledger.http.call import Services
from taskledger.http.contract import Contract, Voice
from taskledger.http.failures import MethodNotAllowed, RouteUnknown, Unexpected, headers_of, status_of
from taskledger.http.requests import Disconnected, header
from taskledger.http.route import ContractRoute
from taskledger.http.sealed import SealedPaths

log = logging.getLogger("taskledger.requests")

Paths = SealedPaths["Mounted", ContractRoute]


class Mounted:
    """A contract in its place: what a path belongs to."""

    def __init__(self, contract: Contract, base: str, voice: Voice | None = None) -> None:
        self.contract = contract
        self.base = base
        self.voice = voice or contract.voice

    def __str__(self) -> str:
        return f"{self.contract.name}@{self.base}" if self.base else self.contract.name


class Edge:
    """ASGI middleware that serves the contracts and passes every other path on."""

    def __init__(
        self,
        app: ASGIApp,
        paths: Paths,
        services: Services,
        headers: Iterable[tuple[bytes, bytes]],
        log_requests: bool,
    ) -> None:
        self.app = app
        self._paths = paths
        self._services = services
        self._headers = tuple(headers)
        self._log_requests = log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        scope["request_id"] = request_id
        marks = (*self._headers, (b"x-request-id", request_id.encode()))
        status = 500

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *marks]
            await send(message)

        found = self._paths.find(scope["method"], scope["path"])
        try:
            if found is None:
                await self.app(scope, receive, send_marked)
            else:
                answer = await self._answer(found, scope, receive, request_id)
                await answer(scope, receive, send_marked)
        except Disconnected:
            status = 499
        finally:
            if self._log_requests:
                _log_request(scope, status, started)

    async def _answer(self, found: Any, scope: Scope, receive: Receive, request_id: str) -> Answer:
        mounted: Mounted = found.contract
        route: ContractRoute | None = found.route
        failure: Failure
        try:
            if route is not None:
                scope["path_params"] = found.parameters
                scope["route"] = route
                return await route.answer(scope, receive, self._services)
            failure = RouteUnknown() if found.allowed is None else MethodNotAllowed(found.allowed)
        except Failure as refused:
            failure = refused
        except Disconnected:
            raise
        except Exception:
            log.exception("request %s failed", request_id)
            failure = Unexpected()
        voice = mounted.voice
        return json_answer(
            status_of(failure), voice.word(failure, request_id), headers_of(failure), voice.media_type
        )


def _request_id(scope: Scope) -> str:
    """The client's X-Request-ID if it is short and plain, else one of ours."""
    given = header(scope, b"x-request-id")
    if given is not None and 0 < len(given) <= 64 and given.isascii() and given.replace("-", "").isalnum():
        return given
    return token_hex(8)


def _log_request(scope: Scope, status: int, started: float) -> None:
    route = scope.get("route")
    log.info(
        "%s %s %d %.1fms %s",
        scope["method"],
        getattr(route, "path", None) or repr(scope["path"]),
        status,
        (time.perf_counter() - started) * 1000,
        scope["request_id"],
    )
