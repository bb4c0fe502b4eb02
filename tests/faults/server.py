"""Real servers for the fault programme: started, watched, killed."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import jwt

from tests.faults.breaks import chosen_mistake
from tests.faults.nursery import FreshProcesses, Nursery
from tests.faults.wire import Connection, Lost
from tests.servers.ports import free_port

SECRET = "a secret that the servers of the fault programme verify tokens with"
PATIENCE = 60.0 if chosen_mistake() is None else 12.0
"""Seconds after which something that has to happen counts as not happening, on a busy machine too."""


def token_for(user: str, **claims: Any) -> str:
    """A token of a user, for a day unless ``claims`` says otherwise."""
    until = datetime.now(UTC) + timedelta(days=1)
    return jwt.encode({"sub": user, "exp": until, **claims}, SECRET)


class Server:
    """A server process on a database, with its log in a file; ``with`` ends it by SIGKILL at the latest."""

    def __init__(
        self,
        nursery: Nursery | FreshProcesses,
        database_url: str,
        directory: Path,
        *,
        settings: Mapping[str, Any] | None = None,
        broken: str | None = None,
    ) -> None:
        self._nursery = nursery
        self._settings = {
            "DATABASE_URL": database_url,
            "JWT_SECRET": SECRET,
            "PATH": os.environ.get("PATH", ""),
            **{name: str(value) for name, value in (settings or {}).items()},
        }
        self._broken = broken
        self.port = free_port()
        self.log = directory / f"server-{self.port}.log"
        self.pid = 0
        self._status: int | None = None
        self._connections: list[Connection] = []

    def start(self) -> Self:
        """Start the process (again, after an end); see `ready`."""
        self._status = None
        self.pid = self._nursery.start(
            ["serve", "--port", str(self.port)], self._settings, self.log, broken=self._broken
        )
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        for connection in self._connections:
            connection.abort()
        if self.ended() is None:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self.signal(signal.SIGKILL)
        self.wait()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self) -> int:
        """The status the process ends with: an exit code, or a signal as a negative number."""
        if self._status is None:
            self._status = self._nursery.status(self.pid, wait=True)
            assert self._status is not None
        return self._status

    def ended(self) -> int | None:
        """The status if the process has ended."""
        if self._status is None:
            self._status = self._nursery.status(self.pid, wait=False)
        return self._status

    async def connect(self) -> Connection:
        """A new connection, which ends with the server at the latest."""
        connection = await Connection.open("127.0.0.1", self.port)
        self._connections = [each for each in self._connections if not each.closed]
        self._connections.append(connection)
        return connection

    async def leave(self) -> None:
        """End all connections, before the event loop that they belong to ends."""
        for connection in self._connections:
            connection.abort()
        self._connections.clear()
        await asyncio.sleep(0)

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """One request on a connection of its own."""
        async with await self.connect() as connection:
            return await connection.request(method, path, **options)

    async def ready(self) -> Self:
        """Wait until it says it can serve."""
        await eventually(self.is_ready, f"the server is ready; its log: {self.log}")
        return self

    async def is_ready(self) -> bool:
        """Whether it says so now; fails when the process has ended."""
        if (status := self.ended()) is not None:
            raise AssertionError(f"the server ended with {status}:\n{self.log.read_text()[-4000:]}")
        try:
            answer = await self.ask("GET", "/health/ready")
        except (OSError, Lost):
            return False
        return bool(answer.status == 200)


async def eventually(
    condition: Callable[[], Any], what: str, *, patience: float = PATIENCE, every: float = 0.02
) -> None:
    """Wait until the (perhaps asynchronous) condition holds; fail when it never does."""
    deadline = time.monotonic() + patience
    while True:
        held = condition()
        if asyncio.iscoroutine(held):
            held = await held
        if held:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"it never came to be that {what}")
        await asyncio.sleep(every)
