"""Faults built into a server on purpose, by patching it in the server's own process.

Each is a mistake that somebody could make; for each there is a test that shows a case of the
programme noticing it. The product has no switch for any of them.
"""

import asyncio
import sqlite3
import threading
import time
from typing import Any
from uuid import uuid4

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
    """Leave the owner out of the conditions on tasks, in every statement."""
    from taskledger.tasks.statements.parts import MINE, OWNER

    MINE.left = OWNER  # type: ignore[attr-defined]  # the owner is the owner: always true


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


def repeat_lost_writes() -> None:
    """Send a write again whose connection was lost, as if it could not have happened."""
    from taskledger.errors import DatabaseUnavailable
    from taskledger.storage.postgres import PostgresDatabase

    write = PostgresDatabase.write

    async def write_again(self: Any, statement: Any, values: Any) -> Any:
        try:
            return await write(self, statement, values)
        except DatabaseUnavailable:
            return await write(self, statement, values | {"uuid": uuid4()} if "uuid" in values else values)

    PostgresDatabase.write = write_again  # type: ignore[method-assign]


def wait_for_ever() -> None:
    """Give no statement and no connection a limit of time."""
    from taskledger.storage.postgres import PostgresDatabase

    create = PostgresDatabase.__init__

    def create_patient(self: Any, *arguments: Any, **options: Any) -> None:
        create(self, *arguments, **options)
        self._options |= {"command_timeout": None, "timeout": None}
        self.pool._acquire_timeout = None

    PostgresDatabase.__init__ = create_patient  # type: ignore[method-assign]


def queue_for_ever() -> None:
    """Let requests wait for a free connection as long as it takes."""
    from taskledger.storage.pool import ConnectionPool

    create = ConnectionPool.__init__

    def create_patient(self: Any, *arguments: Any, **options: Any) -> None:
        create(self, *arguments, **(options | {"acquire_timeout": None}))

    ConnectionPool.__init__ = create_patient  # type: ignore[method-assign]


def leak_connections() -> None:
    """Forget to give a connection back when a crowd waits for it."""
    from taskledger.storage.pool import ConnectionPool

    release = ConnectionPool.release

    def release_or_leak(self: Any, connection: Any) -> None:
        if len(self._waiting) < 5:
            release(self, connection)

    ConnectionPool.release = release_or_leak  # type: ignore[method-assign]


def drop_requests_at_the_end() -> None:
    """Stop at once on SIGTERM, with requests under way."""
    from uvicorn import Server

    async def shutdown(self: Any, sockets: Any = None) -> None:
        for server in self.servers:
            server.close()

    Server.shutdown = shutdown  # type: ignore[method-assign]


def ignore_the_end_of_tokens() -> None:
    """Take a token that was good once for good for ever."""
    from taskledger.tokens.remembered import RememberedTokens

    recall = RememberedTokens.recall

    def recall_for_ever(self: Any, token: str, now: float) -> Any:
        del now
        return recall(self, token, 0.0)

    RememberedTokens.recall = recall_for_ever  # type: ignore[method-assign]


def let_time_run_backwards() -> None:
    """Stamp a change with the clock, whatever the task was stamped with before."""
    from sqlalchemy.ext.compiler import compiles

    from taskledger.storage.types import later

    later.inherit_cache = False
    for dialect in ("postgresql", "sqlite"):
        compiles(later, dialect)(_the_clock_alone)


def _the_clock_alone(element: Any, compiler: Any, **options: Any) -> str:
    text: str = compiler.process(next(iter(element.clauses)), **options)
    return text


def forget_whose_path() -> None:
    """Take any user id in a path for the principal's."""
    from taskledger.http.route import ContractRoute

    plan = ContractRoute._plan

    def plan_without_user(self: Any, endpoint: Any) -> None:
        plan(self, endpoint)
        self._has_user = False

    ContractRoute._plan = plan_without_user  # type: ignore[method-assign]


def share_entity_tags() -> None:
    """Make a list's entity tag of its owner's revision alone."""
    from taskledger.contracts import dialect

    def tag_of_revision(revision: int, owner: str, query: bytes) -> bytes:
        del owner, query
        return b'"%d"' % revision

    setattr(dialect, "list_tag", tag_of_revision)  # noqa: B010 - a type checker would not let us


def take_anybody_for_the_first() -> None:
    """Remember who somebody is by less than the whole token."""
    from taskledger.tokens.remembered import RememberedTokens

    recall = RememberedTokens.recall
    first: list[Any] = []

    def recall_the_first(self: Any, token: str, now: float) -> Any:
        principal = recall(self, token, now)
        if principal is not None:
            first.append(principal)
        return first[0] if first else principal

    RememberedTokens.recall = recall_the_first  # type: ignore[method-assign]


def wait_for_clients() -> None:
    """Let a client take all the time it wants for the head of its request."""
    from taskledger.http.protocol import LimitedProtocol

    def sweep_nothing(self: Any, now: float) -> None:
        del self, now

    LimitedProtocol.sweep = sweep_nothing  # type: ignore[method-assign]


def follow_everybody() -> None:
    """Have one audience for the events of all users."""
    from taskledger.ledger.events.feed import Feed

    audience = Feed._audience

    def first_audience(self: Any, owner: str) -> Any:
        return next(iter(self._audiences.values()), None) or audience(self, owner)

    Feed._audience = first_audience  # type: ignore[method-assign]


def log_what_is_written() -> None:
    """Log the title of each task that is created."""
    import logging

    from taskledger.tasks.revisions import OpenRevision

    create = OpenRevision.create

    async def create_aloud(self: Any, new: Any, into: Any) -> Any:
        logging.getLogger("taskledger.tasks").info("creating %s", new.title)
        return await create(self, new, into)

    OpenRevision.create = create_aloud  # type: ignore[method-assign]


def hash_nothing_for_nobody() -> None:
    """Refuse an unknown e-mail at once, without the work of a wrong password."""
    from taskledger.accounts.hashing import PasswordHashing, Verdict

    verify = PasswordHashing.verify

    async def verify_if_known(self: Any, password: str, stored: str | None) -> Any:
        return Verdict(False) if stored is None else await verify(self, password, stored)

    PasswordHashing.verify = verify_if_known  # type: ignore[method-assign]


def leave_out_a_field() -> None:
    """Answer with tasks that lack a field."""
    import msgspec

    from taskledger.contracts import dialect
    from taskledger.http.answer import json_answer

    def answer_without(status: int, value: Any, *arguments: Any) -> Any:
        shown = msgspec.to_builtins(value)
        if isinstance(shown, dict):
            shown.pop("completed", None)
        return json_answer(status, shown, *arguments)

    setattr(dialect, "json_answer", answer_without)  # noqa: B010 - a type checker would not let us
