"""SQLite through the standard library: reads on the event loop, writes grouped on one thread.

A read is a few microseconds of work on a file the operating system keeps in memory, less than a
thread switch costs, and in WAL mode it never waits for the writer. Writes queue for one thread
that runs all that are waiting in one transaction, so that they share the price of one fsync.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from donebook.errors import DatabaseUnavailable
from donebook.storage.database import Usage, Work
from donebook.storage.sqlite_file import LOOK_SECONDS, DatabaseFile, FileAway
from donebook.storage.statement import SQLITE, CompiledStatement, Row, Statement, Values, compile_statement
from donebook.storage.turns import WriterTurns
from donebook.storage.types import tick
from donebook.storage.write_ahead_log import use_write_ahead_log

T = TypeVar("T")

MINIMUM_VERSION = (3, 35, 0)
_GROUP_LIMIT = 128
_OUT_OF_REACH = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
"""Primary result codes that are the file's or the disk's matter, not a mistake in a statement."""


class DatabaseFileMissing(DatabaseUnavailable):
    """There is no file: nobody has migrated a database there yet, or it was moved away."""


def connect(
    path: Path, *, synchronous: str = "FULL", busy_seconds: float = 5.0, read_only: bool = False
) -> sqlite3.Connection:
    """Open the file in WAL mode, with foreign keys and our functions; raises `DatabaseUnavailable`.

    Never makes the file: migrating does. With ``read_only`` nothing is made or changed beside it either.
    """
    if sqlite3.sqlite_version_info < MINIMUM_VERSION:
        needed = ".".join(map(str, MINIMUM_VERSION))
        raise DatabaseUnavailable(f"this Python has SQLite {sqlite3.sqlite_version}; {needed} is needed")
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{_reading(path) if read_only else 'mode=rw'}",
            uri=True,
            timeout=busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        if not read_only:
            use_write_ahead_log(connection, wait_seconds=busy_seconds)
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.create_function("donebook_tick", 1, tick, deterministic=True)
    except sqlite3.Error as error:
        if not path.exists():
            raise DatabaseFileMissing(f"there is no file {path}") from error
        raise DatabaseUnavailable(str(error)) from error
    return connection


def _reading(path: Path) -> str:
    """How to open the file to read and leave nothing: SQLite makes a missing WAL even to read."""
    in_use = path.with_name(f"{path.name}-wal").exists()
    return "mode=ro" if in_use else "mode=ro&immutable=1"


class SqliteTransaction:
    """The writer's open transaction. Its methods never suspend."""

    dialect = "sqlite"

    def __init__(
        self, connection: sqlite3.Connection, compiled: Callable[[Statement], CompiledStatement]
    ) -> None:
        self._connection = connection
        self._compiled = compiled
        self.announced: set[str] = set()

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Row]:
        compiled = self._compiled(statement)
        if statement.announces is not None:
            self.announced.add(values[statement.announces])
        return _fetch(self._connection, compiled, compiled.arguments(values))

    async def execute_many(self, statement: Statement, values: Iterable[Values]) -> None:
        compiled = self._compiled(statement)
        self._connection.executemany(compiled.sql, [compiled.arguments(each) for each in values])


