"""The two ends of a copy between databases: rows as Python values, out of one and into the other."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from typing import Any, Protocol

import asyncpg
from sqlalchemy import Dialect, Table, func, select

from donebook.errors import DatabaseUnavailable
from donebook.storage.primary import Primary
from donebook.storage.sqlite import connect
from donebook.storage.statement import POSTGRESQL, SQLITE, Row, Statement, Values, compile_statement
from donebook.storage.urls import PostgresAddress, SqliteAddress

BATCH = 1000

_REVISION = "SELECT version_num FROM alembic_version"

_OWNER_MAY = "the one that owns the tables may"

Convert = Callable[[Any], Any]


class End(Protocol):
    """A database within one transaction."""

    async def revision(self) -> str:
        """The revision that its schema is at; raises `DatabaseUnavailable` if it has none."""

    async def lock(self, tables: Sequence[Table]) -> None:
        """Keep everybody else from writing to the tables until the transaction ends."""

    async def count(self, table: Table) -> int:
        """The number of rows."""

    def batches(self, table: Table) -> AsyncIterator[Sequence[Row]]:
        """All rows, as Python values in the order of the table's columns, some at a time."""

    async def clear(self, table: Table) -> None:
        """Delete all rows."""

    async def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """Add rows of Python values."""

    async def run(self, statement: Statement, values: Values) -> None:
        """Run a statement that answers nothing."""

    async def numbers(self) -> dict[str, int]:
        """The last number given out by each series of numbers that is no column's own."""

    async def set_numbers(self, numbers: Mapping[str, int]) -> None:
        """Let the series, and the columns that number themselves, go on after these numbers and rows."""


def open_end(address: SqliteAddress | PostgresAddress, *, writable: bool) -> Any:
    """A context manager with the end; what was written is kept if the block ends without an exception.

    To read, all is as it is at one moment. Raises `DatabaseUnavailable`.
    """
    if isinstance(address, SqliteAddress):
        return _open_sqlite(address, writable=writable)
    # Past a pooler: a long transaction does not belong behind one.
    return _open_postgresql(address.direct(), writable=writable)


@asynccontextmanager
async def _open_sqlite(address: SqliteAddress, *, writable: bool) -> AsyncIterator[End]:
    if not address.path.is_file():
        raise DatabaseUnavailable(f"there is no {address.path}")
    try:
        with closing(connect(address.path)) as connection:
            connection.execute("BEGIN IMMEDIATE" if writable else "BEGIN")
            connection.execute("PRAGMA defer_foreign_keys=ON")
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()  # the moment begins
            yield _SqliteEnd(connection)
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise DatabaseUnavailable(str(error)) from error


@asynccontextmanager
async def _open_postgresql(address: PostgresAddress, *, writable: bool) -> AsyncIterator[End]:
    try:
        primary = Primary(address, connect_timeout=30)
        connection = await (primary.connect() if writable else primary.connect_to_read())
        try:
            isolation = "read_committed" if writable else "repeatable_read"
            async with connection.transaction(isolation=isolation, readonly=not writable):
                # Whom a policy binds gets an error, where by default they would get no rows.
                await connection.execute("SET LOCAL statement_timeout = 0; SET LOCAL row_security = off")
                yield _PostgresEnd(connection)
        finally:
            await connection.close(timeout=5)
    except asyncpg.InsufficientPrivilegeError as error:
        reason = str(error).splitlines()[0]
        raise DatabaseUnavailable(f"the login may not reach all rows ({reason}); {_OWNER_MAY}") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise DatabaseUnavailable(f"{type(error).__name__}: {str(error).splitlines()[0]}") from error


def _to_driver(table: Table, dialect: Dialect) -> Callable[[Row], Row]:
    """What turns a row of Python values into one of the driver's."""
    converts: list[Convert | None] = [
        column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns
    ]

    def convert_row(row: Row) -> Row:
        return [
            value if convert is None else convert(value) for value, convert in zip(row, converts, strict=True)
        ]

    return convert_row


def _reader(table: Table, dialect: Dialect) -> tuple[str, Callable[[Sequence[Row]], Sequence[Row]]]:
    """The SQL that reads all rows, and what turns the driver's into Python values."""
    compiled = compile_statement(Statement("read_all", select(table)), dialect)
    return compiled.sql, compiled.read_rows or list


