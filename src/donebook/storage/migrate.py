"""Bringing a database to the schema's newest revision, once, whoever else starts at the same time."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from donebook.errors import DatabaseUnavailable
from donebook.storage.primary import Primary
from donebook.storage.private_file import make_private_file
from donebook.storage.row_security import grant_role
from donebook.storage.urls import PostgresAddress, SqliteAddress, parse_database_url
from donebook.storage.write_ahead_log import use_write_ahead_log

# Any constant will do; this one is the CRC-32 of "donebook", so that it is not somebody else's.
_LOCK_KEY = 0x8DE75300
_SQLITE_WAIT_SECONDS = 60.0


class MigrationRefused(Exception):
    """The database is there and will not take the schema: waiting does not help. The message says why."""


class EncodingRefused(MigrationRefused):
    """The database does not keep its text as UTF-8."""


def migrate(url: str, revision: str = "head", *, row_security: bool = False) -> None:
    """Upgrade the database at ``url``; of several processes at once, one works and the others wait.

    ``row_security`` also makes the role that it needs. Must not be called on an event loop's thread.
    Raises `DatabaseUnavailable` and `MigrationRefused`.
    """
    config = alembic_config(url)

    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        if row_security and connection.dialect.name == "postgresql":
            grant_role(connection)

    with unavailability_of_engines():
        connect_for_migration(url, upgrade)


@contextmanager
def unavailability_of_engines() -> Iterator[None]:
    """Turn what SQLAlchemy's engines raise into `DatabaseUnavailable` or `MigrationRefused`."""
    try:
        yield
    except (
        DBAPIError,
        CommandError,  # the database is at a revision that this program does not know
        asyncpg.PostgresError,
        OSError,
        TimeoutError,
    ) as error:
        # A server that is starting or stopping gives an error of no narrower class; mistakes of ours do.
        waits = isinstance(error, OperationalError | InterfaceError) or type(error) is DBAPIError
        failure = MigrationRefused if isinstance(error, DBAPIError) and not waits else DatabaseUnavailable
        raise failure(_first_line(error)) from error


def _first_line(error: BaseException) -> str:
    if isinstance(error, DBAPIError) and error.orig is not None:
        # What the database said; SQLAlchemy adds the statement, and its adapter of asyncpg a wrapping.
        error = error.orig.__cause__ or error.orig
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def head_revision() -> str | None:
    """The newest revision of the schema that this program knows."""
    return ScriptDirectory.from_config(alembic_config("")).get_current_head()


def known_revisions() -> set[str]:
    """All revisions of the schema that this program knows."""
    return {script.revision for script in ScriptDirectory.from_config(alembic_config("")).walk_revisions()}


def alembic_config(url: str) -> Config:
    """Alembic's configuration, as `alembic.ini` has it, for one database."""
    config = Config()
    config.set_main_option("script_location", "donebook:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["database_url"] = url
    return config


def connect_for_migration(url: str, run: Callable[[Connection], None]) -> None:
    """Call ``run`` with a connection whose one transaction is committed if it returns.

    Goes past a pooler to the server itself: locks and DDL do not belong behind one.
    """

    def run_on_utf8(connection: Connection) -> None:
        _require_utf8(connection)
        run(connection)

    address = parse_database_url(url)
    if isinstance(address, SqliteAddress):
        _run_on_sqlite(address, run_on_utf8)
    else:
        asyncio.run(_run_on_postgresql(address.direct(), run_on_utf8))


def encoding_problem(dialect: str, encoding: str) -> str | None:
    """Why a database of this encoding is not used, with the mend; ``None`` for UTF-8.

    In another encoding some texts cannot be stored, and texts are ordered otherwise than elsewhere.
    """
    if encoding in {"UTF8", "UTF-8"}:
        return None
    mend = (
        "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, then donebook copy"
        if dialect == "postgresql"
        else "write it anew with PRAGMA encoding = 'UTF-8' and donebook copy"
    )
    return f"the database's encoding is {encoding} and has to be UTF-8; {mend}"


def _require_utf8(connection: Connection) -> None:
    """Raise `EncodingRefused` unless the database's texts are in UTF-8."""
    dialect = connection.dialect.name
    asked = "SHOW server_encoding" if dialect == "postgresql" else "PRAGMA encoding"
    problem = encoding_problem(dialect, str(connection.exec_driver_sql(asked).scalar_one()))
    if problem is not None:
        raise EncodingRefused(problem)


def hold_migration_lock(connection: Connection) -> None:
    """Wait for any other migration to end; held until the transaction does.

    On SQLite the transaction itself is the lock.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})


def _run_on_sqlite(address: SqliteAddress, run: Callable[[Connection], None]) -> None:
    with suppress(OSError):  # SQLite says it better
        # Password hashes will be in it: a new file is its owner's alone, as what SQLite puts beside it.
        make_private_file(address.path)
    engine = create_engine(
        f"sqlite:///{address.path}", poolclass=NullPool, connect_args={"timeout": _SQLITE_WAIT_SECONDS}
    )

    @event.listens_for(engine, "connect")
    def _leave_transactions_to_us(connection: Any, record: Any) -> None:
        del record
        connection.isolation_level = None
        use_write_ahead_log(connection, wait_seconds=_SQLITE_WAIT_SECONDS)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as connection:
            run(connection)
    finally:
        engine.dispose()


async def _run_on_postgresql(address: PostgresAddress, run: Callable[[Connection], None]) -> None:
    primary = Primary(address, connect_timeout=15)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=primary.connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(run)
            # Behind a pooler the server's connection goes on living, with the statements we prepared.
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            await driver.execute("DEALLOCATE ALL")
    finally:
        await engine.dispose()