@dataclass(slots=True)
class _Job:
    work: Callable[[SqliteTransaction], Awaitable[Any]]
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None
    announced: Collection[str] = ()

    def settle(self) -> None:
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class SqliteDatabase:
    """One database file, one reading connection, one writing thread."""

    dialect = "sqlite"

    def __init__(
        self,
        path: Path,
        *,
        synchronous: str = "FULL",
        busy_seconds: float = 5.0,
        read_only: bool = False,
    ) -> None:
        self.path = path
        self._read_only = read_only
        self._synchronous = synchronous
        self._busy_seconds = busy_seconds
        self._reader: sqlite3.Connection | None = None
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._statements: dict[Statement, CompiledStatement] = {}
        self._writing = False
        self._file = DatabaseFile(path)
        self._look: asyncio.TimerHandle | None = None
        self._hear: Callable[[str], None] | None = None
        self._revisions = 0

    def on_commit(self, hear: Callable[[str], None]) -> None:
        self._hear = hear

    def compiled(self, statement: Statement) -> CompiledStatement:
        """The statement compiled for SQLite, once."""
        compiled = self._statements.get(statement)
        if compiled is None:
            compiled = self._statements[statement] = compile_statement(statement, SQLITE)
        return compiled

    def usage(self) -> Usage:
        connections = int(self._reader is not None) + int(self._thread is not None)
        return Usage(2, connections, int(self._writing), self._jobs.qsize(), self._revisions)

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._write_groups, name="sqlite-writer", daemon=True)
        self._thread.start()
        self._look = self._loop.call_later(LOOK_SECONDS, self._look_after_file)

    async def close(self) -> None:
        if self._look is not None:
            self._look.cancel()
        # From here on nothing may be queued behind the end of the queue: it would never be answered.
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(thread.join)
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        # The last connection takes the log along.
        self._file = DatabaseFile(self.path)

    async def read(self, statement: Statement, values: Values) -> Sequence[Row]:
        compiled = self._statements.get(statement) or self.compiled(statement)
        arguments = compiled.arguments(values)
        if self._file.away is not None:
            raise FileAway(self._file.away)
        try:
            if self._reader is None:
                # A short wait only: readers of a WAL file meet a lock just while it is recovered,
                # and this wait stops the event loop.
                self._reader = self.connect(0.05)
            return _fetch(self._reader, compiled, arguments)
        except sqlite3.Error as error:
            raise _unavailable(error) from error

    def connect(self, busy_seconds: float) -> sqlite3.Connection:
        """A connection of the caller's own to the file; raises `FileAway` if that is another by now."""
        self._file.require()
        connection = connect(
            self.path,
            synchronous=self._synchronous,
            busy_seconds=busy_seconds,
            read_only=self._read_only,
        )
        if not self._file.is_known:
            # The log is there once something was read.
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            self._file.know()
        return connection

    def _look_after_file(self) -> None:
        """Look for the sake of reads, which cost less than a look."""
        assert self._loop is not None
        self._look = self._loop.call_later(LOOK_SECONDS, self._look_after_file)
        self._file.look()

    async def write(self, statement: Statement, values: Values) -> Sequence[Row]:
        return await self.transact(lambda transaction: transaction.fetch(statement, values))

    async def transact(self, work: Work[T]) -> T:
        if self._thread is None or self._loop is None:
            raise DatabaseUnavailable("not open")
        job = _Job(cast("Callable[[SqliteTransaction], Awaitable[Any]]", work), self._loop.create_future())
        self._jobs.put(job)
        return cast("T", await job.future)

    async def view(self, work: Work[T]) -> T:
        # Not on the event loop: what needs a snapshot of its own takes long.
        try:
            if self._reader is None:
                # The last connection to close would take the log along.
                self._reader = self.connect(0.05)
            return await asyncio.to_thread(self._view, work)
        except sqlite3.Error as error:
            raise _unavailable(error) from error

    def _view(self, work: Work[T]) -> T:
        with closing(self.connect(self._busy_seconds)) as connection:
            connection.execute("PRAGMA query_only=ON")
            connection.execute("BEGIN")
            return _drive(work(SqliteTransaction(connection, self.compiled)))

    def _write_groups(self) -> None:
        connection: sqlite3.Connection | None = None
        turns = WriterTurns(self.path, patience=self._busy_seconds)
        while (first := self._jobs.get()) is not None:
            group = [first]
            stop = False
            while len(group) < _GROUP_LIMIT and not self._jobs.empty():
                job = self._jobs.get()
                if job is None:
                    stop = True
                    break
                group.append(job)
            self._writing = True
            try:
                if connection is None:
                    connection = self.connect(self._busy_seconds)
                with turns:
                    self._run_group(connection, group)
            except (sqlite3.Error, DatabaseUnavailable) as error:
                failure = error if isinstance(error, DatabaseUnavailable) else _unavailable(error)
                for job in group:
                    job.error = failure
            self._writing = False
            self._settle(group)
            if stop:
                break
        turns.close()
        if connection is not None:
            connection.close()

    def _run_group(self, connection: sqlite3.Connection, group: list[_Job]) -> None:
        # One that is alone takes nothing of others back with it, and needs no savepoint.
        alone = len(group) == 1
        connection.execute("BEGIN IMMEDIATE")
        try:
            for job in group:
                transaction = SqliteTransaction(connection, self.compiled)
                if not alone:
                    connection.execute("SAVEPOINT job")
                try:
                    job.result = _drive(job.work(transaction))
                    job.announced = transaction.announced
                except Exception as error:
                    if isinstance(error, sqlite3.Error) and isinstance(
                        _unavailable(error), DatabaseUnavailable
                    ):
                        raise
                    job.error = error
                    connection.execute("ROLLBACK" if alone else "ROLLBACK TO job")
                if not alone:
                    connection.execute("RELEASE job")
            if connection.in_transaction:
                self._file.require()
                connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _settle(self, group: list[_Job]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._settle_all, group)
        except RuntimeError:
            # The loop is gone: the process is ending and nobody waits for the answers.
            return

    def _settle_all(self, group: list[_Job]) -> None:
        announced: set[str] = set()
        for job in group:
            job.settle()
            if job.error is None:
                self._revisions += len(job.announced)
                announced.update(job.announced)
        if self._hear is not None:
            for value in announced:
                self._hear(value)


def _drive(work: Awaitable[T]) -> T:
    """Run a coroutine that never suspends, outside any event loop."""
    coroutine = cast("Coroutine[Any, Any, T]", work)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return cast("T", stop.value)
    coroutine.close()
    raise RuntimeError("a transaction's work may await nothing but its transaction")


def _fetch(
    connection: sqlite3.Connection, compiled: CompiledStatement, arguments: Sequence[Any]
) -> Sequence[Row]:
    rows = connection.execute(compiled.sql, arguments).fetchall()
    return rows if compiled.read_rows is None else compiled.read_rows(rows)


def _unavailable(error: sqlite3.Error) -> Exception:
    """`DatabaseUnavailable` for a lock, a full or failing disk, a missing schema; else the error itself."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _OUT_OF_REACH or "no such table" in str(error):
        return DatabaseUnavailable(str(error))
    return error
