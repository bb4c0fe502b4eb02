"""Mistakes at the edge: in reading requests, in answering and in logging."""

import time
from typing import Any

from tests.faults.breaks.patching import patch


def drop_requests_at_the_end() -> None:
    """Stop at once on SIGTERM, with requests under way."""
    from uvicorn import Server

    async def shutdown(self: Any, sockets: Any = None) -> None:
        for server in self.servers:
            server.close()

    Server.shutdown = shutdown  # type: ignore[method-assign]


def wait_for_clients() -> None:
    """Let a client take all the time it wants for the head of its request."""
    from donebook.http.protocol import LimitedProtocol

    def sweep_nothing(self: Any, now: float) -> None:
        del self, now

    LimitedProtocol.sweep = sweep_nothing  # type: ignore[method-assign]


def wait_for_the_rest() -> None:
    """Wait for the rest of a slow client's request where everybody waits."""
    from donebook.http.protocol import LimitedProtocol

    receive = LimitedProtocol.data_received

    def receive_and_wait(self: Any, data: bytes) -> None:
        receive(self, data)
        if self._head_since is not None or (self.cycle is not None and self.cycle.more_body):
            time.sleep(0.05)

    patch(LimitedProtocol, "data_received", receive_and_wait)


def read_whole_bodies() -> None:
    """Read a body to its end, however long it is."""
    from donebook.http import requests
    from donebook.http.failures import BodyTooLarge

    async def read_all(scope: Any, receive: Any, limit: int, seconds: float, hold: Any) -> Any:
        del scope, seconds, hold
        body, more = b"", True
        while more:
            message = await requests._next(receive)
            body, more = body + message.get("body", b""), message.get("more_body", False)
        if len(body) > limit:
            raise BodyTooLarge
        return body, None

    patch(requests, "_read_body", read_all)


def accept_any_host() -> None:
    """Take whatever stands in Host, as often as it does."""
    from donebook.http.edge import Edge

    patch(Edge, "_is_good", lambda self, hosts, scope: True)


def parse_leniently() -> None:
    """Forgive a request that can be read in two ways."""
    from donebook.http.protocol import LimitedProtocol

    begin = LimitedProtocol.connection_made

    def begin_leniently(self: Any, transport: Any) -> None:
        begin(self, transport)
        self.parser.set_dangerous_leniencies(lenient_headers=True, lenient_chunked_length=True)

    patch(LimitedProtocol, "connection_made", begin_leniently)


def take_bodies_for_requests() -> None:
    """Let Uvicorn read a request that asks for another protocol, which for it ends with the head."""
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    from donebook.http import edge
    from donebook.http.protocol import LimitedProtocol

    for name in ("data_received", "on_headers_complete", "_should_upgrade"):
        patch(LimitedProtocol, name, getattr(HttpToolsProtocol, name))
    patch(edge, "_asks_for_upgrade", lambda scope: False)


def take_one_of_two() -> None:
    """Of a field that is given twice, look at one."""
    from donebook.http import edge

    patch(edge, "_repeated_field", lambda scope: None)


def decode_paths_first() -> None:
    """Look for whose a path is once it is decoded, and for a slash it then has."""
    from urllib.parse import unquote

    from donebook.http.sealed import SealedPaths

    find = SealedPaths.find
    patch(SealedPaths, "find", lambda self, method, path: find(self, method, unquote(path)))


def parse_with_the_standard_library() -> None:
    """Parse JSON as Python does: any number, any depth, any surrogate."""
    import json

    from pydantic import ValidationError

    from donebook.errors import Invalid
    from donebook.http import requests, route

    def parse(body_type: Any, body: bytes) -> Any:
        try:
            return body_type.validate_python(json.loads(body))
        except ValidationError as error:
            raise requests._invalid("body", error) from None
        except ValueError:
            raise Invalid([requests.problem("json_invalid", ("body",), "Invalid JSON")]) from None

    patch(route, "parse_json", parse)


def let_nul_through() -> None:
    """Let NUL through to the database."""
    from donebook.http import route
    from donebook.http.requests import parse_json

    disguise = "\ue000"

    def uncover(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: uncover(each) for name, each in value.items()}
        return value.replace(disguise, "\0") if isinstance(value, str) else value

    def parse_with_nul(body_type: Any, body: bytes) -> Any:
        return uncover(parse_json(body_type, body.replace(b"\\u0000", disguise.encode())))

    patch(route, "parse_json", parse_with_nul)


def take_the_last_parameter() -> None:
    """Of a parameter that is given twice, look at the last."""
    from urllib.parse import parse_qsl, urlencode

    from donebook.http import route
    from donebook.http.requests import parse_query

    def parse_last(model: Any, query: bytes) -> Any:
        return parse_query(model, urlencode(dict(parse_qsl(query.decode(), keep_blank_values=True))).encode())

    patch(route, "parse_query", parse_last)


def take_any_moment() -> None:
    """Move a moment to UTC, wherever that leads."""
    from donebook.contracts import fields

    def to_utc(value: Any) -> Any:
        return value.astimezone(UTC)  # type: ignore[name-defined]  # noqa: F821 - in its new place it is

    patch(fields._to_utc, "__code__", to_utc.__code__)


def allow_look_alikes() -> None:
    """Allow each origin that begins like a good one."""
    from starlette.middleware.cors import CORSMiddleware

    def is_like(self: Any, origin: str) -> bool:
        return any(origin.startswith(each) for each in self.allow_origins)

    patch(CORSMiddleware, "is_allowed_origin", is_like)


def echo_the_input() -> None:
    """Show, in a 422, what was wrong."""
    from donebook.errors import Invalid
    from donebook.http import requests

    def invalid(place: str, error: Any) -> Any:
        return Invalid(
            [
                requests.problem(each["type"], (place, *each["loc"]), f"{each['msg']}: {each['input']}")
                for each in error.errors()
            ]
        )

    patch(requests, "_invalid", invalid)


def log_as_it_comes() -> None:
    """Log who asked, and with which browser, in whatever words they say."""
    import logging

    from donebook.accounts.recorder import EventRecorder

    note = EventRecorder.note

    def note_aloud(self: Any, kind: Any, origin: Any, **facts: Any) -> None:
        logging.getLogger("donebook.requests").warning("refused: %s", origin.user_agent)
        note(self, kind, origin, **facts)

    patch(EventRecorder, "note", note_aloud)


def leave_out_a_field() -> None:
    """Answer with tasks that lack a field."""
    import msgspec

    from donebook.contracts import dialect
    from donebook.http.answer import json_answer

    def answer_without(status: int, value: Any, *arguments: Any) -> Any:
        shown = msgspec.to_builtins(value)
        if isinstance(shown, dict):
            shown.pop("completed", None)
        return json_answer(status, shown, *arguments)

    patch(dialect, "json_answer", answer_without)
