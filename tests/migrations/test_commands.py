"""Alembic's own command, from the root of the repository, with the service's settings."""

import os
import subprocess
import sys
from pathlib import Path

from alembic.script import ScriptDirectory

from donebook.storage.migrate import alembic_config, migrate
from tests.process.program import ROOT

REVISIONS = [script.revision for script in ScriptDirectory.from_config(alembic_config("")).walk_revisions()][
    ::-1
]


def alembic(url: str, *arguments: str, expect: int = 0) -> str:
    """What the command says."""
    run = subprocess.run(
        [Path(sys.executable).parent / "alembic", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert expect == run.returncode, run.stderr
    return run.stdout + run.stderr


def test_up_and_down_by_hand(empty_database_url: str) -> None:
    alembic(empty_database_url, "upgrade", "head")
    alembic(empty_database_url, "downgrade", "-1")

    assert [REVISIONS[-2]] == alembic(empty_database_url, "current").split()


def test_a_migrated_database_is_current_and_nothing_is_left_to_do(database_url: str) -> None:
    assert f"{REVISIONS[-1]} (head)" in alembic(database_url, "current")
    assert "No new upgrade operations detected." in alembic(database_url, "check")


def test_history_tells_every_revision(empty_sqlite_url: str) -> None:
    told = alembic(empty_sqlite_url, "history")

    assert REVISIONS == [line.split()[2].strip(",") for line in told.splitlines()[::-1]]


def test_a_mistaken_setting_is_one_clear_line() -> None:
    told = alembic("mysql://root:password@localhost/x", "current", expect=1)

    (line,) = told.splitlines()
    assert line.startswith("DATABASE_URL: ")
    assert "password@" not in line


def test_the_database_is_the_one_that_the_service_would_use(tmp_path: Path) -> None:
    path = tmp_path / "tasks.db"
    subprocess.run(
        [Path(sys.executable).parent / "alembic", "upgrade", "head"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "NEON_DATABASE_URL": f"sqlite:///{path}"},
        check=True,
        timeout=120,
    )

    assert path.exists()


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    database = tmp_path / "new.db"

    migrate(f"sqlite:///{database}")

    assert 0o600 == database.stat().st_mode & 0o777
