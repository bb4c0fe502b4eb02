"""A client of the real application, in this process: bytes in, bytes out, nothing made nicer on the way."""

import asyncio
import json as json_module
import sqlite3
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import asyncpg
import httpx
import jwt
from fastapi import FastAPI

from donebook.app import create_app
from donebook.settings import Settings

T = TypeVar("T")

SECRET = "a-secret-of-the-tests-that-is-long-enough-for-every-one-of-the-algorithms"
_ABSENT: Any = object()
_OWNERS = {"users": "id", "spaces": "id", "tasks": "owner_id", "task_versions": "owner_id"}
_names = count(1)


def sign(claims: Mapping[str, Any], *, secret: str = SECRET, algorithm: str = "HS256", **header: Any) -> str:
    """A token with exactly these claims."""
    return jwt.encode(dict(claims), secret, algorithm, header or None)


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: httpx.Headers
    body: bytes
    scope: Mapping[str, Any] = field(repr=False)

    def json(self) -> Any:
        return json_module.loads(self.body)

    @property
    def etag(self) -> str:
        return self.headers["etag"]


Check = Callable[[Reply], None]


class Service:
    """A started application, and the loop it runs in; ``check`` is called with every reply."""

    def __init__(
        self, app: FastAPI, loop: asyncio.AbstractEventLoop, url: str, check: Check | None = None
    ) -> None:
        self.app = app
        self.url = url
        self._loop = loop
        self._check = check
        self._connection: Any = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def request(self, method: str, target: str, **options: Any) -> Reply:
        """Send one request; see `send` for the options."""
        return self.run(self.send(method, target, **options))

    def get(self, target: str, **options: Any) -> Reply:
        return self.request("GET", target, **options)

    def together(self, requests: Iterable[Awaitable[Reply]]) -> list[Reply]:
        """Send requests (of `send`) at once."""

        async def gather() -> list[Reply]:
            return list(await asyncio.gather(*requests))

        return self.run(gather())

    async def send(
        self,
        method: str,
        target: str,
        *,
        token: str | None = None,
        json: Any = _ABSENT,
        body: bytes | Sequence[bytes] = b"",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    ) -> Reply:
        """Send one request as a server hands it on: ``target`` is the path and query, escaped."""
        if json is not _ABSENT:
            body = json_module.dumps(json, ensure_ascii=False).encode()
        chunks = [body] if isinstance(body, bytes) else list(body)
        lines = [("Host", "testserver")]
        if token is not None:
            lines.append(("Authorization", f"Bearer {token}"))
        if isinstance(body, bytes) and body:
            lines.append(("Content-Length", str(len(body))))
        given = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        if any(chunks) and not any(name.lower() == "content-type" for name, _ in given):
            lines.append(("Content-Type", "application/json"))
        path, _, query = target.partition("?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("ascii"),
            "query_string": query.encode("ascii"),
            "root_path": "",
            "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in [*lines, *given]],
            "client": ("127.0.0.1", 50_000),
            "server": ("testserver", 80),
            "state": {},
        }
        reply = await self._exchange(scope, chunks)
        if self._check is not None:
            self._check(reply)
        return reply

    async def _exchange(self, scope: dict[str, Any], chunks: Sequence[bytes]) -> Reply:
        incoming: list[dict[str, Any]] = [
            {"type": "http.request", "body": chunk, "more_body": index < len(chunks) - 1}
            for index, chunk in enumerate(chunks)
        ]
        outgoing: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return incoming.pop(0) if incoming else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            outgoing.append(message)

        await self.app(scope, receive, send)
        [start, *rest] = outgoing
        assert "http.response.start" == start["type"]
        assert all(message["type"] == "http.response.body" for message in rest)
        headers = httpx.Headers(start["headers"])
        body = b"".join(message.get("body", b"") for message in rest)
        if start["status"] in {204, 304}:
            assert b"" == body
        elif scope["method"] != "HEAD" and "content-length" in headers:
            assert len(body) == int(headers["content-length"])
        return Reply(start["status"], headers, body, scope)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement straight on the database, for its rows; ``?`` stands for a value."""
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as connection, connection:
                return connection.execute(sql, values).fetchall()
        for number in range(1, len(values) + 1):
            sql = sql.replace("?", f"${number}", 1)
        return self.run(self._fetch(sql, values))

    async def _fetch(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = await asyncpg.connect(self.url)
        return [tuple(row) for row in await self._connection.fetch(sql, *values)]

    def stored(self, *users: "User") -> dict[str, list[tuple[Any, ...]]]:
        """All that is stored of these users and how much there is of all, to be compared later."""
        found = {table: self.rows(f"SELECT count(*) FROM {table}") for table in _OWNERS}
        for user in users:
            for table, owner in _OWNERS.items():
                rows = self.rows(f"SELECT * FROM {table} WHERE {owner} = ?", user.id)
                found[table] += sorted(rows, key=repr)
        return found

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()


@contextmanager
def serve(url: str, *, check: Check | None = None, **settings: Any) -> Iterator[Service]:
    """A service on a migrated database, under settings of the tests."""
    given: dict[str, Any] = {
        "jwt_secret": SECRET,
        "auto_migrate": False,
        "log_requests": False,
        "sqlite_synchronous": "NORMAL",
    }
    app = create_app(Settings(database_url=url, **given | settings))
    with closing(asyncio.new_event_loop()) as loop:
        lifespan = app.router.lifespan_context(app)
        loop.run_until_complete(lifespan.__aenter__())
        service = Service(app, loop, url, check)
        try:
            yield service
        finally:
            loop.run_until_complete(service.close())
            loop.run_until_complete(lifespan.__aexit__(None, None, None))
            loop.run_until_complete(loop.shutdown_default_executor())


class User:
    """Somebody with a token; ``text`` is theirs alone, to be looked for where it must not be."""

    def __init__(self, service: Service, user_id: str | None = None, **claims: Any) -> None:
        number = next(_names)
        self.service = service
        self.id = user_id or f"user-{number}-of-the-tests"
        self.text = f"text-of-{number}-"
        self.claims = {"sub": self.id, "email": f"{number}@example.com", "exp": int(time.time()) + 3600}
        self.claims |= claims
        self.token = sign(self.claims)

    @property
    def path(self) -> str:
        """The id as it is written in a path."""
        return quote(self.id, safe="")

    def __call__(self, method: str, target: str, **options: Any) -> Reply:
        """Send one request with the token; see `Service.send` for the options."""
        return self.service.request(method, target, token=self.token, **options)

    def send(self, method: str, target: str, **options: Any) -> Coroutine[Any, Any, Reply]:
        return self.service.send(method, target, token=self.token, **options)

    def get(self, target: str, **options: Any) -> Reply:
        return self("GET", target, **options)

    def post(self, target: str, json: Any = _ABSENT, **options: Any) -> Reply:
        return self("POST", target, json=json, **options)

    def put(self, target: str, json: Any = _ABSENT, **options: Any) -> Reply:
        return self("PUT", target, json=json, **options)

    def patch(self, target: str, **options: Any) -> Reply:
        return self("PATCH", target, **options)

    def delete(self, target: str, **options: Any) -> Reply:
        return self("DELETE", target, **options)

    def stored(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that is stored of the user; see `Service.stored`."""
        return self.service.stored(self)

    def erase(self) -> None:
        """Delete the user's rows behind the service's back."""
        for table, owner in reversed(_OWNERS.items()):
            self.service.rows(f"DELETE FROM {table} WHERE {owner} = ?", self.id)

    def row(self) -> tuple[Any, ...]:
        """The user's row: email, name, avatar and revision."""
        [row] = self.service.rows(
            "SELECT email, name, avatar_url, revision FROM users JOIN spaces USING (id) WHERE id = ?", self.id
        )
        return row
