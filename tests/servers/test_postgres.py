import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest

from tests.servers.postgres import Postgres, PostgresServer, run_postgres
from tests.servers.postgres_binaries import find_binaries


async def fetch_value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url, timeout=30)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or ") Z " not in status.read_text()


def wait_until_gone(pid: int, *directories: Path) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not is_running(pid) and not any(directory.exists() for directory in directories):
            return True
        time.sleep(0.05)
    return False


async def test_a_database_is_a_copy_of_its_template(postgres_server: Postgres) -> None:
    postgres_server.create_database("original")
    await fetch_value(postgres_server.url("original"), "CREATE TABLE fact AS SELECT 42 AS answer")

    postgres_server.create_database("copy", template="original")

    assert await fetch_value(postgres_server.url("copy"), "SELECT answer FROM fact") == 42
    postgres_server.drop_database("copy")
    postgres_server.drop_database("original")


async def test_a_database_is_dropped_although_somebody_is_connected(postgres_server: Postgres) -> None:
    postgres_server.create_database("in_use")
    connection = await asyncpg.connect(postgres_server.url("in_use"))

    await asyncio.to_thread(postgres_server.drop_database, "in_use")

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("SELECT 1")
    await connection.close()


async def test_a_crash_and_restart_keeps_port_and_committed_data(
    breakable_postgres_server: PostgresServer,
) -> None:
    server = breakable_postgres_server
    server.create_database("kept")
    await fetch_value(server.url("kept"), "CREATE TABLE fact AS SELECT 42 AS answer")
    port, pid = server.port, server.pid

    server.restart("immediate")

    assert port == server.port
    assert pid != server.pid
    assert await fetch_value(server.url("kept"), "SELECT answer FROM fact") == 42


async def test_a_stopped_server_refuses_connections_until_it_is_started(
    breakable_postgres_server: PostgresServer,
) -> None:
    breakable_postgres_server.stop()
    with pytest.raises(OSError):  # noqa: PT011 - which refusal it is depends on the platform
        await asyncpg.connect(breakable_postgres_server.url("postgres"))

    breakable_postgres_server.start()

    assert await fetch_value(breakable_postgres_server.url("postgres"), "SELECT 1") == 1


def test_nothing_is_left_when_its_block_is_interrupted() -> None:
    servers: list[PostgresServer] = []

    def run_until_interrupted() -> None:
        with run_postgres() as server:
            servers.append(server)
            pids.append(server.pid)
            raise KeyboardInterrupt

    pids: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        run_until_interrupted()

    assert [is_running(pid) for pid in pids] == [False]
    assert [server.directory.exists() for server in servers] == [False]


def test_nothing_is_left_when_the_test_run_is_killed() -> None:
    program = """
from tests.servers.postgres import run_postgres
with run_postgres() as server:
    print(server.pid, server.data, server.directory, flush=True)
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        pid, data, directory = run.stdout.readline().split()
        run.send_signal(signal.SIGKILL)

    assert wait_until_gone(int(pid), Path(data), Path(directory))


def test_an_unknown_choice_of_binaries_is_refused() -> None:
    with pytest.raises(LookupError, match="bundled, system or a URL, not 'sytem'"):
        find_binaries("sytem")
