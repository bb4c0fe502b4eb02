import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from donebook.cli import app


@pytest.fixture(autouse=True)
def nothing_else_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_backup_makes_the_file_and_says_so(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    file = tmp_path / "backup.db"

    result = CliRunner().invoke(app, ["backup", str(file)])

    assert 0 == result.exit_code
    assert f"{sqlite_url} is backed up in {file}" in result.stdout
    with closing(sqlite3.connect(file)) as backup:
        assert (0,) == backup.execute("SELECT count(*) FROM tasks").fetchone()


def test_backup_replaces_no_file(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    (tmp_path / "backup.db").write_text("precious")

    result = CliRunner().invoke(app, ["backup", str(tmp_path / "backup.db")])

    assert 1 == result.exit_code
    assert "exists already" in result.stderr
    assert "precious" == (tmp_path / "backup.db").read_text()


def test_backup_of_postgresql_names_the_ways_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada:canary@nowhere/tasks")

    result = CliRunner().invoke(app, ["backup", str(tmp_path / "backup.db")])

    assert 2 == result.exit_code
    assert "pg_dump" in result.stderr
    assert "donebook copy" in result.stderr
    assert "canary" not in result.output
