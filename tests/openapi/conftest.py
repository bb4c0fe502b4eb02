"""A server, somebody whose tasks nobody may find, and Schemathesis to look for them."""

import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.isolation import make_users
from tests.faults.nursery import FreshProcesses
from tests.faults.server import Server
from tests.openapi.campaign import SEED, Outcome, try_document
from tests.openapi.users import write_through_every_contract


class Attacked:
    """A running service with the tasks of one user; others try its documents."""

    def __init__(self, server: Server, directory: Path) -> None:
        self._service = f"http://127.0.0.1:{server.port}"
        self._directory = directory
        self._rng = random.Random(SEED)
        [self.other] = make_users(self._rng, 1)
        self._tasks = write_through_every_contract(self._service, self.other)

    def try_document(self, contract: str, **options: Any) -> Coroutine[Any, Any, Outcome]:
        """Try all that the document says, as a user who does nothing else."""
        [user] = make_users(self._rng, 1)
        return try_document(
            self._service,
            contract,
            self._directory / contract,
            user=user,
            other=self.other,
            tasks=self._tasks,
            **options,
        )


Attack = Callable[..., AbstractAsyncContextManager[Attacked]]


@pytest.fixture
def attack(tmp_path: Path) -> Attack:
    """A service on a database, perhaps ``broken`` in one of the ways of `tests.faults.breaks`."""

    @asynccontextmanager
    async def attack(url: str, broken: str | None = None) -> AsyncIterator[Attacked]:
        settings = {"RATE_LIMIT_AUTH": "1000/second"}  # as many attempts as a run makes
        with Server(FreshProcesses(), url, tmp_path, settings=settings, broken=broken) as server:
            await server.ready()
            yield Attacked(server, tmp_path)

    return attack
