"""Everywhere that a body is taken, and how each contract words a refusal: written out a second time."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, Self
from uuid import uuid4

from tests.faults.server import Server, token_for
from tests.faults.wire import Answer, Connection

# Where a user's revisions begin depends on when the user came.
_VARYING = re.compile(rb'"(instance|request_id|timestamp)":"[^"]*"|"revision":\d+')
CREDENTIALS = b'"email":"nobody@example.com","password":"Wrong-horse-7"'


class Endpoint(NamedTuple):
    """Where to send a body; in ``body`` the text field stands as ``%s``."""

    method: str
    path: str
    body: bytes = b'{"title":%s}'
    public: bool = False


class Visitor:
    """A user with one task, on a connection to a server."""

    def __init__(self, server: Server, name: str) -> None:
        self._server = server
        self._connection: Connection | None = None
        self.name = name
        self.token = token_for(name)
        self.number = 0
        self.uuid = ""

    @classmethod
    async def arrive(cls, server: Server, name: str | None = None) -> Self:
        visitor = cls(await server.ready(), name or f"visitor-{uuid4().hex}")
        made = (await visitor.ask("POST", "/api/v2/tasks", content=b'{"title":"Kept"}')).json()
        visitor.number, visitor.uuid = made["number"], made["id"]
        return visitor

    async def ask(self, method: str, path: str, *, public: bool = False, **options: Any) -> Answer:
        if self._connection is None or self._connection.closed:
            self._connection = await self._server.connect()
        token = None if public else self.token
        return await self._connection.request(method, path, token=token, **options)

    def endpoints(self) -> Iterator[Endpoint]:
        """All that take a body."""
        mine = f"/api/{self.name}/tasks"
        yield Endpoint("POST", "/api/v2/tasks")
        yield Endpoint("PATCH", f"/api/v2/tasks/{self.uuid}")
        yield Endpoint("POST", "/api/v2/batch", b'{"operations":[{"op":"create","task":{"title":%s}}]}')
        for tasks in ("/api/v1/tasks", "/api/tasks", mine):
            yield Endpoint("POST", tasks)
            yield Endpoint("PUT", f"{tasks}/{self.number}")
        yield Endpoint("POST", f"/enveloped{mine}")
        yield Endpoint("PUT", f"/enveloped{mine}/{self.uuid}")
        for path in ("/api/auth/signup", "/api/auth/register", "/enveloped/api/auth/signup"):
            yield Endpoint("POST", path, b"{%s,%s}" % (CREDENTIALS, b'"name":%s'), public=True)
        for field in (b'"email"', b'"password"'):
            other = CREDENTIALS.split(b",")[field == b'"email"']
            for path in ("/api/auth/signup", "/api/auth/login"):
                yield Endpoint("POST", path, b"{%s,%s:%%s}" % (other, field), public=True)

    async def everything(self) -> Any:
        """All that this user has, for a comparison."""
        return (await self.ask("GET", "/api/v2/sync")).json()


def assert_in_shape(path: str, answer: Answer) -> None:
    """The refusal is worded as the path's contract does."""
    told = answer.json()
    if path.startswith("/enveloped"):
        assert {"code", "message", "details", "timestamp", "request_id"} == told["error"].keys()
    elif path.startswith("/api/v2"):
        assert {"type", "title", "status", "code", "instance"} <= told.keys()
        assert told["status"] == answer.status
    elif path.startswith("/api/v1"):
        assert {"detail", "code"} <= told.keys()
    else:
        assert {"detail"} == told.keys()


def without_varying(answer: Answer) -> tuple[int, bytes]:
    """What of an answer must not depend on the database."""
    return answer.status, _VARYING.sub(b"", answer.body)
