"""Two servers on one database, and clients whose requests are under way on both at once."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from tests.faults.server import Server, token_for
from tests.faults.wire import Answer, Connection, request_bytes

CONTRACTS = {
    "v2": "/api/v2/tasks",
    "versioned": "/api/v1/tasks",
    "flat": "/api/tasks",
    "scoped": "/api/{user}/tasks",
    "enveloped": "/enveloped/api/{user}/tasks",
}
"""Where each contract has a user's tasks."""


class Replicas(NamedTuple):
    """The processes, and the database that is all they share."""

    servers: tuple[Server, Server]
    database_url: str

    def client(self) -> "Client":
        """A client of a user whom nobody has seen before."""
        return Client(self.servers, f"user-{uuid4().hex}")


class Task(NamedTuple):
    """A task by all of its names."""

    number: int
    uuid: str
    revision: int


class Request(NamedTuple):
    """What to ask; see `request_bytes`."""

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = {}


class Client:
    """A user's client: every other request goes to the other server, and each has its own connection."""

    def __init__(self, servers: Sequence[Server], user: str) -> None:
        self._servers = servers
        self._connections: list[Connection] = []
        self._first = 0
        self._token = token_for(user)
        self.user = user

    async def at_once(self, requests: Sequence[Request]) -> list[Answer]:
        """Send them all, half of them to each server, and only then read the answers.

        The next time the other server is sent to first.
        """
        end = self._first + len(requests)
        while len(self._connections) < end:
            server = self._servers[len(self._connections) % len(self._servers)]
            self._connections.append(await server.connect())
        used = self._connections[self._first : end]
        self._first = 1 - self._first
        for connection, request in zip(used, requests, strict=True):
            method, path, body, headers = request
            await connection.send(
                request_bytes(method, path, token=self._token, body=body, headers=dict(headers))
            )
        return list(await asyncio.gather(*(each.answer() for each in used)))

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request, to the server whose turn it is."""
        [answer] = await self.at_once([Request(method, path, body, headers)])
        return answer

    async def everywhere(self, path: str) -> list[Answer]:
        """What each server shows there."""
        return await self.at_once([Request("GET", path)] * len(self._servers))

    async def create(self) -> Task:
        made = (await self.ask("POST", CONTRACTS["v2"], {"title": "Tea"})).json()
        return Task(made["number"], made["id"], made["revision"])

    async def revision(self) -> int:
        """The user's revision, which both servers have to agree on."""
        [revision] = {each.json()["revision"] for each in await self.everywhere("/api/v2/tasks?limit=1")}
        return int(revision)

    async def taken(self) -> int:
        """How many revisions the user took, up to 200."""
        [items] = {each.body for each in await self.everywhere("/api/v2/changes?since=0&limit=200")}
        return len(json.loads(items)["items"])

    def tasks(self, contract: str) -> str:
        return CONTRACTS[contract].format(user=self.user)

    def task(self, contract: str, task: Task) -> str:
        name = task.uuid if contract in {"v2", "enveloped"} else task.number
        return f"{self.tasks(contract)}/{name}"

    def change(self, contract: str, task: Task, body: Any, **headers: str) -> Request:
        method = "PATCH" if contract == "v2" else "PUT"
        return Request(method, self.task(contract, task), body, headers)
