"""The database goes away and comes back; the service stays."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.process.program import PATIENCE, Program, serve
from tests.process.test_start import wait_until_ready
from tests.servers.postgres import PostgresServer
from tests.service import bearer

URLS = {
    "v2": "/api/v2/tasks",
    "versioned": "/api/v1/tasks",
    "flat": "/api/tasks",
    "scoped": "/api/ada/tasks",
    "enveloped": "/enveloped/api/ada/tasks",
}
ADA = bearer("ada")


def said(contract: str, body: dict[str, Any]) -> str:
    """What the body of a refusal says of its kind, where the contract says that."""
    match contract:
        case "v2" | "versioned":
            return str(body["code"]).upper()
        case "enveloped":
            return str(body["error"]["code"])
    assert {"detail"} == body.keys()
    return str(body["detail"])


REFUSALS = {
    "v2": "DATABASE_UNAVAILABLE",
    "versioned": "DATABASE_UNAVAILABLE",
    "flat": "Service temporarily unavailable",
    "scoped": "Service temporarily unavailable",
    "enveloped": "UNAVAILABLE",
}


def require_refusals(program: Program) -> None:
    """Every contract refuses reads and writes for now, in its own words, and the process is well."""
    for contract, url in URLS.items():
        for method, body in (("GET", None), ("POST", {"title": "Lost"})):
            answer = httpx.request(method, program.url + url, json=body, headers=ADA)
            assert (503, REFUSALS[contract]) == (answer.status_code, said(contract, answer.json()))
            assert int(answer.headers["Retry-After"]) >= 1
    unready = httpx.get(f"{program.url}/health/ready")
    assert (503, "not ready") == (unready.status_code, unready.json()["status"])
    assert [200, 200] == [httpx.get(program.url + path).status_code for path in ("/health", "/health/live")]


def create(program: Program, title: str) -> int:
    return httpx.post(program.url + URLS["versioned"], json={"title": title}, headers=ADA).status_code


def titles(program: Program) -> list[str]:
    answer = httpx.get(program.url + URLS["versioned"], headers=ADA)
    return [task["title"] for task in answer.json()]


def test_a_database_that_is_down_at_boot_and_again_later_needs_no_restart_of_the_service(
    tmp_path: Path, breakable_postgres_server: PostgresServer
) -> None:
    server = breakable_postgres_server
    server.create_database("tasks")
    server.stop()

    with serve(tmp_path, DATABASE_URL=server.url("tasks")) as program:
        require_refusals(program)

        server.start()
        wait_until_ready(program)
        assert 201 == create(program, "Before")

        server.stop("immediate")
        require_refusals(program)

        server.start()
        wait_until_ready(program)
        assert 201 == create(program, "After")
        assert ["Before", "After"] == titles(program)
        assert 0 == program.stop()


@pytest.fixture
def program(tmp_path: Path, postgresql_url: str) -> Iterator[Program]:
    with serve(tmp_path, DATABASE_URL=postgresql_url) as program:
        yield program


async def at_once(program: Program, count: int, **options: Any) -> list[int]:
    """The statuses of as many creations and lists as fit, at the same moment."""
    async with httpx.AsyncClient(base_url=program.url, headers=ADA, timeout=PATIENCE) as client:
        requests = [
            client.post(URLS["versioned"], json={"title": str(number)})
            if number % 2
            else client.get(URLS["flat"])
            for number in range(count)
        ]
        return sorted(answer.status_code for answer in await asyncio.gather(*requests))


async def terminate_connections(url: str) -> int:
    """End all other connections to the database; how many there were."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    connection = await asyncpg.connect(url)
    try:
        ended = [
            pid for (pid, _) in await connection.fetch(f"SELECT pid, pg_terminate_backend(pid) {others}")
        ]
        deadline = time.monotonic() + PATIENCE
        # Others may be there by now: the service listens again.
        while await connection.fetchval(f"SELECT count(*) {others} AND pid = ANY ($1)", ended):
            assert time.monotonic() < deadline
    finally:
        await connection.close()
    return len(ended)


async def test_idle_connections_that_are_killed_cause_no_error(program: Program, postgresql_url: str) -> None:
    for _ in range(3):
        await at_once(program, 20)

        assert await terminate_connections(postgresql_url) > 1

        assert [200] * 10 + [201] * 10 == await at_once(program, 20)
