import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from tests.servers.ports import free_port
from tests.service import run_service


class Counted:
    """Replaces a method by one that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, *_: Any) -> Sequence[Any]:
        self.calls += 1
        return [(0,)]


@pytest.mark.parametrize("path", ["/health", "/health/live"])
async def test_liveness_never_touches_the_database(
    sqlite_url: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run_service(sqlite_url) as service, service.client(None) as client:
        counted = Counted()
        for method in ("read", "write", "transact"):
            monkeypatch.setattr(f"donebook.storage.sqlite.SqliteDatabase.{method}", counted)
        response = await client.get(path)
        touched = counted.calls
        ready = await client.get("/health/ready")

    assert ("healthy", "task-management-api") == tuple(
        response.json()[name] for name in ("status", "service")
    )
    assert 0 == touched
    # Readiness does, so the counter counts.
    assert (200, 1) == (ready.status_code, counted.calls)


async def test_readiness_is_bounded_when_the_database_does_not_answer(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: Any) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr("donebook.storage.readiness._CHECK_SECONDS", 0.2)
    async with run_service(sqlite_url) as service, service.client(None) as client:
        monkeypatch.setattr("donebook.storage.sqlite.SqliteDatabase.read", hang)
        started = time.monotonic()
        response = await client.get("/health/ready")
        alive = await client.get("/health/live")

    assert 503 == response.status_code
    assert {"status": "not ready", "reason": "the database does not answer"} == response.json()
    assert "1" == response.headers["retry-after"]
    assert 200 == alive.status_code
    assert time.monotonic() - started < 30


async def test_a_service_whose_database_is_not_there_lives_but_is_not_ready() -> None:
    port = free_port()
    nowhere = f"postgresql://nobody@127.0.0.1:{port}/nothing"
    async with run_service(nowhere) as service, service.client(None) as client:
        assert 200 == (await client.get("/health/live")).status_code
        response = await client.get("/health/ready")

    assert 503 == response.status_code
    assert str(port) not in response.text
