"""PostgreSQL through asyncpg: one statement, one round trip."""

import socket
from collections.abc import Callable, Collection, Iterable, Sequence
from types import TracebackType
from typing import Any, Literal, TypeVar

import asyncpg

from donebook.errors import DatabaseUnavailable, Failure
from donebook.storage.database import Usage, Work
from donebook.storage.plans import PLAN_ANEW, plan_once
from donebook.storage.pool import ConnectionPool
from donebook.storage.prelude import fetch_after
from donebook.storage.primary import Primary
from donebook.storage.row_security import RowSecurity, place_of
from donebook.storage.statement import (
    POSTGRESQL,
    CompiledStatement,
    Row,
    Statement,
    Values,
    compile_statement,
)
from donebook.storage.urls import PostgresAddress

T = TypeVar("T")

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.InternalClientError,  # the server's farewell is there, and not all of it has been read
    ConnectionError,
)
_UNAVAILABLE = (
    *_LOST,
    asyncpg.TooManyConnectionsError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,  # its disk fails
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


_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "nothing listens there"),
    (socket.gaierror, "the host's name cannot be resolved"),
    (TimeoutError, "no answer in time"),
    (asyncpg.InvalidAuthorizationSpecificationError, "the user or the password is refused"),
    (asyncpg.InvalidCatalogNameError, "the server has no such database"),
    (asyncpg.TooManyConnectionsError, "the server has no connection left"),
)


def _reason(error: BaseException) -> str:
    """Why, in words that are fit to log: a server's own may quote what users wrote."""
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), type(error).__name__)


