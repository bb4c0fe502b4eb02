"""SQLite: writes in groups on one thread, and what happens when the file cannot be used."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Text, bindparam, select, update

from donebook.errors import DatabaseUnavailable, Failure, TaskNotFound
from donebook.spaces.model import spaces
from donebook.storage import sqlite as module
from donebook.storage.database import Transaction
from donebook.storage.sqlite import SqliteDatabase
from donebook.storage.statement import Statement

MINE = spaces.c.id == bindparam("owner", type_=Text)
REVISION = Statement("revision", select(spaces.c.revision).where(MINE))
RAISE = Statement(
    "raise",
    update(spaces).where(MINE).values(revision=spaces.c.revision + bindparam("by", type_=BigInteger)),
)
ADA = {"owner": "ada", "by": 1}


@pytest.fixture
def path(sqlite_url: str) -> Path:
    """A migrated file with a user."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO spaces (id) VALUES ('ada')")
        connection.commit()
    return path


@pytest.fixture
async def database(path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(path, busy_seconds=0.05)
    await database.open()
    yield database
    await database.close()


def stored_revision(path: Path) -> int:
    """What another process reads."""
    with closing(sqlite3.connect(path)) as connection:
        (revision,) = connection.execute("SELECT revision FROM spaces").fetchone()
        assert isinstance(revision, int)
        return revision


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """As long as another process writes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


async def raise_revision(transaction: Transaction) -> int:
    await transaction.fetch(RAISE, ADA)
    revision: int = (await transaction.fetch(REVISION, ADA))[0][0]
    return revision


async def raise_and_fail(transaction: Transaction) -> None:
    await transaction.fetch(RAISE, ADA)
    raise TaskNotFound


async def test_a_write_is_committed_when_it_returns(database: SqliteDatabase, path: Path) -> None:
    await database.write(RAISE, ADA)

    assert 1 == stored_revision(path) == (await database.read(REVISION, ADA))[0][0]


async def test_writes_that_wait_together_are_committed_together(
    database: SqliteDatabase, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    connect = module.connect

    def connect_and_trace(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*args, **options)
        connection.set_trace_callback(said.append)
        return connection

    monkeypatch.setattr(module, "connect", connect_and_trace)
    revisions = await asyncio.gather(*(database.transact(raise_revision) for _ in range(200)))

    assert list(range(1, 201)) == revisions
    assert 200 == stored_revision(path)
    assert said.count("COMMIT") < 20


async def test_work_that_fails_undoes_itself_and_nothing_else(database: SqliteDatabase, path: Path) -> None:
    outcomes = await asyncio.gather(
        *(database.transact(raise_and_fail if number % 2 else raise_revision) for number in range(10)),
        return_exceptions=True,
    )

    assert [1, 2, 3, 4, 5] == [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert 5 == sum(isinstance(outcome, TaskNotFound) for outcome in outcomes)
    assert 5 == stored_revision(path)


async def test_a_mistake_of_ours_is_not_called_unavailability(database: SqliteDatabase, path: Path) -> None:
    bad = Statement("bad", update(spaces).values(revision=bindparam("revision", type_=BigInteger)))

    with pytest.raises(sqlite3.IntegrityError):
        await database.write(bad, {"revision": -1})

    assert 1 == await database.transact(raise_revision)


async def test_work_that_awaits_something_else_is_refused(database: SqliteDatabase, path: Path) -> None:
    async def wait(transaction: Transaction) -> None:
        await transaction.fetch(RAISE, ADA)
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="may await nothing but its transaction"):
        await database.transact(wait)

    assert 0 == stored_revision(path)
    assert 1 == await database.transact(raise_revision)


async def test_while_another_process_writes_ours_are_refused_and_reads_go_on(
    database: SqliteDatabase, path: Path
) -> None:
    with locked(path):
        with pytest.raises(DatabaseUnavailable):
            await database.transact(raise_revision)
        assert 0 == (await database.read(REVISION, ADA))[0][0]

    assert 1 == await database.transact(raise_revision)


async def test_a_reader_sees_what_is_committed_and_no_more(database: SqliteDatabase) -> None:
    seen: list[int] = []

    async def read() -> None:
        while not seen or seen[-1] < 300:
            seen.append((await database.read(REVISION, ADA))[0][0])
            await asyncio.sleep(0)

    async def raise_by_three(transaction: Transaction) -> None:
        for _ in range(3):
            await transaction.fetch(RAISE, ADA)

    await asyncio.gather(read(), *(database.transact(raise_by_three) for _ in range(100)))

    assert sorted(seen) == seen
    assert {0} == {revision % 3 for revision in seen}


async def test_a_write_whose_caller_has_gone_does_not_disturb_the_others(
    database: SqliteDatabase, path: Path
) -> None:
    writes = [asyncio.ensure_future(database.transact(raise_revision)) for _ in range(10)]
    await asyncio.sleep(0)
    writes[3].cancel()

    outcomes = await asyncio.gather(*writes, return_exceptions=True)

    assert 9 == sum(isinstance(outcome, int) for outcome in outcomes)
    assert stored_revision(path) == max(outcome for outcome in outcomes if isinstance(outcome, int))


@pytest.mark.parametrize("bad", ["missing/tasks.db", "."])
async def test_a_path_that_cannot_be_opened_is_unavailability(tmp_path: Path, bad: str) -> None:
    database = SqliteDatabase(tmp_path / bad)
    await database.open()

    with pytest.raises(DatabaseUnavailable):
        await database.read(REVISION, ADA)
    with pytest.raises(DatabaseUnavailable):
        await database.write(RAISE, ADA)

    await database.close()


async def test_a_file_that_is_no_database_is_unavailability(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear reader, " * 1000)
    database = SqliteDatabase(tmp_path / "letter.txt")
    await database.open()

    with pytest.raises(DatabaseUnavailable):
        await database.read(REVISION, ADA)
    with pytest.raises(DatabaseUnavailable):
        await database.write(RAISE, ADA)

    await database.close()


async def test_a_file_that_appears_later_is_used_then(path: Path, tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "later" / "tasks.db")
    await database.open()
    with pytest.raises(DatabaseUnavailable):
        await database.write(RAISE, ADA)

    (tmp_path / "later").mkdir()
    with closing(sqlite3.connect(path)) as there, closing(sqlite3.connect(database.path)) as here:
        there.backup(here)

    assert 1 == await database.transact(raise_revision)
    assert 1 == (await database.read(REVISION, ADA))[0][0]
    await database.close()


async def test_closing_finishes_the_writes_under_way_and_refuses_later_ones(
    database: SqliteDatabase, path: Path
) -> None:
    writes = [asyncio.ensure_future(database.transact(raise_revision)) for _ in range(50)]
    await asyncio.sleep(0)

    closing_now = asyncio.ensure_future(database.close())
    await asyncio.sleep(0)
    with pytest.raises(DatabaseUnavailable):
        await database.transact(raise_revision)
    await closing_now

    assert list(range(1, 51)) == await asyncio.gather(*writes)
    assert 50 == stored_revision(path)


async def test_what_was_never_opened_is_unavailability(path: Path) -> None:
    with pytest.raises(Failure):
        await SqliteDatabase(path).write(RAISE, ADA)


async def test_foreign_keys_are_enforced(database: SqliteDatabase, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        sql = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'tasks'").fetchone()[0]
    assert "REFERENCES spaces" in sql.replace('"', "")

    async def orphan(transaction: Transaction) -> None:
        statement = "INSERT INTO tombstones VALUES ('nobody', 1, 1, '1', '2030')"
        transaction._connection.execute(statement)  # type: ignore[attr-defined]

    with pytest.raises(sqlite3.IntegrityError):
        await database.transact(orphan)
