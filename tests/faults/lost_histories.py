"""Databases that lose the end of their history, and what a client keeps of it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.cli.commands import CommandLine
from tests.faults.conftest import Serve
from tests.faults.server import Server, token_for
from tests.faults.wire import Answer
from tests.servers.postgres import Postgres

LISTS = (
    "/api/v2/tasks",
    "/api/v2/trash",
    "/api/v2/changes",
    "/api/v2/sync",
    "/api/v1/tasks",
    "/api/tasks",
    "/api/ada/tasks",
    "/enveloped/api/ada/tasks",
)
OWNER = "ada"


class Vault:
    """A database of which a backup can be taken and restored, while nobody uses it."""

    def __init__(self, url: str, directory: Path, postgres: Postgres | None, commands: CommandLine) -> None:
        self.url = url
        self._file = directory / "backup.db"
        self._postgres = postgres
        self._commands = commands
        self._name = urlsplit(url).path.lstrip("/")

    def back_up(self) -> None:
        if self._postgres is None:
            self._commands.lines("backup", str(self._file))
        else:
            self._postgres.create_database(f"{self._name}_backup", template=self._name)

    def restore(self) -> None:
        """As the documents say."""
        if self._postgres is None:
            self._commands.lines("restore", "--yes", str(self._file))
        else:
            self._postgres.drop_database(self._name)
            self._postgres.create_database(self._name, template=f"{self._name}_backup")
            self.renew()

    def renew(self) -> None:
        self._commands.lines("renew-revisions", "--yes")

    def make_again(self, template: str) -> None:
        """Delete the database and make a new one; ``template`` is a migrated one."""
        if self._postgres is None:
            path = Path(self.url.removeprefix("sqlite:///"))
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            shutil.copy(template, path)
        else:
            self._postgres.drop_database(self._name)
            self._postgres.create_database(self._name, template=template)

    def close(self) -> None:
        if self._postgres is not None:
            self._postgres.drop_database(f"{self._name}_backup")


@dataclass
class Seen:
    """What a client keeps of a user's ledger: tags, revisions, and what tasks were like."""

    lists: dict[str, str] = field(default_factory=dict)
    tags: dict[str, set[str]] = field(default_factory=dict)
    revisions: set[int] = field(default_factory=set)


class Client:
    """A client of one user, which notes everything it is told."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._token = token_for(OWNER)
        self.seen = Seen()

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer: Answer = await self._server.ask(method, path, token=self._token, body=body, headers=named)
        return answer

    async def revision(self) -> int:
        return int((await self.ask("GET", "/api/v2/sync")).json()["revision"])

    async def create(self, title: str) -> str:
        answer = await self.ask("POST", "/api/v2/tasks", {"title": title})
        assert 201 == answer.status, answer
        return str(answer.json()["id"])

    async def retitle(self, task: str, title: str) -> None:
        answer = await self.ask("PATCH", f"/api/v2/tasks/{task}", {"title": title})
        assert 200 == answer.status, answer

    async def look(self) -> None:
        """Note the tags of all lists and of all tasks."""
        for path in LISTS:
            self.seen.lists[path] = (await self.ask("GET", path)).headers["etag"]
        for task in (await self.ask("GET", "/api/v2/tasks")).json()["items"]:
            shown = await self.ask("GET", f"/api/v2/tasks/{task['id']}")
            self.seen.tags.setdefault(task["id"], set()).add(shown.headers["etag"])
        self.seen.revisions.add(await self.revision())


@asynccontextmanager
async def served(serve: Serve, url: str) -> AsyncIterator[Client]:
    """A client of a server that runs on the database as long as the block does."""
    with serve(url) as server:
        await server.ready()
        yield Client(server)
        await server.leave()


async def matches_of_lost_history(client: Client, lost: Seen) -> list[str]:
    """What the client kept of a lost history and is taken for good all the same: the first few of it."""
    found = []
    for path, tag in lost.lists.items():
        if (await client.ask("GET", path, If_None_Match=tag)).status != 200:
            found.append(f"304 for {path} and {tag}")
        if (await client.ask("POST", "/api/v2/tasks", {"title": "New"}, If_Match=tag)).status != 412:
            found.append(f"If-Match of {path} and {tag}")
    for task, tags in lost.tags.items():
        for tag in tags:
            found += await _matches_of_task(client, task, tag)
    for revision in sorted(lost.revisions):
        # A stream that is not refused would not end.
        if not found:
            found = await _matches_of_revision(client, revision)
    return found


async def _matches_of_task(client: Client, task: str, tag: str) -> list[str]:
    path = f"/api/v2/tasks/{task}"
    answers = {
        "If-None-Match": await client.ask("GET", path, If_None_Match=tag),
        "If-Match": await client.ask("PATCH", path, {"title": "Lost"}, If_Match=tag),
        "base": await client.ask("PATCH", f"{path}?base={tag.strip(chr(34))}", {"title": "Lost"}),
    }
    allowed = {"If-None-Match": {200, 404}, "If-Match": {412, 404}, "base": {409, 404, 400}}
    return [
        f"{name} of {task} and {tag}: {answer.status}"
        for name, answer in answers.items()
        if answer.status not in allowed[name]
    ]


async def _matches_of_revision(client: Client, revision: int) -> list[str]:
    asked = [
        ("GET", f"/api/v2/sync?since={revision}", {}, {410}),
        ("GET", f"/api/v2/events?since={revision}", {}, {410}),
        ("GET", "/api/v2/events", {"Last_Event_ID": str(revision)}, {410}),
        ("GET", "/api/v2/events", {"Last_Event_ID": f"{revision}.1"}, {410}),
        ("GET", f"/api/v2/changes?since={revision}", {}, {410}),
        ("GET", f"/api/v2/changes?before={revision}", {}, {410}),
        ("POST", f"/api/v2/changes/{revision}/undo", {}, {404}),
    ]
    found: list[str] = []
    for method, path, headers, expected in asked:
        if found:
            break
        answer = await client.ask(method, path, **headers)
        if answer.status not in expected:
            found.append(f"{method} {path} {headers}: {answer.status}")
    return found
