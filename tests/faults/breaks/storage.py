"""Mistakes with the database and its connections."""

import asyncio
import os
import sqlite3
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.faults.breaks.patching import patch

_SOON = 0.2


def answer_before_commit() -> None:
    """Tell the client that a write has happened, and commit it a little later."""
    from donebook.storage.postgres import PostgresDatabase, _shaped
    from donebook.storage.sqlite import SqliteDatabase, SqliteTransaction, _drive

    async def write(self: Any, statement: Any, values: Any) -> Any:
        compiled = self.compiled(statement)
        connection = await self.pool.acquire()
        transaction = connection.transaction()
        await transaction.start()
        rows = await connection.fetch(compiled.sql, *compiled.arguments(values))

        async def commit_later() -> None:
            await asyncio.sleep(_SOON)
            await transaction.commit()
            self.pool.release(connection)

        self.late = [*getattr(self, "late", []), asyncio.create_task(commit_later())]
        return _shaped(compiled, rows)

    def run_group(self: Any, connection: sqlite3.Connection, group: Any) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for job in group:
            job.result = _drive(job.work(SqliteTransaction(connection, self.compiled)))
        self._settle(group)
        time.sleep(_SOON)
        connection.execute("COMMIT")

    def settle(self: Any) -> None:
        if not self.future.done():
            self.future.set_result(self.result)

    from donebook.storage import sqlite

    PostgresDatabase.write = write  # type: ignore[method-assign]
    SqliteDatabase._run_group = run_group  # type: ignore[method-assign]
    sqlite._Job.settle = settle  # type: ignore[method-assign]


def swallow_disk_errors() -> None:
    """Take a commit that failed for one that succeeded."""
    from donebook.storage.sqlite import SqliteDatabase

    run_group = SqliteDatabase._run_group

    def run_group_bravely(self: Any, connection: sqlite3.Connection, group: Any) -> None:
        try:
            run_group(self, connection, group)
        except sqlite3.Error:
            return

    SqliteDatabase._run_group = run_group_bravely  # type: ignore[method-assign]


def sync_nothing() -> None:
    """Leave the disk to the operating system."""
    from donebook.storage import sqlite

    connect = sqlite.connect

    def connect_carelessly(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return connect(*arguments, **(options | {"synchronous": "OFF"}))

    sqlite.connect = connect_carelessly


def end_the_writer_on_an_error() -> None:
    """Let the writing thread end when the disk fails, as an exception nobody catches would."""
    from donebook.storage.sqlite import SqliteDatabase

    run_group = SqliteDatabase._run_group

    def run_group_once(self: Any, connection: sqlite3.Connection, group: Any) -> None:
        try:
            run_group(self, connection, group)
        except sqlite3.Error:
            for job in group:
                job.error = RuntimeError("the writer has ended")
            self._settle(group)
            threading.Event().wait()

    SqliteDatabase._run_group = run_group_once  # type: ignore[method-assign]


def repeat_lost_writes() -> None:
    """Send a write again whose connection was lost, as if it could not have happened."""
    from donebook.errors import DatabaseUnavailable
    from donebook.storage.postgres import PostgresDatabase

    write = PostgresDatabase.write

    async def write_again(self: Any, statement: Any, values: Any) -> Any:
        try:
            return await write(self, statement, values)
        except DatabaseUnavailable:
            return await write(self, statement, values | {"uuid": uuid4()} if "uuid" in values else values)

    PostgresDatabase.write = write_again  # type: ignore[method-assign]


def wait_for_ever() -> None:
    """Give no statement and no connection a limit of time."""
    from donebook.storage.postgres import PostgresDatabase

    create = PostgresDatabase.__init__

    def create_patient(self: Any, *arguments: Any, **options: Any) -> None:
        create(self, *arguments, **options)
        self.primary.connect_timeout = None
        self.primary.options["command_timeout"] = None
        self.pool._acquire_timeout = 86_400.0

    PostgresDatabase.__init__ = create_patient  # type: ignore[method-assign]


def queue_for_ever() -> None:
    """Let requests wait for a free connection as long as it takes."""
    from donebook.storage.pool import ConnectionPool

    create = ConnectionPool.__init__

    def create_patient(self: Any, *arguments: Any, **options: Any) -> None:
        create(self, *arguments, **(options | {"acquire_timeout": 86_400.0}))

    ConnectionPool.__init__ = create_patient  # type: ignore[method-assign]


def leak_connections() -> None:
    """Forget to give a connection back when a crowd waits for it."""
    from donebook.storage.pool import ConnectionPool

    release = ConnectionPool.release

    def release_or_leak(self: Any, connection: Any) -> None:
        if len(self._waiting) < 5:
            release(self, connection)

    ConnectionPool.release = release_or_leak  # type: ignore[method-assign]


def trust_idle_connections() -> None:
    """Take a connection that rested for one that still works."""
    import asyncpg

    from donebook.storage import postgres
    from donebook.storage.pool import ConnectionPool

    def take_idle(self: Any) -> Any:
        return self._idle.pop()[0] if self._idle else None

    patch(ConnectionPool, "take_idle", take_idle)
    patch(postgres, "_LOST", ())
    patch(asyncpg, "InternalClientError", ZeroDivisionError)


def migrate_without_waiting() -> None:
    """Migrate beside whoever else does."""
    from donebook.storage import migrate

    def hold_nothing(connection: Any) -> None:
        """Go on when another worker has come, so that two migrate at once for certain."""
        del connection
        comers = Path(tempfile.gettempdir()) / f"migrating-{os.getppid()}"
        with comers.open("a") as file:
            file.write(".")
        deadline = time.monotonic() + 20
        while comers.stat().st_size < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.2)

    patch(migrate, "hold_migration_lock", hold_nothing)