class _Guard:
    """Turns the driver's ways of being out of reach into `DatabaseUnavailable`; keeps rows out of errors."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        if error is None:
            return False
        if isinstance(error, _UNAVAILABLE):
            raise DatabaseUnavailable(_reason(error)) from error
        if isinstance(error, asyncpg.InterfaceError) and _is_closed(error):
            raise DatabaseUnavailable("connection closed") from error
        if isinstance(error, asyncpg.PostgresError):
            # There the server quotes the row that it refuses, with all that users wrote; errors are logged.
            error.detail = None
        return False


_guard = _Guard()


def _is_closed(error: asyncpg.InterfaceError) -> bool:
    # asyncpg has one class for misuse and for closed connections; only the text tells them apart.
    return "clos" in str(error)


class PostgresTransaction:
    """An open transaction on one connection."""

    dialect = "postgresql"

    def __init__(self, connection: Any, database: "PostgresDatabase") -> None:
        self._connection = connection
        self._compiled = database.compiled
        self.announced: set[str] = set()
        self._row_security = database.row_security
        self._place: str | None = None

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Row]:
        compiled = self._compiled(statement)
        if statement.announces is not None:
            self.announced.add(values[statement.announces])
        if self._row_security is not None:
            await self._enter(self._row_security, place_of(statement, values))
        if statement.varies:
            await self._connection.execute(PLAN_ANEW)
        rows = await self._connection.fetch(compiled.sql, *compiled.arguments(values))
        return _shaped(compiled, rows)

    async def execute_many(self, statement: Statement, values: Iterable[Values]) -> None:
        compiled = self._compiled(statement)
        values = list(values)
        if self._row_security is not None and values:
            await self._enter(self._row_security, place_of(statement, values[0]))
        await self._connection.executemany(compiled.sql, [compiled.arguments(each) for each in values])

    async def _enter(self, row_security: RowSecurity, place: str | None) -> None:
        if place != self._place:
            await self._connection.execute(row_security.enter(place))
            self._place = place


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
        row_security: bool = False,
    ) -> None:
        self.address = address
        self.row_security = RowSecurity() if row_security else None
        self.pool = ConnectionPool(self._connect, size=pool_size, acquire_timeout=acquire_timeout)
        # A transaction pooler hands each statement to another server connection, where a
        # prepared statement of ours does not exist (or is somebody else's).
        cached = {"statement_cache_size": 0} if behind_pooler else {}
        self._prepares = not behind_pooler
        self.primary = Primary(
            address, connect_timeout=connect_timeout, command_timeout=statement_timeout, **cached
        )
        self._statements: dict[Statement, CompiledStatement] = {}
        self._hear: Callable[[str], None] | None = None
        self._revisions = 0

    def on_commit(self, hear: Callable[[str], None]) -> None:
        self._hear = hear

    def compiled(self, statement: Statement) -> CompiledStatement:
        """The statement compiled for PostgreSQL, once."""
        compiled = self._statements.get(statement)
        if compiled is None:
            compiled = self._statements[statement] = compile_statement(statement, POSTGRESQL)
        return compiled

    def usage(self) -> Usage:
        pool = self.pool
        return Usage(pool.size, pool.open, pool.in_use, pool.waiting, self._revisions)

    async def open(self) -> None:
        # Nothing is connected yet: a database that is down at boot means 503s, not a dead service.
        self.pool.start()

    async def close(self) -> None:
        await self.pool.close()

    async def read(self, statement: Statement, values: Values) -> Sequence[Row]:
        with _guard:
            try:
                return await self._fetch(statement, values)
            except _LOST:
                # The connection died while idle; a read may safely be sent again on a fresh one, and
                # what ended this one may have ended the other idle ones.
                self.pool.discard_idle()
                return await self._fetch(statement, values)

    async def write(self, statement: Statement, values: Values) -> Sequence[Row]:
        with _guard:
            try:
                rows = await self._fetch(statement, values)
            except asyncpg.InternalClientError:
                # The driver found the server's farewell before it sent anything.
                self.pool.discard_idle()
                rows = await self._fetch(statement, values)
        if statement.announces is not None and rows and (statement.wrote is None or statement.wrote(rows[0])):
            self._tell((values[statement.announces],))
        return rows

    async def transact(self, work: Work[T]) -> T:
        result, announced = await self._run(work)
        self._tell(announced)
        return result

    async def view(self, work: Work[T]) -> T:
        result, _ = await self._run(work, isolation="repeatable_read", readonly=True)
        return result

    async def _run(self, work: Work[T], **options: Any) -> tuple[T, Collection[str]]:
        """Run ``work`` as a transaction with these options; what it returned, and what it announces."""
        with _guard:
            connection, bounds = await self._begin(**options)
            transaction = PostgresTransaction(connection, self)
            try:
                result = await work(transaction)
                await bounds.commit()
            except (asyncpg.PostgresError, Failure) as refusal:
                await self._roll_back(connection, bounds, refusal)
                raise
            except BaseException:
                # Not rolled back by us: a server that is silent would keep us waiting once more.
                self.pool.discard(connection)
                raise
            self.pool.release(connection)
        return result, transaction.announced

    def _tell(self, announced: Collection[str]) -> None:
        """Count what was committed, and pass it on."""
        self._revisions += len(announced)
        if self._hear is not None:
            for value in announced:
                self._hear(value)

    async def _begin(self, **options: Any) -> tuple[Any, Any]:
        """A connection with a transaction begun, and the transaction's bounds."""
        try:
            return await self._begin_once(**options)
        except _LOST:
            # Nothing has been written yet.
            self.pool.discard_idle()
            return await self._begin_once(**options)

    async def _begin_once(self, **options: Any) -> tuple[Any, Any]:
        connection = await self.pool.acquire()
        bounds = connection.transaction(**options)
        try:
            await bounds.start()
        except BaseException:
            self.pool.discard(connection)
            raise
        return connection, bounds

    async def _fetch(self, statement: Statement, values: Values) -> Sequence[Row]:
        compiled = self._statements.get(statement) or self.compiled(statement)
        arguments = compiled.arguments(values)
        pool = self.pool
        connection = pool.take_idle() or await pool.acquire()
        try:
            if self.row_security is None and not statement.varies:
                rows = await connection.fetch(compiled.sql, *arguments)
            else:
                prelude = self._prelude(statement, values)
                rows = await fetch_after(connection, prelude, compiled.sql, arguments)
        except asyncpg.PostgresError as refusal:
            self._give_back(connection, refusal)
            raise
        except BaseException:
            pool.discard(connection)
            raise
        pool.release(connection)
        return _shaped(compiled, rows)

    def _prelude(self, statement: Statement, values: Values) -> str:
        settings = [PLAN_ANEW] if statement.varies else []
        if self.row_security is not None:
            settings.append(self.row_security.enter(place_of(statement, values)))
        return "; ".join(settings)

    async def _roll_back(self, connection: Any, bounds: Any, refusal: Exception) -> None:
        """Undo what the server or our own rules refused; what was refused stays the answer."""
        try:
            if connection.is_in_transaction():
                await bounds.rollback()
        except BaseException as error:
            self.pool.discard(connection)
            if not isinstance(error, Exception):
                raise
        else:
            self._give_back(connection, refusal)

    def _give_back(self, connection: Any, refusal: Exception) -> None:
        # A server that is shutting down says so before it ends the connection.
        if isinstance(refusal, asyncpg.ReadOnlySQLTransactionError):
            # It took writes when we connected. By now the address may lead to another that does.
            self.pool.renew(connection)
        if isinstance(refusal, _LOST) or connection.is_in_transaction():
            self.pool.discard(connection)
        else:
            self.pool.release(connection)

    async def _connect(self) -> Any:
        try:
            connection = await self.primary.connect()
        except asyncpg.PostgresError as error:
            if isinstance(error, _UNAVAILABLE):
                raise
            # A provider's proxy has its own codes for a database that does not wake.
            raise DatabaseUnavailable(type(error).__name__) from error
        try:
            if self._prepares:
                await plan_once(connection)
            if self.row_security is not None:
                await self.row_security.learn(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection


def _shaped(compiled: CompiledStatement, rows: Sequence[Row]) -> Sequence[Row]:
    return rows if compiled.read_rows is None else compiled.read_rows(rows)
