"""PostgreSQL through asyncpg: one statement, one round trip."""

import asyncio
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Literal, TypeVar

import asyncpg

from taskledger.errors import DatabaseUnavailable
from taskledger.storage.database import Work
from taskledger.storage.statement import (
    POSTGRESQL,
    CompiledStatement,
    Row,
    Statement,
    Values,
    compile_statement,
)
from taskledger.storage.urls import PostgresAddress

T = TypeVar("T")

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    ConnectionError,
)
_UNAVAILABLE = (
    *_LOST,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.UndefinedTableError,  # not migrated yet
    OSError,
    TimeoutError,
)


class _UnavailableGuard:
    """Turns the driver's ways of being out of reach into `DatabaseUnavailable`."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        if error is None:
            return False
        if isinstance(error, _UNAVAILABLE):
            raise DatabaseUnavailable(type(error).__name__) from error
        if isinstance(error, asyncpg.InterfaceError) and _is_closed(error):
            raise DatabaseUnavailable("connection closed") from error
        return False


_guard = _UnavailableGuard()


def _is_closed(error: asyncpg.InterfaceError) -> bool:
    # asyncpg has one class for misuse and for closed connections; only the text tells them apart.
    return "clos" in str(error)


async def _keep_session(connection: Any) -> None:
    """Stand in for asyncpg's reset query: no statement of ours leaves session state behind."""


class PostgresTransaction:
    """An open transaction on one connection."""

    dialect = "postgresql"

    def __init__(self, connection: Any, database: "PostgresDatabase") -> None:
        self._connection = connection
        self._compiled = database.compiled

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Row]:
        compiled = self._compiled(statement)
        rows = await self._connection.fetch(compiled.sql, *compiled.arguments(values))
        return _shaped(compiled, rows)

    async def execute_many(self, statement: Statement, values: Iterable[Values]) -> None:
        compiled = self._compiled(statement)
        await self._connection.executemany(compiled.sql, [compiled.arguments(each) for each in values])


class PostgresDatabase:
    """A bounded pool of connections that are opened as they are needed."""

    dialect = "postgresql"

    def __init__(
        self,
        address: PostgresAddress,
        *,
        pool_size: int,
        acquire_timeout: float,
        connect_timeout: float,
        statement_timeout: float,
        behind_pooler: bool,
    ) -> None:
        self.address = address
        self._acquire_timeout = acquire_timeout
        self._pool_arguments: dict[str, Any] = {
            "host": address.host,
            "port": address.port,
            "user": address.user,
            "password": address.password,
            "database": address.database,
            "ssl": address.tls,
            "min_size": 0,
            "max_size": pool_size,
            "timeout": connect_timeout,
            "command_timeout": statement_timeout,
            "reset": _keep_session,
        }
        if behind_pooler:
            # A transaction pooler hands each statement to another server connection, where a
            # prepared statement of ours does not exist (or is somebody else's).
            self._pool_arguments["statement_cache_size"] = 0
        self._pool: Any = None
        self._statements: dict[Statement, CompiledStatement] = {}

    def compiled(self, statement: Statement) -> CompiledStatement:
        """The statement compiled for PostgreSQL, once."""
        compiled = self._statements.get(statement)
        if compiled is None:
            compiled = self._statements[statement] = compile_statement(statement, POSTGRESQL)
        return compiled

    async def open(self) -> None:
        # With no minimum size the pool connects on first use, so a database that is down at boot is
        # an answer of 503 and not a dead service.
        self._pool = await asyncpg.create_pool(**self._pool_arguments)

    async def close(self) -> None:
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), timeout=5)
            except TimeoutError:
                self._pool.terminate()

    async def read(self, statement: Statement, values: Values) -> Sequence[Row]:
        compiled = self._statements.get(statement) or self.compiled(statement)
        arguments = compiled.arguments(values)
        with _guard:
            try:
                rows = await self._fetch(compiled.sql, arguments)
            except _LOST:
                # The connection died while idle; a read may safely be sent again on a fresh one.
                rows = await self._fetch(compiled.sql, arguments)
        return _shaped(compiled, rows)

    async def write(self, statement: Statement, values: Values) -> Sequence[Row]:
        compiled = self._statements.get(statement) or self.compiled(statement)
        with _guard:
            rows = await self._fetch(compiled.sql, compiled.arguments(values))
        return _shaped(compiled, rows)

    async def transact(self, work: Work[T]) -> T:
        with _guard:
            connection = await self._acquire()
            try:
                async with connection.transaction():
                    return await work(PostgresTransaction(connection, self))
            finally:
                await self._pool.release(connection)

    async def _fetch(self, sql: str, arguments: Sequence[Any]) -> Any:
        connection = await self._acquire()
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await self._pool.release(connection)

    async def _acquire(self) -> Any:
        if self._pool is None:
            raise DatabaseUnavailable("not open")
        return await self._pool.acquire(timeout=self._acquire_timeout)


def _shaped(compiled: CompiledStatement, rows: Any) -> Sequence[Row]:
    read_row = compiled.read_row
    if read_row is None:
        return rows  # type: ignore[no-any-return]  # asyncpg's records are sequences
    return [read_row(row) for row in rows]
