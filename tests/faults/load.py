"""Clients that write, read, and check every answer while something is done to the service."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from tests.faults.isolation import Tagged, foreign_tags
from tests.faults.journal import Journal, State
from tests.faults.server import PATIENCE, token_for
from tests.faults.wire import Answer, Connection, Lost

Connect = Callable[[], Awaitable[Connection]]
_PAUSE = 0.01


@dataclass
class _Known:
    """A task whose state the client knows for certain."""

    key: str
    number: int
    state: State


class _Doubt(Exception):
    """Nobody can tell whether the write happened."""


class Load:
    """Several clients, each with tasks of its own, spread over the users.

    A write is intended in the journal before it leaves and acknowledged there after a 2xx; after any
    other end the client does not touch that task again, because it no longer knows its state.
    ``violations`` has every answer that was wrong, ``statuses`` how many there were of each.
    """

    def __init__(
        self,
        connect: Connect,
        users: Sequence[Tagged],
        journal: Journal,
        rng: random.Random,
        *,
        clients: int = 6,
    ) -> None:
        self.journal = journal
        self.users = users
        self.statuses: Counter[int] = Counter()
        self.lost = 0
        self.slowest = 0.0
        """Seconds that the slowest answer took."""
        self.violations: list[str] = []
        self.connect = connect
        self._stopping = asyncio.Event()
        self._changed = asyncio.Condition()
        self._clients = [
            _Client(self, users[number % len(users)], random.Random(rng.random()))
            for number in range(clients)
        ]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._stopping.clear()
        self._tasks = [asyncio.create_task(client.run(self._stopping)) for client in self._clients]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        # Each ends its request first, so that what is in doubt is only what the fault left in doubt.
        await asyncio.wait(self._tasks, timeout=PATIENCE)
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, asyncio.CancelledError):
                self.violated("a request was never answered")
            elif ended is not None:
                raise ended

    async def acknowledged(self, more: int) -> None:
        """Wait until so many more writes have been acknowledged."""
        goal = self.journal.acknowledgements + more
        await self._until(
            lambda: self.journal.acknowledgements >= goal, f"{more} more writes were acknowledged"
        )

    async def refused(self, more: int) -> None:
        """Wait until so many more requests have been answered 503."""
        goal = self.statuses[503] + more
        await self._until(lambda: self.statuses[503] >= goal, f"{more} more requests were refused")

    async def _until(self, holds: Callable[[], bool], what: str) -> None:
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(holds), PATIENCE)
            except TimeoutError:
                raise AssertionError(f"it never came to be that {what}: {self.statuses}") from None

    async def note(self, user: Tagged, answer: Answer, request: str) -> None:
        """Look at an answer, whatever it is."""
        self.statuses[answer.status] += 1
        if tags := foreign_tags(user, answer.raw):
            self.violations.append(f"{request}: shows {user.tag} what is of {tags}")
        if answer.status >= 500 and answer.status not in {503, 504}:
            self.violations.append(f"{request}: {answer.status} {answer.body!r}")
        if answer.status == 503 and "retry-after" not in answer.headers:
            self.violations.append(f"{request}: 503 without Retry-After")
        async with self._changed:
            self._changed.notify_all()

    def violated(self, what: str) -> None:
        self.violations.append(what)


class _Client:
    def __init__(self, load: Load, user: Tagged, rng: random.Random) -> None:
        self._load = load
        self._user = user
        self._rng = rng
        self._token = token_for(user.id)
        self._known: list[_Known] = []
        self._connection: Connection | None = None
        self._made = 0
        self._name = f"{rng.randrange(16**6):06x}"

    async def run(self, stopping: asyncio.Event) -> None:
        try:
            while not stopping.is_set():
                try:
                    if self._connection is None or self._connection.closed:
                        self._disconnect()
                        self._connection = await self._load.connect()
                    await self._step()
                except _Doubt:
                    await asyncio.sleep(_PAUSE)
                except (Lost, OSError):
                    self._load.lost += 1
                    self._disconnect()
                    await asyncio.sleep(_PAUSE)
        finally:
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.abort()
            self._connection = None

    async def _step(self) -> None:
        choices: list[tuple[Callable[[], Awaitable[None]], int]] = [(self._create, 8)]
        if self._known:
            choices += [
                (self._rename, 5),
                (self._toggle, 4),
                (self._delete, 1),
                (self._get, 3),
                (self._list, 2),
            ]
        steps, weights = zip(*choices, strict=True)
        await self._rng.choices(steps, weights)[0]()

    async def _create(self) -> None:
        key = self._user.text(f"{self._name}-{self._made}")
        self._made += 1
        state = State(f"{key} v0")
        answer = await self._write("POST", "", key, state, {"title": state.title, "description": key})
        self._known.append(_Known(key, answer["id"], state))

    async def _rename(self) -> None:
        task = self._rng.choice(self._known)
        title = f"{task.key} v{self._rng.randrange(1, 10**9)}"
        await self._change(task, "PUT", "", task.state._replace(title=title), {"title": title})

    async def _toggle(self) -> None:
        task = self._rng.choice(self._known)
        await self._change(
            task, "PATCH", "/complete", task.state._replace(completed=not task.state.completed), None
        )

    async def _delete(self) -> None:
        task = self._rng.choice(self._known)
        await self._change(task, "DELETE", "", task.state._replace(deleted=True), None)

    async def _change(self, task: _Known, method: str, path: str, state: State, body: Any) -> None:
        self._known.remove(task)
        await self._write(method, f"/{task.number}{path}", task.key, state, body)
        if not state.deleted:
            self._known.append(_Known(task.key, task.number, state))

    async def _write(self, method: str, path: str, key: str, state: State, body: Any) -> Any:
        self._load.journal.intend(key, self._user.id, state)
        path = self._base() + path
        answer = await self._ask(method, path, body)
        if not 200 <= answer.status < 300:
            if answer.status < 500:
                self._load.violated(f"{method} {path}: {answer.status} {answer.body!r}")
            raise _Doubt
        self._load.journal.acknowledge(key, self._user.id, state)
        if answer.status == 204:
            return None
        shown = answer.json()
        if (state.title, state.completed) != (shown["title"], shown["completed"]):
            self._load.violated(f"{method} {path}: asked for {state}, answered {shown}")
        return shown

    async def _get(self) -> None:
        task = self._rng.choice(self._known)
        answer = await self._ask("GET", f"{self._base()}/{task.number}")
        if answer.status < 500:
            shown = answer.json()
            if (task.state.title, task.state.completed) != (shown.get("title"), shown.get("completed")):
                self._load.violated(f"acknowledged {task}, and then found {answer.status} {shown}")

    async def _list(self) -> None:
        journal, owner = self._load.journal, self._user.id
        made, deleted = journal.tasks_made[owner], journal.deletions_made[owner]
        answer = await self._ask("GET", f"/api/{owner}/tasks?limit=20&sort=updated&order=desc")
        if answer.status < 500:
            least = made - journal.deletions_intended[owner]
            most = journal.tasks_intended[owner] - deleted
            total = answer.json()["total"]
            if not least <= total <= most:
                self._load.violated(f"{owner} has {least} to {most} tasks, and was told of {total}")

    async def _ask(self, method: str, path: str, body: Any = None) -> Answer:
        assert self._connection is not None
        asked = time.monotonic()
        answer = await self._connection.request(method, path, token=self._token, body=body)
        self._load.slowest = max(self._load.slowest, time.monotonic() - asked)
        await self._load.note(self._user, answer, f"{method} {path}")
        return answer

    def _base(self) -> str:
        return self._rng.choice(["/api/v1/tasks", "/api/tasks", f"/api/{self._user.id}/tasks"])
