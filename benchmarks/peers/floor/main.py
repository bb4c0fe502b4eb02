"""The least that Python can spend on the same answers: bare ASGI, asyncpg, msgspec.

No framework, no middleware, no validation of anything, and the token's signature is NOT checked: only its
subject is read, once per distinct header. Nobody should serve this; it shows how much of a figure is the
price of the sockets, the driver and the database.
"""

import base64
import os
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

Message = MutableMapping[str, Any]
COLUMNS = "id, title, description, completed, priority, due_date, user_id, created_at, updated_at"
GET = f"SELECT {COLUMNS} FROM tasks WHERE id = $1 AND user_id = $2"
LIST = f"SELECT {COLUMNS} FROM tasks WHERE user_id = $1 ORDER BY id"
CREATE = f"INSERT INTO tasks (user_id, title) VALUES ($1, $2) RETURNING {COLUMNS}"
UPDATE = f"UPDATE tasks SET title = $3, updated_at = now() WHERE id = $1 AND user_id = $2 RETURNING {COLUMNS}"
TOGGLE = (
    "UPDATE tasks SET completed = NOT completed, updated_at = now() WHERE id = $1 AND user_id = $2 "
    f"RETURNING {COLUMNS}"
)
JSON = [(b"content-type", b"application/json")]


class Task(msgspec.Struct):
    """One row, in the order of the columns."""

    id: int
    title: str
    description: str | None
    completed: bool
    priority: str | None
    due_date: datetime | None
    user_id: str
    created_at: datetime
    updated_at: datetime


class Body(msgspec.Struct):
    """All that the load sends."""

    title: str


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Body).decode
subjects: dict[bytes, str] = {}
pool: asyncpg.Pool


def subject(scope: MutableMapping[str, Any]) -> str:
    """Read `sub` from the bearer token, unverified."""
    header = next(value for name, value in scope["headers"] if name == b"authorization")
    known = subjects.get(header)
    if known is None:
        payload = header.split(b".")[1]
        known = subjects[header] = msgspec.json.decode(
            base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))
        )["sub"]
    return known


async def keep(connection: asyncpg.Connection) -> None:
    """Skip the reset query: nothing here changes the state of a session."""


async def answer(
    scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[Message]]
) -> tuple[int, bytes]:
    path, method = scope["path"], scope["method"]
    if path == "/health":
        return 200, b'{"status":"healthy"}'
    owner = subject(scope)
    parts = path.split("/")[4:]
    if not parts and method == "GET":
        return 200, encode([Task(*row) for row in await pool.fetch(LIST, owner)])
    if not parts:
        row = await pool.fetchrow(CREATE, owner, decode((await receive())["body"]).title)
        return 201, encode(Task(*row))
    number = int(parts[0])
    if len(parts) == 2:
        row = await pool.fetchrow(TOGGLE, number, owner)
    elif method == "PUT":
        row = await pool.fetchrow(UPDATE, number, owner, decode((await receive())["body"]).title)
    else:
        row = await pool.fetchrow(GET, number, owner)
    return (404, b'{"detail":"Task not found"}') if row is None else (200, encode(Task(*row)))


async def app(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Serve the workloads of the benchmark and nothing else."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    status, body = await answer(scope, receive)
    await send({"type": "http.response.start", "status": status, "headers": JSON})
    await send({"type": "http.response.body", "body": body})


async def lifespan(
    receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Open the pool before the first request and close it after the last."""
    global pool
    await receive()
    size = int(os.environ.get("POOL_SIZE", "10"))
    pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=size, max_size=size, reset=keep)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await pool.close()
    await send({"type": "lifespan.shutdown.complete"})
