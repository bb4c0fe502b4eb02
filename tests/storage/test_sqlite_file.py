"""A SQLite file that is moved, replaced or deleted while it is in use."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Text, bindparam, literal, select, update

from donebook.errors import DatabaseUnavailable
from donebook.spaces.model import spaces
from donebook.storage.database import Transaction
from donebook.storage.readiness import Readiness
from donebook.storage.sqlite import SqliteDatabase
from donebook.storage.sqlite_file import LOOK_SECONDS, FileAway
from donebook.storage.statement import Statement

ADD = Statement("add", spaces.insert().values(id=bindparam("id", type_=Text)))
RAISE = Statement("raise", update(spaces).values(revision=spaces.c.revision + literal(1, BigInteger)))
READ = Statement("read", select(spaces.c.id, spaces.c.revision))

Break = Callable[[Path], None]


def move_away(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))


def move_back(path: Path) -> None:
    path.with_name("elsewhere").rename(path)


def replace(path: Path) -> None:
    move_away(path)
    shutil.copy(path.with_name("elsewhere"), path)


def put_back(path: Path) -> None:
    path.unlink()
    move_back(path)


def log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def move_log_away(path: Path) -> None:
    move_away(log_of(path))


def move_log_back(path: Path) -> None:
    move_back(log_of(path))


def replace_log(path: Path) -> None:
    replace(log_of(path))


def put_log_back(path: Path) -> None:
    put_back(log_of(path))


def delete(path: Path) -> None:
    path.unlink()


def there(path: Path) -> list[Path]:
    return [each for each in path.parent.iterdir() if each.name == path.name]


WAYS = pytest.mark.parametrize(
    ("breaks", "mends"),
    [
        (move_away, move_back),
        (replace, put_back),
        (move_log_away, move_log_back),
        (replace_log, put_log_back),
    ],
)


@pytest.fixture
def path(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
async def database(path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(path, busy_seconds=0.05)
    await database.open()
    await database.write(ADD, {"id": "ada"})
    await database.read(READ, {})
    yield database
    await database.close()


async def noticed(database: SqliteDatabase) -> str:
    """What a read says, as soon as it says that the file is away."""
    async with asyncio.timeout(30):
        while True:
            try:
                await database.read(READ, {})
            except DatabaseUnavailable as failure:
                return str(failure)
            await asyncio.sleep(0.01)


async def recovered(database: SqliteDatabase) -> list[tuple[str, int]]:
    async with asyncio.timeout(30):
        while True:
            try:
                return [(row[0], row[1]) for row in await database.read(READ, {})]
            except DatabaseUnavailable:
                await asyncio.sleep(0.01)


@WAYS
async def test_writes_are_refused_at_once_and_go_on_when_it_is_back(
    database: SqliteDatabase, path: Path, breaks: Break, mends: Break
) -> None:
    breaks(path)
    for _ in range(3):
        with pytest.raises(FileAway):
            await database.write(RAISE, {})
    mends(path)

    await database.write(RAISE, {})

    assert [("ada", 1)] == await recovered(database)


@WAYS
async def test_reads_are_refused_soon_and_go_on_when_it_is_back(
    database: SqliteDatabase, path: Path, breaks: Break, mends: Break, caplog: pytest.LogCaptureFixture
) -> None:
    breaks(path)

    said = await noticed(database)
    mends(path)
    await recovered(database)

    assert said.startswith("the database's ")
    assert [said, "the database's file is back"] == caplog.messages
    assert LOOK_SECONDS * 2 < 1


async def test_a_deleted_file_is_not_made_anew(database: SqliteDatabase, path: Path) -> None:
    delete(path)
    await noticed(database)
    with pytest.raises(FileAway):
        await database.write(RAISE, {})

    assert [] == there(path)


async def test_a_file_that_goes_while_a_write_is_under_way_has_not_taken_it(
    database: SqliteDatabase, path: Path
) -> None:
    async def write_and_lose(transaction: Transaction) -> None:
        await transaction.fetch(RAISE, {})
        move_away(path)

    with pytest.raises(FileAway):
        await database.transact(write_and_lose)
    move_back(path)

    assert [("ada", 0)] == await recovered(database)


async def test_readiness_says_why(database: SqliteDatabase, path: Path) -> None:
    readiness = Readiness(database, f"sqlite:///{path}", auto_migrate=False)
    await readiness.start()
    await readiness.check()

    move_away(path)
    said = await noticed(database)
    with pytest.raises(DatabaseUnavailable, match="was moved or deleted: put it back") as failure:
        await readiness.check()
    assert said == str(failure.value)
    assert str(path) not in said
    move_back(path)
    await recovered(database)
    await readiness.check()
    await readiness.stop()


async def test_a_file_behind_a_link_is_the_one_that_the_link_leads_to(path: Path) -> None:
    link = path.parent / "link" / "name.db"
    link.parent.mkdir()
    link.symlink_to(path)
    database = SqliteDatabase(link)
    await database.open()
    await database.write(ADD, {"id": "ada"})
    move_log_away(path)
    with pytest.raises(FileAway):
        await database.write(RAISE, {})
    move_log_back(path)
    await database.write(RAISE, {})
    await database.close()
