import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, MetaData, Table, Text, Uuid

from donebook.errors import DatabaseUnavailable
from donebook.ledger.upkeep.usage import recount_all
from donebook.migrations.tables import METADATA
from donebook.storage import ends
from donebook.storage.copy import Content, CopyRefused, copy_database, count_rows
from donebook.storage.ends import open_end
from donebook.storage.statement import Row
from donebook.storage.types import Instant, Labels
from donebook.storage.urls import parse_database_url
from tests.databases import DIALECTS, open_database
from tests.servers.postgres import Postgres
from tests.service import run_service

TABLES = METADATA.sorted_tables
COMMON = [table for table in TABLES if "only" not in table.info]

# A value for each column that a rule of the table keeps from having any value of its type.
RULED = {
    "priority": "high",
    "action": "moved",
    "due_all_day": False,
    "due_time_zone": "Europe/Berlin",
}
TEXTS = ['Zoë "quoted" \\ back', "任务 🎉\u202e\n\t", "%s $1 ? :name", ""]


class Filler:
    """Rows for any table: every column has a value in the first row, and none where it may in the last."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._rows: dict[str, list[Row]] = {}

    def rows(self, table: Table, amount: int) -> list[Row]:
        rows: list[Row] = [
            [self._value(table, column, number, amount) for column in table.columns]
            for number in range(amount)
        ]
        self._rows[table.name] = rows
        return rows

    def _value(self, table: Table, column: Column[Any], number: int, amount: int) -> Any:
        for key in column.foreign_keys:
            referred = key.column.table
            place = list(referred.columns).index(key.column)
            return self._rows[referred.name][number % len(self._rows[referred.name])][place]
        if column.nullable and number == amount - 1:
            return None
        if column.name in RULED:
            return RULED[column.name]
        return self._any(column, number)

    def _any(self, column: Column[Any], number: int) -> Any:
        unique = next(self._numbers)
        moment = datetime(1, 1, 2, tzinfo=UTC) if number % 5 == 0 else datetime(2030, 1, 1, tzinfo=UTC)
        values = {
            Labels: [TEXTS[number % 3], f"label {unique}"][: number % 3],
            Instant: moment.astimezone(timezone(timedelta(hours=5))) + timedelta(microseconds=unique),
            Boolean: bool(number % 2),
            BigInteger: 2**40 + unique,
            Integer: unique,
            Uuid: UUID(int=2**100 + unique),
            LargeBinary: b"\x00\xff" + unique.to_bytes(4),
            Text: f"{unique} {TEXTS[number % 4]}",
        }
        assert type(column.type) in values, f"no value for {column}: teach this test the type {column.type!r}"
        return values[type(column.type)]


async def fill(url: str, amount: int = 7) -> dict[str, list[Row]]:
    filler = Filler()
    rows = {table.name: filler.rows(table, amount) for table in COMMON}
    async with open_end(parse_database_url(url), writable=True) as end:
        for table in COMMON:
            await end.clear(table)
            await end.insert(table, rows[table.name])
        await end.set_numbers({"task_numbers": 2**41})
    return rows


async def read(url: str) -> dict[str, set[str]]:
    async with open_end(parse_database_url(url), writable=False) as end:
        return {
            table.name: {repr(list(row)) async for rows in end.batches(table) for row in rows}
            for table in COMMON
        }


def written(rows: dict[str, list[Row]]) -> dict[str, set[str]]:
    def plain(value: Any) -> Any:
        return value.astimezone(UTC) if isinstance(value, datetime) else value

    return {name: {repr([plain(value) for value in row]) for row in each} for name, each in rows.items()}


async def numbers(url: str) -> dict[str, int]:
    async with open_end(parse_database_url(url), writable=False) as end:
        return await end.numbers()  # type: ignore[no-any-return]  # the context manager is of either kind


@pytest.fixture(params=DIALECTS)
def source_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=DIALECTS)
def target_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"other_{request.param}_url")
    return url


async def test_every_column_of_every_table_arrives(source_url: str, target_url: str) -> None:
    rows = await fill(source_url)

    copied = await copy_database(source_url, target_url, TABLES)

    assert written(rows) == await read(target_url)
    assert {table.name: 7 for table in COMMON} == {name: content.rows for name, content in copied.items()}
    assert await numbers(source_url) == await numbers(target_url) == {"task_numbers": 2**41}


async def test_the_service_goes_on_from_the_copy(source_url: str, target_url: str) -> None:
    async with run_service(source_url) as service, service.client("ada") as client:
        for number in range(3):
            await client.post("/api/v1/tasks", json={"title": f"task {number}", "priority": "low"})
        await client.delete("/api/v1/tasks/3", headers={"Idempotency-Key": "key"})
        before = await client.get("/api/v1/tasks")

    await copy_database(source_url, target_url, TABLES)

    async with run_service(target_url) as service, service.client("ada") as client:
        after = await client.get("/api/v1/tasks")
        created = await client.post("/api/v1/tasks", json={"title": "the next"})
    assert before.json() == after.json()
    assert before.headers["etag"] == after.headers["etag"]
    assert "/api/v1/tasks/4" == created.headers["location"]
    async with open_database(target_url) as database:
        assert 0 == await recount_all(database)


async def test_what_is_written_meanwhile_is_not_in_the_copy(
    source_url: str, target_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "BATCH", 2)
    async with run_service(source_url) as service, service.client("ada") as client:
        await client.post("/api/v1/tasks", json={"title": "before"})
        reports = iter(range(1000))
        background: list[asyncio.Task[Any]] = []

        def write_meanwhile(_: int) -> None:
            if next(reports) == 0:
                background.append(
                    asyncio.create_task(client.post("/api/v1/tasks", json={"title": "meanwhile"}))
                )

        # SQLite's source end never yields to the loop; here it must, for the service to write.
        original = ends._SqliteEnd.batches

        async def batches_with_pauses(self: Any, table: Table) -> Any:
            async for rows in original(self, table):
                yield rows
                await asyncio.sleep(0.2)

        monkeypatch.setattr(ends._SqliteEnd, "batches", batches_with_pauses)
        copied = await copy_database(source_url, target_url, TABLES, write_meanwhile)
        [response] = await asyncio.gather(*background)

    assert 201 == response.status_code
    assert (1, 1, 1) == tuple(copied[name].rows for name in ("users", "tasks", "task_versions"))


async def test_a_database_that_takes_no_writes_can_be_copied_but_not_copied_to(
    postgresql_url: str, target_url: str
) -> None:
    rows = await fill(postgresql_url)
    connection = await asyncpg.connect(postgresql_url)
    name = await connection.fetchval("SELECT quote_ident(current_database())")
    await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await connection.close()

    await copy_database(postgresql_url, target_url, TABLES)

    assert written(rows) == await read(target_url)
    with pytest.raises(DatabaseUnavailable, match="takes no writes"):
        await copy_database(target_url, postgresql_url, TABLES)


@asynccontextmanager
async def granted(server: Postgres, url: str, rights: str) -> AsyncIterator[str]:
    """The database's URL for a login that may read its tables, and owns nothing."""
    login = f"reader_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(url)
    await admin.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'x' {rights}")
    try:
        await admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {login}")
        yield url.replace(f"{server.user}:{server.password}@", f"{login}:x@")
    finally:
        await admin.execute(f"DROP OWNED BY {login}")
        await admin.execute(f"DROP ROLE {login}")
        await admin.close()


