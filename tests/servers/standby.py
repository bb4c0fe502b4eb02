"""A PostgreSQL that follows another one, and can take its place."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from tests.servers.postgres import PostgresServer, call_in_thread, server_directories

REPLICATED = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "max_wal_senders": "4",
}
"""What a server is to be run with so that another one can follow it."""

_SYNCHRONOUS = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"


class Standby(PostgresServer):
    """A copy of a running server, made by ``pg_basebackup``, which follows it until it is promoted.

    ``link`` is the port by which it reaches the other, if not the other's own.
    """

    def __init__(self, primary: PostgresServer, data: Path, directory: Path, link: int | None) -> None:
        self._primary = primary
        self._link = link or primary.port
        super().__init__(data, directory, primary.settings, primary.binaries)

    def initialise(self) -> None:
        primary = self._primary
        url = primary.url("postgres").replace(f":{primary.port}/", f":{self._link}/")
        # Their accounts are copied with everything else.
        self.user, self.password = primary.user, primary.password
        subprocess.run(
            [
                self.binaries / "pg_basebackup",
                f"--pgdata={self.data}",
                f"--dbname={url}",
                "--checkpoint=fast",
                "--write-recovery-conf",
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            **self.environment(),
        )


@contextmanager
def run_standby(primary: PostgresServer, link: int | None = None) -> Iterator[Standby]:
    """Run a standby, without which the primary acknowledges nothing from then on."""
    with server_directories() as (data, directory):
        standby = Standby(primary, data, directory, link)
        try:
            standby.start()
            wait_for_standby(primary)
            yield standby
        finally:
            standby.stop("immediate")


def promote(standby: PostgresServer) -> None:
    """Let a standby take writes from now on, and follow and wait for nobody."""
    for statement in (
        "ALTER SYSTEM RESET synchronous_standby_names",
        "SELECT pg_reload_conf()",
        "SELECT pg_promote()",
    ):
        call_in_thread(asyncio.run, standby.execute(statement))


def follow(server: PostgresServer, primary: PostgresServer) -> None:
    """Make a standby of a stopped server that has nothing that the other one lacks."""
    followed = f"host={primary.host} port={primary.port} user={primary.user} password={primary.password}"
    server.write_file("standby.signal", b"")
    server.settings["primary_conninfo"] = followed
    server.start()


def wait_for_standby(primary: PostgresServer) -> None:
    """Have the primary acknowledge only what its standby has, and wait until it does."""
    call_in_thread(asyncio.run, _wait_for_standby(primary))


async def _wait_for_standby(primary: PostgresServer) -> None:
    connection = await asyncpg.connect(primary.url("postgres"), timeout=30)
    try:
        await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await connection.execute("SELECT pg_reload_conf()")
        deadline = time.monotonic() + 60
        while not await connection.fetchval(_SYNCHRONOUS):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
    finally:
        await connection.close()
