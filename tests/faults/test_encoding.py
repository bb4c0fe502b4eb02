"""Case 67: a database whose text is not UTF-8."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.conftest import Serve
from tests.faults.server import eventually
from tests.servers.postgres import Postgres, call_in_thread


@pytest.fixture(params=["UTF-16", "LATIN1"])
def wrong_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A SQLite file in UTF-16, or a database of PostgreSQL in LATIN1."""
    if request.param == "UTF-16":
        with closing(sqlite3.connect(tmp_path / "utf16.db")) as connection:
            connection.execute("PRAGMA encoding = 'UTF-16le'")
            connection.execute("CREATE TABLE somebodys (text)")
            connection.commit()
        yield f"sqlite:///{tmp_path / 'utf16.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    create = "CREATE DATABASE faults_latin1 TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"
    call_in_thread(asyncio.run, server.execute(create))
    yield server.url("faults_latin1")
    server.drop_database("faults_latin1")


async def test_a_server_that_is_to_migrate_it_does_not_start(wrong_url: str, serve: Serve) -> None:
    with serve(wrong_url) as server:
        await eventually(lambda: server.ended() is not None, "the server ends")
        assert 1 == server.wait()
    [line] = server.log.read_text().splitlines()
    assert "cannot be migrated: the database's encoding is " in line
    assert " and has to be UTF-8; " in line


async def test_one_that_is_not_to_migrate_says_that_it_is_not_ready(wrong_url: str, serve: Serve) -> None:
    with serve(wrong_url, AUTO_MIGRATE=False) as server:

        async def says_why() -> bool:
            try:
                answer = await server.ask("GET", "/health/ready")
            except OSError:
                return False
            return answer.status == 503 and "has to be UTF-8" in answer.json()["reason"]

        await eventually(says_why, "it says why")
    assert 1 == server.log.read_text().count("has to be UTF-8")