@pytest.mark.parametrize(
    ("rights", "reason"),
    [
        ("NOBYPASSRLS", r"the login may not reach all rows \(.*row-level security.*\); the one that owns"),
        ("BYPASSRLS", "the login may not read task_numbers; the one that owns"),
    ],
)
async def test_what_a_login_is_not_shown_is_not_taken_for_nothing(
    postgres_server: Postgres, postgresql_url: str, other_sqlite_url: str, rights: str, reason: str
) -> None:
    await fill(postgresql_url)
    fresh = await read(other_sqlite_url)

    async with granted(postgres_server, postgresql_url, rights) as url:
        with pytest.raises(DatabaseUnavailable, match=reason):
            await copy_database(url, other_sqlite_url, TABLES)

    assert fresh == await read(other_sqlite_url)


async def test_a_target_with_rows_is_refused_and_kept(source_url: str, target_url: str) -> None:
    await fill(source_url)
    async with run_service(target_url) as service, service.client("bob") as client:
        await client.post("/api/v1/tasks", json={"title": "precious"})
    before = await read(target_url)

    with pytest.raises(CopyRefused, match=r"the target is not new: there are rows in .*users"):
        await copy_database(source_url, target_url, TABLES)

    assert before == await read(target_url)


def _lost(rows: Sequence[Row]) -> Sequence[Row]:
    return rows[1:]


