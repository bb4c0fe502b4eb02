"""Stopping several workers in good order."""

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import asyncpg
import httpx

from tests.process.program import PATIENCE, serve
from tests.service import bearer

URL = "/api/v1/tasks"
PEOPLE = [bearer(f"person {number}") for number in range(5)]
"""Of one user only two writes would go as far as the database."""


_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""

UntilWaiting = Callable[[int], Awaitable[None]]


@asynccontextmanager
async def writes_held(url: str) -> AsyncIterator[UntilWaiting]:
    """While this lasts no write can go on; gives what waits until so many are held up."""
    held = held_on_sqlite if url.startswith("sqlite") else held_on_postgresql
    async with held(url) as until_waiting:
        yield until_waiting


@asynccontextmanager
async def held_on_sqlite(url: str) -> AsyncIterator[UntilWaiting]:
    async def wait_a_while(number: int) -> None:
        # The file does not tell who waits for it; the service gives up after five seconds.
        await asyncio.sleep(1)

    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield wait_a_while


@asynccontextmanager
async def held_on_postgresql(url: str) -> AsyncIterator[UntilWaiting]:
    holder, observer = await asyncpg.connect(url), await asyncpg.connect(url)

    async def wait_until(number: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while await observer.fetchval(_WAITING) < number:  # noqa: ASYNC110 - it is elsewhere
                await asyncio.sleep(0.02)

    async with holder.transaction():
        await holder.execute("SELECT FROM spaces FOR UPDATE")
        yield wait_until
    await holder.close()
    await observer.close()


async def test_requests_under_way_finish_before_the_workers_end(tmp_path: Path, database_url: str) -> None:
    with serve(tmp_path, "--workers", "2", DATABASE_URL=database_url) as program:
        async with httpx.AsyncClient(base_url=program.url, timeout=PATIENCE) as client:
            for person in PEOPLE:
                assert 201 == (await client.post(URL, headers=person, json={"title": "Before"})).status_code
            async with writes_held(database_url) as until_waiting:
                under_way = [
                    asyncio.create_task(client.post(URL, headers=person, json={"title": "During"}))
                    for person in PEOPLE
                ]
                await until_waiting(len(PEOPLE))
                program.process.send_signal(signal.SIGTERM)
                await asyncio.sleep(0.5)
                assert not any(request.done() for request in under_way)
            answers = await asyncio.gather(*under_way)
        status = await asyncio.to_thread(program.process.wait, PATIENCE)
        log = program.log()

    assert [201] * 5 == [answer.status_code for answer in answers]
    assert 0 == status
    assert "Traceback" not in log