def give_up_at_once() -> None:
    """Try to reach the database once, at the start."""
    from donebook.storage.readiness import Readiness

    async def start(self: Any) -> None:
        await self._attempt()

    patch(Readiness, "start", start)


def acknowledge_before_the_sync() -> None:
    """Have PostgreSQL acknowledge what it has not synced yet."""
    from donebook.storage.postgres import PostgresDatabase

    create = PostgresDatabase.__init__

    def create_hasty(self: Any, *arguments: Any, **options: Any) -> None:
        create(self, *arguments, **options)
        self.primary.options["server_settings"] = {"synchronous_commit": "off"}

    patch(PostgresDatabase, "__init__", create_hasty)


def acknowledge_before_the_standby() -> None:
    """Have PostgreSQL acknowledge what no standby has yet."""
    from donebook.storage.postgres import PostgresDatabase

    create = PostgresDatabase.__init__

    def create_hasty(self: Any, *arguments: Any, **options: Any) -> None:
        create(self, *arguments, **options)
        self.primary.options["server_settings"] = {"synchronous_commit": "local"}

    patch(PostgresDatabase, "__init__", create_hasty)


def forget_keys() -> None:
    """Take no note of idempotency keys."""
    from donebook.http import once
    from donebook.storage.joined import JoinedDatabase

    async def perform_always(database: Any, principal: Any, key: Any, now: Any, perform: Any) -> Any:
        del principal, key, now
        return await database.transact(lambda transaction: perform(JoinedDatabase(transaction))), False

    patch(once, "perform_once", perform_always)


def remember_keys_in_one_process() -> None:
    """Remember idempotency keys in memory."""
    from donebook.errors import KeyReused
    from donebook.http import once
    from donebook.storage.joined import JoinedDatabase

    lock = asyncio.Lock()
    remembered: dict[tuple[str, str], tuple[str, bytes]] = {}

    async def perform_and_remember(database: Any, principal: Any, key: Any, now: Any, perform: Any) -> Any:
        del now
        name = (principal.user_id, key.key)
        async with lock:
            if name in remembered:
                fingerprint, answer = remembered[name]
                if fingerprint != key.fingerprint:
                    raise KeyReused
                return answer, True
            answer = await database.transact(lambda transaction: perform(JoinedDatabase(transaction)))
            remembered[name] = key.fingerprint, answer
            return answer, False

    patch(once, "perform_once", perform_and_remember)


def ask_any_server() -> None:
    """Take a standby for the database, as long as it answers."""
    from donebook.storage import primary

    patch(primary, "_IS_READ_ONLY", "SELECT false")


def keep_outdated_connections() -> None:
    """Keep connections to a server that takes no writes any more."""
    from donebook.storage.pool import ConnectionPool

    def renew_nothing(self: Any, connection: Any) -> None:
        del self, connection

    patch(ConnectionPool, "renew", renew_nothing)


def connect_without_a_bound() -> None:
    """Make a connection for each request that finds none free."""
    from donebook.storage.pool import ConnectionPool

    create = ConnectionPool.__init__

    def create_boundless(self: Any, connect: Any, *, size: int, acquire_timeout: float) -> None:
        create(self, connect, size=10 * size, acquire_timeout=acquire_timeout)

    patch(ConnectionPool, "__init__", create_boundless)


def overlook_moved_files() -> None:
    """Go on with a SQLite file, wherever it is by now."""
    from donebook.storage.sqlite_file import DatabaseFile

    patch(DatabaseFile, "require", lambda self: None)


def take_any_encoding() -> None:
    """Use a database whatever its encoding is."""
    from donebook.storage import migrate, readiness

    patch(migrate, "encoding_problem", lambda dialect, encoding: None)
    patch(readiness, "encoding_problem", lambda dialect, encoding: None)