def _altered(rows: Sequence[Row]) -> Sequence[Row]:
    return [
        [value + "!" if isinstance(value, str) and place else value for place, value in enumerate(row)]
        for row in rows
    ]


@pytest.mark.parametrize("break_rows", [_lost, _altered])
async def test_a_copy_that_comes_out_different_is_refused_and_undone(
    source_url: str, target_url: str, monkeypatch: pytest.MonkeyPatch, break_rows: Any
) -> None:
    await fill(source_url)
    fresh = await read(target_url)
    for kind in (ends._SqliteEnd, ends._PostgresEnd):
        insert = kind.insert

        async def insert_wrongly(self: Any, table: Table, rows: Any, insert: Any = insert) -> None:
            await insert(self, table, break_rows(rows) if table.name == "task_versions" else rows)

        monkeypatch.setattr(kind, "insert", insert_wrongly)

    with pytest.raises((CopyRefused, DatabaseUnavailable)):
        await copy_database(source_url, target_url, TABLES)

    monkeypatch.undo()
    assert fresh == await read(target_url)
    assert {"task_numbers": 0} == await numbers(target_url)


async def test_a_copy_that_is_cut_short_leaves_the_target_empty(
    source_url: str, target_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "BATCH", 2)
    await fill(source_url)
    fresh = await read(target_url)
    reports = iter(range(1000))

    def interrupt(_: int) -> None:
        if next(reports) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await copy_database(source_url, target_url, TABLES, interrupt)

    assert fresh == await read(target_url)


async def test_progress_adds_up_to_what_was_announced(source_url: str, target_url: str) -> None:
    await fill(source_url, amount=2500)
    steps: list[int] = []

    announced = await count_rows(source_url, TABLES)
    await copy_database(source_url, target_url, TABLES, steps.append)

    assert announced == sum(steps) == 2500 * len(COMMON)
    assert len(steps) == 3 * len(COMMON)


async def test_a_database_is_not_copied_onto_itself(source_url: str) -> None:
    with pytest.raises(CopyRefused, match="the same database"):
        await copy_database(source_url, source_url, TABLES)


async def test_nobody_else_writes_to_the_target_meanwhile(sqlite_url: str, other_postgresql_url: str) -> None:
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(
            open_end(parse_database_url(other_postgresql_url), writable=True)
        )
        await target.lock(COMMON)
        intruder = await asyncpg.connect(other_postgresql_url)
        stack.push_async_callback(intruder.close)
        await intruder.execute("SET lock_timeout = '100ms'")

        with pytest.raises(asyncpg.LockNotAvailableError):
            await intruder.execute("INSERT INTO users VALUES ('x', null, null, null, now(), now())")


@pytest.mark.parametrize("missing", ["source", "target"])
async def test_a_file_that_is_not_there_is_not_made(sqlite_url: str, tmp_path: Any, missing: str) -> None:
    nowhere = f"sqlite:///{tmp_path / 'none.db'}"
    pair = (nowhere, sqlite_url) if missing == "source" else (sqlite_url, nowhere)

    with pytest.raises(DatabaseUnavailable, match="there is no"):
        await copy_database(*pair, TABLES)

    assert not (tmp_path / "none.db").exists()


def test_the_digest_of_rows_does_not_depend_on_their_order_but_on_every_value() -> None:
    rows = [["a", 1, None], ["b", 2, [{"y": 1, "x": 2}]]]

    there = Content().with_rows(rows)
    back = Content().with_rows([["b", 2, [{"x": 2, "y": 1}]]]).with_rows([["a", 1, None]])
    assert there == back
    assert there != Content().with_rows([rows[0], ["b", 2, [{"y": 1, "x": 3}]]])
    assert there != Content().with_rows([*rows, *rows])


async def test_a_column_that_numbers_itself_goes_on_after_the_copied_rows(other_postgresql_url: str) -> None:
    events = Table(
        "made_up_events", MetaData(), Column("id", BigInteger, primary_key=True), Column("kind", Text)
    )
    async with open_end(parse_database_url(other_postgresql_url), writable=True) as end:
        await end._connection.execute(
            "CREATE TABLE made_up_events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text)"
        )
        await end.insert(events, [[41, "copied"]])
        await end.set_numbers({})
        next_id = await end._connection.fetchval(
            "INSERT INTO made_up_events (kind) VALUES ('new') RETURNING id"
        )

    assert 42 == next_id
