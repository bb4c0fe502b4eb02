import errno
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from donebook.errors import DatabaseUnavailable
from donebook.storage.backup import back_up
from tests.service import run_service

# Writes pairs that only make sense together, without end, until it is killed.
WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("PRAGMA synchronous=OFF")
number = 0
while True:
    number += 1
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO pairs VALUES (?, randomblob(5000))", (number,))
    connection.execute("UPDATE latest SET number = ?", (number,))
    connection.execute("COMMIT")
    if number == 200:
        print("busy", flush=True)
"""


@pytest.fixture
def database(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


def restore(backup: Path, database: Path) -> None:
    """As the documents say: without the service, put the file in the database's place."""
    for beside in ("-wal", "-shm"):
        Path(f"{database}{beside}").unlink(missing_ok=True)
    backup.replace(database)


async def test_the_service_answers_from_a_restored_backup(
    sqlite_url: str, database: Path, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.db"
    async with run_service(sqlite_url) as service, service.client("ada") as client:
        created = (await client.post("/api/v1/tasks", json={"title": "before"})).json()
        back_up(database, backup)
        await client.post("/api/v1/tasks", json={"title": "after"})

    restore(backup, database)

    async with run_service(sqlite_url) as service, service.client("ada") as client:
        assert [created] == (await client.get("/api/v1/tasks")).json()
        assert 201 == (await client.post("/api/v1/tasks", json={"title": "goes on"})).status_code


def test_a_backup_is_of_one_moment_and_ends_although_another_process_writes(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("donebook.storage.backup._PAGES_AT_ONCE", 8)
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(
            "CREATE TABLE pairs (number INTEGER PRIMARY KEY, filler BLOB);"
            "CREATE TABLE latest (number INTEGER); INSERT INTO latest VALUES (0);"
        )
    steps: list[tuple[int, int]] = []

    def take_a_while(done: int, total: int) -> None:
        steps.append((done, total))
        time.sleep(0.005)
        assert len(steps) < 10_000, "the copy began anew, without end"

    with subprocess.Popen([sys.executable, "-c", WRITER, database], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert b"busy\n" == writer.stdout.readline()
        try:
            back_up(database, tmp_path / "backup.db", take_a_while)
            with closing(sqlite3.connect(database)) as connection:
                went_on_to = connection.execute("SELECT number FROM latest").fetchone()[0]
        finally:
            writer.kill()

    with closing(sqlite3.connect(tmp_path / "backup.db")) as backup:
        latest, count, greatest = backup.execute(
            "SELECT latest.number, count(*), max(pairs.number) FROM latest, pairs"
        ).fetchone()
    assert 200 <= latest == count == greatest < went_on_to
    assert len(steps) > 10
    assert sorted(steps) == steps, "the copy began anew"
    assert {steps[-1][1]} == {total for _, total in steps}


def test_a_file_that_exists_is_not_replaced(database: Path, tmp_path: Path) -> None:
    file = tmp_path / "precious"
    file.write_text("kept")

    with pytest.raises(FileExistsError):
        back_up(database, file)

    assert "kept" == file.read_text()


@pytest.fixture
def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system like exFAT, on which a file has one name."""

    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", source, None, target)

    monkeypatch.setattr("os.link", refuse)


@pytest.mark.parametrize("links", [True, False])
def test_a_backup_is_one_private_file(
    request: pytest.FixtureRequest, database: Path, tmp_path: Path, links: bool
) -> None:
    if not links:
        request.getfixturevalue("without_links")
    (tmp_path / "backups").mkdir()
    file = tmp_path / "backups" / "monday.db"

    back_up(database, file)

    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as backup:
        assert "delete" == backup.execute("PRAGMA journal_mode").fetchone()[0]
        assert "ok" == backup.execute("PRAGMA integrity_check").fetchone()[0]
        assert (0,) == backup.execute("SELECT count(*) FROM tasks").fetchone()
    assert [file] == list(file.parent.iterdir())
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_comes_to_be_meanwhile_is_not_replaced(
    request: pytest.FixtureRequest, database: Path, tmp_path: Path, links: bool
) -> None:
    if not links:
        request.getfixturevalue("without_links")
    file = tmp_path / "precious"

    def write_meanwhile(done: int, total: int) -> None:
        file.write_text("kept")

    with pytest.raises(FileExistsError):
        back_up(database, file, write_meanwhile)

    assert "kept" == file.read_text()
    assert not (tmp_path / "precious.unfinished").exists()


@pytest.mark.usefixtures("without_links")
def test_a_name_that_cannot_be_given_is_not_left_behind(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Path, target: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "replace", fail)

    with pytest.raises(OSError, match="Input/output error"):
        back_up(database, tmp_path / "backup.db")

    assert [database] == list(tmp_path.iterdir())


def test_a_damaged_database_makes_no_backup(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page_size = connection.execute("PRAGMA page_size").fetchone()[0]
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'tasks'").fetchone()[0]
    with database.open("r+b") as file:
        file.seek((root - 1) * page_size)
        file.write(b"\xff" * page_size)

    with pytest.raises(DatabaseUnavailable):
        back_up(database, tmp_path / "backup.db")

    assert not (tmp_path / "backup.db").exists()
    assert not (tmp_path / "backup.db.unfinished").exists()


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"there is no .*none\.db"):
        back_up(tmp_path / "none.db", tmp_path / "backup.db")

    assert [] == list(tmp_path.iterdir())
