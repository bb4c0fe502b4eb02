"""Several processes that put one new SQLite file into WAL mode."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from donebook.storage.write_ahead_log import use_write_ahead_log


def test_it_waits_for_another_who_is_about_to_write_in_the_old_mode(tmp_path: Path) -> None:
    with closing(_open(tmp_path / "new.db")) as other, closing(_open(tmp_path / "new.db")) as ours:
        other.execute("CREATE TABLE things (id INTEGER)")
        other.execute("BEGIN IMMEDIATE")

        use_write_ahead_log(ours, wait_seconds=60, pause=lambda seconds: other.execute("COMMIT"))

        assert ours.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_it_says_so_when_the_other_does_not_end_in_time(tmp_path: Path) -> None:
    with closing(_open(tmp_path / "new.db")) as other, closing(_open(tmp_path / "new.db")) as ours:
        other.execute("CREATE TABLE things (id INTEGER)")
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            use_write_ahead_log(ours, wait_seconds=0)


def test_what_is_no_database_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_bytes(b"Dear reader, this is no database. " * 100)

    with (
        closing(_open(tmp_path / "letter.db")) as ours,
        pytest.raises(sqlite3.DatabaseError, match="not a database"),
    ):
        use_write_ahead_log(ours, wait_seconds=60)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=0)
