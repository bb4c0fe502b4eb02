import errno
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from donebook.storage.backup import back_up
from donebook.storage.migrate import migrate
from donebook.storage.restore import RestoreRefused, restore_file
from donebook.storage.sqlite import connect

OPENED = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]).fetchone()"
WAITING = "; print('open', flush=True); sys.stdin.read()"


@pytest.fixture
def database(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
def backup(database: Path, tmp_path: Path) -> Path:
    """A backup in which somebody is, who is not in the database any more."""
    file = tmp_path / "backup.db"
    with closing(connect(database)) as connection:
        connection.execute("INSERT INTO service_keys VALUES ('then', x'00')")
        back_up(database, file)
        connection.execute("UPDATE service_keys SET name = 'now'")
    return file


def nothing_to_prepare(copy: Path, highest: int) -> None:
    assert highest >= 0


def names_in(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM service_keys")]


def files_beside(database: Path) -> set[str]:
    return {each.name for each in database.parent.iterdir() if each.name.startswith(database.name)}


def test_the_backup_takes_the_place_and_the_database_is_kept_aside(
    database: Path, backup: Path, tmp_path: Path
) -> None:
    aside = tmp_path / "aside.db"

    restore_file(database, backup, nothing_to_prepare, aside)

    assert ["then"] == names_in(database)
    assert ["now"] == names_in(aside)
    assert ["then"] == names_in(backup)
    assert 0o600 == stat.S_IMODE(database.stat().st_mode)
    assert {database.name} == files_beside(database)


def test_the_database_is_kept_aside_where_files_cannot_be_linked(
    database: Path, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", source, None, target)

    monkeypatch.setattr("os.link", refuse)

    restore_file(database, backup, nothing_to_prepare, tmp_path / "aside.db")

    assert (["then"], ["now"]) == (names_in(database), names_in(tmp_path / "aside.db"))
    assert 0o600 == stat.S_IMODE((tmp_path / "aside.db").stat().st_mode)


def test_the_database_is_not_kept_unless_asked(database: Path, backup: Path, tmp_path: Path) -> None:
    restore_file(database, backup, nothing_to_prepare)

    assert ["then"] == names_in(database)
    assert {database.name, backup.name} == {each.name for each in tmp_path.iterdir()}


def test_a_database_that_is_not_there_is_made(database: Path, backup: Path) -> None:
    database.unlink()
    # What is left of it would be applied to the new one.
    for suffix in ("-wal", "-shm", "-journal"):
        database.with_name(database.name + suffix).write_bytes(b"left over")

    restore_file(database, backup, nothing_to_prepare)

    assert ["then"] == names_in(database)
    assert {database.name} == files_beside(database)


def test_a_damaged_database_is_replaced(database: Path, backup: Path, tmp_path: Path) -> None:
    database.write_bytes(b"no database at all" * 1000)
    wal = database.with_name(f"{database.name}-wal")
    wal.write_bytes(b"its log")

    restore_file(database, backup, nothing_to_prepare, tmp_path / "aside.db")

    assert ["then"] == names_in(database)
    assert (tmp_path / "aside.db").read_bytes().startswith(b"no database at all")
    assert b"its log" == (tmp_path / "aside.db-wal").read_bytes()
    assert {database.name} == files_beside(database)


@pytest.fixture(params=["SELECT count(*) FROM tasks", "BEGIN IMMEDIATE"])
def other_process(request: pytest.FixtureRequest, database: Path, backup: Path) -> Iterator[None]:
    """A process that has the database open: it once read, as an idle service did, or it writes."""
    assert backup.exists()
    command = [sys.executable, "-c", OPENED + WAITING, str(database), request.param]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert b"open\n" == process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


@pytest.mark.usefixtures("other_process")
def test_nothing_is_restored_while_a_process_has_the_database_open(
    database: Path, backup: Path, tmp_path: Path
) -> None:
    before = {each.name for each in tmp_path.iterdir()}

    with pytest.raises(RestoreRefused, match=r"a process has .* open; stop the service"):
        restore_file(database, backup, nothing_to_prepare, tmp_path / "aside.db")

    assert before >= {each.name for each in tmp_path.iterdir()}


def test_no_process_can_open_the_database_meanwhile(database: Path, backup: Path) -> None:
    def open_it(copy: Path, highest: int) -> None:
        command = [sys.executable, "-c", OPENED, str(database), "SELECT count(*) FROM tasks"]
        wait_less = [each.replace("argv[1])", "argv[1], timeout=0)") for each in command]
        done = subprocess.run(wait_less, capture_output=True, text=True, check=False)
        assert "database is locked" in done.stderr

    restore_file(database, backup, open_it)

    assert ["then"] == names_in(database)


def test_who_opened_the_old_file_cannot_log_beside_the_new_one(database: Path, backup: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as late:
        restore_file(database, backup, nothing_to_prepare)

        with pytest.raises(sqlite3.OperationalError):
            late.execute("PRAGMA journal_mode=WAL")

    assert {database.name} == files_beside(database)


def test_what_the_database_had_in_its_log_only_is_kept_aside(
    database: Path, backup: Path, tmp_path: Path
) -> None:
    with closing(connect(database)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("UPDATE service_keys SET name = 'logged'")
        log = database.with_name(f"{database.name}-wal").read_bytes()
        content = database.read_bytes()
    # As after a crash: closing it has written the log into the file.
    database.write_bytes(content)
    database.with_name(f"{database.name}-wal").write_bytes(log)

    restore_file(database, backup, nothing_to_prepare, tmp_path / "aside.db")

    assert (["then"], ["logged"]) == (names_in(database), names_in(tmp_path / "aside.db"))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("missing", "there is no"),
        ("text", "is no backup of a Donebook database"),
        ("empty", "is no backup of a Donebook database"),
        ("another", "is no backup of a Donebook database"),
        ("damaged", "is no backup of a Donebook database"),
        ("newer", "is of a newer donebook; update this one"),
        ("itself", "is the database itself"),
    ],
)
def test_what_is_no_backup_is_not_restored(
    database: Path, backup: Path, tmp_path: Path, content: str, why: str
) -> None:
    match content:
        case "missing":
            backup.unlink()
        case "text":
            backup.write_text("no database at all")
        case "empty":
            backup.write_bytes(b"")
        case "another":
            backup.unlink()
            with closing(sqlite3.connect(backup)) as connection:
                connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
                connection.execute("INSERT INTO alembic_version VALUES ('0001')")
                connection.commit()
        case "damaged":
            with backup.open("r+b") as file:
                file.seek(4096)
                file.write(b"\xff" * 8192)
        case "newer":
            with closing(sqlite3.connect(backup)) as connection:
                connection.execute("UPDATE alembic_version SET version_num = '9999'")
                connection.commit()
        case "itself":
            backup = database
    before = {each.name for each in tmp_path.iterdir()}

    with pytest.raises(RestoreRefused, match=why):
        restore_file(database, backup, nothing_to_prepare, tmp_path / "aside.db")

    assert ["now"] == names_in(database)
    assert before >= {each.name for each in tmp_path.iterdir()}


def test_a_backup_that_cannot_be_prepared_leaves_everything_as_it_was(
    database: Path, backup: Path, tmp_path: Path
) -> None:
    def fail(copy: Path, highest: int) -> None:
        migrate(f"sqlite:///{copy}")
        raise OSError(errno.ENOSPC, "No space left on device")

    before = {each.name for each in tmp_path.iterdir()}
    with pytest.raises(OSError, match="No space left"):
        restore_file(database, backup, fail, tmp_path / "aside.db")

    assert ["now"] == names_in(database)
    assert before >= {each.name for each in tmp_path.iterdir()}


def test_a_file_that_exists_is_not_what_the_database_is_kept_as(
    database: Path, backup: Path, tmp_path: Path
) -> None:
    (tmp_path / "aside.db").write_text("precious")

    with pytest.raises(RestoreRefused, match=r"aside\.db exists already"):
        restore_file(database, backup, nothing_to_prepare, tmp_path / "aside.db")

    assert "precious" == (tmp_path / "aside.db").read_text()
