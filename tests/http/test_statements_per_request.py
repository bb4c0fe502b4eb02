"""What a warm request asks the database, from the token to the answer: one statement."""

from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx
import pytest

from donebook.storage.postgres import PostgresDatabase, PostgresTransaction
from donebook.storage.statement import Statement
from tests.service import run_service


class Request(NamedTuple):
    """What is asked, and the statements that answer it; ``{…}`` stands for what `get_to_know` found."""

    method: str
    path: str
    statements: list[str]
    title: str | None = None
    headers: Mapping[str, str] = MappingProxyType({})


REQUESTS = {
    "list": Request("GET", "/api/v1/tasks", ["list_tasks"]),
    "list, unchanged": Request(
        "GET", "/api/v1/tasks", ["owner_revision"], headers={"If-None-Match": "{list}"}
    ),
    "get": Request("GET", "/api/v1/tasks/{number}", ["get_task"]),
    "create": Request("POST", "/api/v1/tasks", ["create_task_alone"], "New"),
    "change": Request("PUT", "/api/v1/tasks/{number}", ["edit_task_alone"], "{fresh}"),
    "toggle": Request("PATCH", "/api/v1/tasks/{number}/complete", ["edit_task_alone"]),
    "page": Request("GET", "/api/v2/tasks?limit=1", ["page_of_tasks"]),
    "page, unchanged": Request(
        "GET", "/api/v2/tasks", ["owner_revision"], headers={"If-None-Match": "{page}"}
    ),
    "next page": Request("GET", "/api/v2/tasks?limit=1&cursor={cursor}", ["page_of_tasks"]),
    "get, v2": Request("GET", "/api/v2/tasks/{uuid}", ["get_task"]),
    "create, v2": Request("POST", "/api/v2/tasks", ["create_task_alone"], "New"),
    "change, v2": Request("PATCH", "/api/v2/tasks/{uuid}", ["edit_task_alone"], "{fresh}"),
    "complete": Request("POST", "/api/v2/tasks/{uuid}/complete", ["edit_task_alone"]),
    "sync": Request("GET", "/api/v2/sync?since=1", ["tasks_changed_since"]),
    "task_changes": Request("GET", "/api/v2/changes", ["task_changes"]),
    "another's task": Request("GET", "/api/v1/tasks/1", ["get_task"]),
    "nothing there": Request("GET", "/api/v1/nothing", []),
    "no token": Request("GET", "/api/v1/tasks", [], headers={"Authorization": ""}),
}

_asked: ContextVar[list[str] | None] = ContextVar("asked", default=None)


@pytest.fixture(autouse=True)
def listen_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Note each statement of the request under way."""

    def note(owner: type, method: str) -> None:
        original = getattr(owner, method)

        async def noting(self: Any, statement: Statement, values: Any) -> Any:
            asked = _asked.get()
            # Others are told of a change after it was committed, and of many at once.
            if asked is not None and statement.name != "notify":
                asked.append(statement.name.partition("[")[0])
            return await original(self, statement, values)

        monkeypatch.setattr(owner, method, noting)

    note(PostgresDatabase, "_fetch")
    note(PostgresTransaction, "fetch")
    note(PostgresTransaction, "execute_many")


@pytest.fixture
async def client(postgresql_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with run_service(postgresql_url) as service:
        async with service.client("somebody else") as other:
            await other.post("/api/v1/tasks", json={"title": "Theirs"})
        async with service.client("ada") as client:
            yield client


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_warm_request_asks_the_database_once(client: httpx.AsyncClient, name: str) -> None:
    request, known = REQUESTS[name], await get_to_know(client)

    async def send(fresh: str) -> None:
        await client.request(
            request.method,
            request.path.format(**known),
            json=None if request.title is None else {"title": request.title.format(fresh=fresh)},
            headers={key: value.format(**known) for key, value in request.headers.items()},
        )

    await send("first")
    asked: list[str] = []
    _asked.set(asked)
    await send("second")
    _asked.set(None)

    assert request.statements == asked


async def get_to_know(client: httpx.AsyncClient) -> dict[str, Any]:
    for title in ("Buy milk", "Read"):
        created = await client.post("/api/v2/tasks", json={"title": title})
    task = created.json()
    page = await client.get("/api/v2/tasks")
    first = await client.get("/api/v2/tasks?limit=1")
    return {
        "number": task["number"],
        "uuid": task["id"],
        "list": (await client.get("/api/v1/tasks")).headers["etag"],
        "page": page.headers["etag"],
        "cursor": first.json()["next_cursor"],
    }
