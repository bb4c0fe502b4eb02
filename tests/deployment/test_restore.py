"""The way to back up and restore a PostgreSQL that docs/operations.md shows, taken to another server."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from donebook.accounts.usecases import provision_user
from donebook.ledger.operations import Writing
from donebook.ledger.writing.records import create_record, get_record
from donebook.principal import Principal
from donebook.storage.migrate import migrate
from donebook.tasks.kind import TASKS
from donebook.tasks.operations import new_task
from tests.databases import open_database
from tests.deployment.image import ROOT
from tests.servers.postgres import PostgresServer, call_in_thread, run_postgres
from tests.service import SECRET

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
ADA = Principal("ada")


class Row(msgspec.Struct):
    id: int
    title: str


@pytest.fixture(scope="module")
def other_server() -> Iterator[PostgresServer]:
    """A server that knows no role of the one that the dump is of."""
    with run_postgres() as server:
        yield server


def documented_commands() -> str:
    (found,) = re.findall(r"```sh\n(pg_dump .*?)```", (ROOT / "docs/operations.md").read_text(), re.DOTALL)
    return str(found)


def environment(server: PostgresServer) -> dict[str, str]:
    """Where PostgreSQL's programs and ours are, and which server ``createdb`` speaks to."""
    programs = [str(server.binaries), str(Path(sys.executable).parent), os.environ["PATH"]]
    return {
        "PATH": os.pathsep.join(programs),
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": server.user,
        "PGPASSWORD": server.password,
        "JWT_SECRET": SECRET,
    }


async def test_a_database_behind_the_wall_is_restored_on_another_server(
    postgresql_url: str, other_server: PostgresServer, tmp_path: Path
) -> None:
    call_in_thread(migrate, postgresql_url, row_security=True)
    async with open_database(postgresql_url, database_row_security=True) as database:
        await provision_user(database, ADA, NOW)
        made = (await create_record(database, ADA, new_task("Keep me"), Writing(NOW, "test"), Row)).record
    restored = other_server.url("tasks_restored")

    done = await asyncio.to_thread(
        subprocess.run,
        ["/bin/sh", "-ec", documented_commands().replace("postgresql://…/tasks_restored", restored)],
        cwd=tmp_path,
        env=environment(other_server) | {"DATABASE_URL": postgresql_url, "DATABASE_ROW_SECURITY": "true"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    async with open_database(restored, database_row_security=True) as database:
        assert made == (await get_record(database, ADA, TASKS, made.id, Row)).record
