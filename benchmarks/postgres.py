"""A PostgreSQL of the benchmark's own, one per contender, so that nobody pays for another's writes.

It is started as the tests start theirs, but set up as in production: what is acknowledged is on the disk.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any, TypeVar

import asyncpg
from tests.servers.postgres import run_postgres

SETTINGS = {
    "shared_buffers": "512MB",
    "effective_cache_size": "2GB",
    "max_connections": "300",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "max_wal_senders": "10",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "autovacuum": "on",
}
_DATABASE = "bench"
T = TypeVar("T")


class Cluster:
    """A running PostgreSQL with one database."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._server = self._stack.enter_context(run_postgres(SETTINGS))
        self._server.create_database(_DATABASE)
        self.url = self._server.url(_DATABASE)

    @property
    def pid(self) -> int:
        """The postmaster's, whose descendants are all of the cluster's processes."""
        return self._server.pid

    def run(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Run some work on a connection of its own."""

        async def connected() -> T:
            connection = await asyncpg.connect(self.url)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return asyncio.run(connected())

    def version(self) -> str:
        """The server's own word."""

        async def ask(connection: Any) -> str:
            return str(await connection.fetchval("SHOW server_version"))

        return self.run(ask)

    def tidy(self) -> None:
        """Vacuum, analyse and checkpoint, so that no cell pays for an earlier one's writes."""

        async def work(connection: Any) -> None:
            await connection.execute("VACUUM (ANALYZE)")
            await connection.execute("CHECKPOINT")

        self.run(work)

    def stop(self) -> None:
        """Shut down and leave nothing behind."""
        self._stack.close()
