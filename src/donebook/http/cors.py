"""Cross-origin requests: Starlette's middleware, silent towards origins that are not allowed."""

import logging

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Message, Send

log = logging.getLogger("donebook.cors")

_MOST_TOLD = 100
_LONGEST_TOLD = 200


class ExactCors(CORSMiddleware):
    """Tells an origin that is not allowed nothing of what another one would be allowed.

    Starlette leaves out ``Access-Control-Allow-Origin`` alone, which is what browsers go by. The log
    names each such origin once, because the browser tells its user only that something failed.
    """

    _told: frozenset[str] = frozenset()

    def preflight_response(self, request_headers: Headers) -> Response:
        response = super().preflight_response(request_headers)
        if not self.is_allowed_origin(request_headers["origin"]):
            self._tell(request_headers)
            for name in [name for name in response.headers if name.startswith("access-control-")]:
                del response.headers[name]
        return response

    async def send(self, message: Message, send: Send, request_headers: Headers) -> None:
        origin = request_headers.get("origin")
        if origin is None or self.is_allowed_origin(origin):
            await super().send(message, send, request_headers)
            return
        if message["type"] == "http.response.start":
            self._tell(request_headers)
            MutableHeaders(scope=message).add_vary_header("Origin")
        await send(message)

    def _tell(self, request_headers: Headers) -> None:
        origin = request_headers["origin"][:_LONGEST_TOLD]
        if origin in self._told or len(self._told) >= _MOST_TOLD:
            return
        # A page of this server names its own origin when it writes, and needs no permission.
        if origin.partition("://")[2] == request_headers.get("host"):
            return
        self._told |= {origin}
        log.warning("the origin %s is not allowed; if it is your front end, add it to CORS_ORIGINS", origin)