class _SqliteEnd:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def revision(self) -> str:
        revision: str = self._connection.execute(_REVISION).fetchone()[0]
        return revision

    async def lock(self, tables: Sequence[Table]) -> None:
        """Nothing to do: the transaction is the one that writes."""

    async def count(self, table: Table) -> int:
        sql = compile_statement(Statement("count", select(func.count()).select_from(table)), SQLITE).sql
        count: int = self._connection.execute(sql).fetchone()[0]
        return count

    async def batches(self, table: Table) -> AsyncIterator[Sequence[Row]]:
        sql, read_rows = _reader(table, SQLITE)
        cursor = self._connection.execute(sql)
        while rows := cursor.fetchmany(BATCH):
            yield read_rows(rows)

    async def clear(self, table: Table) -> None:
        self._connection.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 - the name of a table of ours

    async def insert(self, table: Table, rows: Sequence[Row]) -> None:
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        places = ", ".join("?" for _ in table.columns)
        convert = _to_driver(table, SQLITE)
        self._connection.executemany(
            f'INSERT INTO "{table.name}" ({names}) VALUES ({places})',  # noqa: S608 - names of our tables
            [convert(row) for row in rows],
        )

    async def run(self, statement: Statement, values: Values) -> None:
        compiled = compile_statement(statement, SQLITE)
        self._connection.execute(compiled.sql, compiled.arguments(values))

    async def numbers(self) -> dict[str, int]:
        return dict(self._connection.execute("SELECT name, last FROM number_allotments"))

    async def set_numbers(self, numbers: Mapping[str, int]) -> None:
        # A column that numbers itself goes on after its greatest number by itself.
        self._connection.executemany(
            "INSERT INTO number_allotments (name, last) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET last = excluded.last",
            numbers.items(),
        )


_FREE_SEQUENCES = """
SELECT s.sequencename AS name, coalesce(s.last_value, 0) AS last,
       has_sequence_privilege(format('%I.%I', s.schemaname, s.sequencename), 'USAGE, SELECT') AS shown
FROM pg_sequences s
WHERE s.schemaname = current_schema() AND NOT EXISTS (
  SELECT FROM pg_depend d
  WHERE d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
    AND d.objid = format('%I.%I', s.schemaname, s.sequencename)::regclass)
"""

_COLUMN_SEQUENCES = """
SELECT name, column_name, sequence
FROM (SELECT table_name AS name, column_name,
             pg_get_serial_sequence(format('%I.%I', table_schema, table_name), column_name) AS sequence
      FROM information_schema.columns WHERE table_schema = current_schema()) AS columns
WHERE sequence IS NOT NULL
"""


class _PostgresEnd:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def revision(self) -> str:
        revision: str = await self._connection.fetchval(_REVISION)
        return revision

    async def lock(self, tables: Sequence[Table]) -> None:
        names = ", ".join(f'"{table.name}"' for table in tables)
        await self._connection.execute(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")

    async def count(self, table: Table) -> int:
        sql = compile_statement(Statement("count", select(func.count()).select_from(table)), POSTGRESQL).sql
        count: int = await self._connection.fetchval(sql)
        return count

    async def batches(self, table: Table) -> AsyncIterator[Sequence[Row]]:
        sql, read_rows = _reader(table, POSTGRESQL)
        cursor = await self._connection.cursor(sql)
        while rows := await cursor.fetch(BATCH):
            yield read_rows(rows)

    async def clear(self, table: Table) -> None:
        await self._connection.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 - as above

    async def insert(self, table: Table, rows: Sequence[Row]) -> None:
        convert = _to_driver(table, POSTGRESQL)
        await self._connection.copy_records_to_table(
            table.name,
            columns=[column.name for column in table.columns],
            records=[convert(row) for row in rows],
        )

    async def run(self, statement: Statement, values: Values) -> None:
        compiled = compile_statement(statement, POSTGRESQL)
        await self._connection.execute(compiled.sql, *compiled.arguments(values))

    async def numbers(self) -> dict[str, int]:
        sequences = await self._connection.fetch(_FREE_SEQUENCES)
        if hidden := [each["name"] for each in sequences if not each["shown"]]:
            raise DatabaseUnavailable(f"the login may not read {', '.join(hidden)}; {_OWNER_MAY}")
        return {each["name"]: each["last"] for each in sequences}

    async def set_numbers(self, numbers: Mapping[str, int]) -> None:
        for name, last in numbers.items():
            await self._connection.execute(
                "SELECT setval(quote_ident($1)::regclass, greatest($2::bigint, 1), $2::bigint > 0)",
                name,
                last,
            )
        for table, column, sequence in await self._connection.fetch(_COLUMN_SEQUENCES):
            greatest = await self._connection.fetchval(f'SELECT max("{column}") FROM "{table}"')  # noqa: S608 - as above
            await self._connection.execute(
                "SELECT setval($1::text::regclass, $2::bigint, $3)",
                sequence,
                greatest or 1,
                greatest is not None,
            )
