"""Faults built into a server on purpose, by patching it in the server's own process.

Each is a mistake that somebody could make; for each there is a test that shows a case of the
programme noticing it. The product has no switch for any of them.
"""

import asyncio
import sqlite3
import threading
import time
from typing import Any

_SOON = 0.2


def answer_before_commit() -> None:
    """Tell the client that a write has happened, and commit it a little later."""
    from taskledger.storage.postgres import PostgresDatabase, _shaped
    from taskledger.storage.sqlite import SqliteDatabase, SqliteTransaction, _drive

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

    from taskledger.storage import sqlite

    PostgresDatabase.write = write  # type: ignore[method-assign]
    SqliteDatabase._run_group = run_group  # type: ignore[method-assign]
    sqlite._Job.settle = settle  # type: ignore[method-assign]


def write_twice() -> None:
    """Send a creation again after it succeeded, as a careless retry does."""
    from taskledger.contracts import dialect
    from taskledger.tasks.usecases import create_task

    async def create_twice(*arguments: Any, **options: Any) -> Any:
        await create_task(*arguments, **options)
        return await create_task(*arguments, **options)

    setattr(dialect, "create_task", create_twice)  # noqa: B010 - a type checker would not let us


def forget_the_owner() -> None:
    """Leave the owner out of every statement's conditions on tasks."""
    from sqlalchemy import literal, or_

    from taskledger.tasks import statements

    statements._MINE = or_(statements._MINE, literal(1) == literal(1))


def swallow_disk_errors() -> None:
    """Take a commit that failed for one that succeeded."""
    from taskledger.storage.sqlite import SqliteDatabase

    run_group = SqliteDatabase._run_group

    def run_group_bravely(self: Any, connection: sqlite3.Connection, group: Any) -> None:
        try:
            run_group(self, connection, group)
        except sqlite3.Error:
            return

    SqliteDatabase._run_group = run_group_bravely  # type: ignore[method-assign]


def sync_nothing() -> None:
    """Leave the disk to the operating system."""
    from taskledger.storage import sqlite

    connect = sqlite.connect

    def connect_carelessly(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return connect(*arguments, **(options | {"synchronous": "OFF"}))

    sqlite.connect = connect_carelessly


def end_the_writer_on_an_error() -> None:
    """Let the writing thread end when the disk fails, as an exception nobody catches would."""
    from taskledger.storage.sqlite import SqliteDatabase

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
