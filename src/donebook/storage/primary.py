"""Reaching the server that takes writes, among those that an address names or leads to.

A name may lead to a standby for a while: it was moved before the promotion, or the server it leads to
was demoted. What such a server shows may be behind what we have acknowledged, so a connection to it is not
used. Behind a pooler that says where it led when it was asked, not where it leads later.
"""

import asyncio
from typing import Any

import asyncpg

from donebook.errors import DatabaseUnavailable
from donebook.storage.urls import PostgresAddress

_IS_READ_ONLY = "SELECT current_setting('transaction_read_only') = 'on'"
"""True of a standby, and where ``default_transaction_read_only`` is set."""


class NoPrimary(DatabaseUnavailable):
    """Whoever answers takes no writes."""


class Primary:
    """The one of an address's servers that takes writes.

    ``connect_timeout`` is for all of them together. ``options`` are those of `asyncpg.connect`.
    """

    def __init__(self, address: PostgresAddress, *, connect_timeout: float | None, **options: Any) -> None:
        self.connect_timeout = connect_timeout
        self.options: dict[str, Any] = {
            "user": address.user,
            "password": address.password,
            "database": address.database,
            "ssl": address.tls,
            **options,
        }
        self._servers = list(address.servers)

    async def connect(self) -> Any:
        """A connection; the server that was found last is asked first.

        Raises what asyncpg does, and `NoPrimary`; with several servers what the last one gave.
        """
        return await self._connect(to_write=True)

    async def connect_to_read(self) -> Any:
        """A connection to the server that takes writes, or else to one that takes none."""
        try:
            return await self._connect(to_write=True)
        except NoPrimary:
            return await self._connect(to_write=False)

    async def _connect(self, *, to_write: bool) -> Any:
        *earlier, last = self._servers
        for server in earlier:
            try:
                return await self._connect_to(server, to_write=to_write)
            except (
                NoPrimary,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                asyncpg.InternalClientError,
                OSError,
                TimeoutError,
            ):
                continue
        return await self._connect_to(last, to_write=to_write)

    async def _connect_to(self, server: tuple[str, int], *, to_write: bool) -> Any:
        host, port = server
        share = None if self.connect_timeout is None else self.connect_timeout / len(self._servers)
        async with asyncio.timeout(share):
            connection = await asyncpg.connect(host=host, port=port, timeout=share, **self.options)
            try:
                if to_write:
                    await _require_writes(connection)
            except BaseException:
                connection.terminate()
                raise
        self._servers.sort(key=lambda each: each != server)
        return connection


async def _require_writes(connection: Any) -> None:
    # Asked, and not taken from what the server reports as it greets us: a pooler passes on what some
    # server reported some time ago.
    if await connection.fetchval(_IS_READ_ONLY):
        raise NoPrimary("the database takes no writes")
