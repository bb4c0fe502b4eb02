import asyncio
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from alembic import command

from donebook.ledger.upkeep.usage import recount_all
from donebook.spaces.revisions import revision_at
from donebook.storage.migrate import alembic_config
from tests.cli.commands import CommandLine
from tests.databases import open_database
from tests.service import run_service

HEADS = "SELECT revision, floor FROM spaces"


@pytest.fixture
def commands(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(monkeypatch, DATABASE_URL=sqlite_url)


@pytest.fixture
def database(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


def write(url: str, title: str) -> None:
    async def write_it() -> None:
        async with run_service(url, log_requests=False) as service, service.client("ada") as client:
            assert 201 == (await client.post("/api/v1/tasks", json={"title": title})).status_code

    asyncio.run(write_it())


async def miscounted(url: str) -> int:
    async with open_database(url) as database:
        return await recount_all(database)


def ask(database: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(question).fetchall()


@pytest.fixture
def backup(commands: CommandLine, sqlite_url: str, tmp_path: Path) -> Path:
    """A backup that has the first of two tasks."""
    write(sqlite_url, "first")
    commands.lines("backup", str(tmp_path / "backup.db"))
    write(sqlite_url, "second")
    return tmp_path / "backup.db"


def test_a_backup_is_restored_with_new_revisions_and_what_was_there_is_kept(
    commands: CommandLine, database: Path, backup: Path, sqlite_url: str
) -> None:
    before = revision_at(datetime.now(UTC))

    told = commands.lines("restore", "--yes", str(backup))

    assert [("first",)] == ask(database, "SELECT title FROM tasks")
    [(revision, floor)] = ask(database, HEADS)
    assert before <= floor == revision <= revision_at(datetime.now(UTC))  # type: ignore[operator]
    [kept] = database.parent.glob(f"{database.name}.replaced-*")
    assert re.fullmatch(r".*\.replaced-\d{8}T\d{6}Z", kept.name)
    assert str(kept) in told[1]
    assert [("first",), ("second",)] == ask(kept, "SELECT title FROM tasks")
    assert [(1, 0)] == ask(backup, HEADS)
    # What the space counts is what is there.
    assert [(1,)] == ask(database, "SELECT tasks FROM spaces")
    assert 0 == asyncio.run(miscounted(sqlite_url))
    assert [] == list(database.parent.glob("*unfinished*"))


def test_revisions_go_beyond_those_of_the_database_that_is_replaced_whatever_the_clock_says(
    commands: CommandLine, database: Path, backup: Path
) -> None:
    ahead = revision_at(datetime.now(UTC)) + 2**40
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE spaces SET revision = ?", (ahead,))
        connection.commit()

    commands.lines("restore", "--yes", str(backup))

    assert [(ahead + 1, ahead + 1)] == ask(database, HEADS)


def test_what_was_there_is_deleted_if_asked(commands: CommandLine, database: Path, backup: Path) -> None:
    told = commands.lines("restore", "--yes", "--discard", str(backup))

    assert 1 == len(told)
    assert [] == list(database.parent.glob("*.replaced-*"))
    assert [("first",)] == ask(database, "SELECT title FROM tasks")


def test_it_asks_before_it_replaces_anything(commands: CommandLine, database: Path, backup: Path) -> None:
    refused = commands.run("restore", str(backup), typed="n\n")

    assert 1 == refused.exit_code
    assert "Replace" in refused.output
    assert [("first",), ("second",)] == ask(database, "SELECT title FROM tasks")

    assert 0 == commands.run("restore", str(backup), typed="y\n").exit_code
    assert [("first",)] == ask(database, "SELECT title FROM tasks")


def test_a_database_that_is_not_there_is_made_without_asking(
    commands: CommandLine, database: Path, backup: Path
) -> None:
    database.unlink()

    commands.lines("restore", str(backup))

    assert [("first",)] == ask(database, "SELECT title FROM tasks")


def test_a_backup_of_an_older_schema_is_migrated(commands: CommandLine, database: Path, backup: Path) -> None:
    command.downgrade(alembic_config(f"sqlite:///{backup}"), "0005")

    commands.lines("restore", "--yes", str(backup))

    assert [("first",)] == ask(database, "SELECT title FROM tasks")
    assert [("0005",)] == ask(backup, "SELECT version_num FROM alembic_version")
    [(revision, floor)] = ask(database, HEADS)
    assert revision == floor


@pytest.fixture
def other_process(database: Path, backup: Path) -> Iterator[None]:
    assert backup.exists()
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM tasks').fetchone()"
    )
    waiting = "; print('open', flush=True); sys.stdin.read()"
    with Popen([sys.executable, "-c", program + waiting, database], stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout is not None
        assert b"open\n" == process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


@pytest.mark.usefixtures("other_process")
def test_nothing_is_restored_while_the_database_is_in_use(
    commands: CommandLine, database: Path, backup: Path
) -> None:
    refused = commands.run("restore", "--yes", str(backup))

    assert 1 == refused.exit_code
    assert f"Nothing was restored: a process has {database} open; stop the service" in refused.stderr
    assert [("first",), ("second",)] == ask(database, "SELECT title FROM tasks")


def test_restore_of_postgresql_names_the_ways_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = CommandLine(monkeypatch, DATABASE_URL="postgresql://ada:canary@nowhere/tasks")

    result = commands.run("restore", str(tmp_path / "backup.db"))

    assert 2 == result.exit_code
    assert "pg_restore" in result.stderr
    assert "donebook renew-revisions" in result.stderr
    assert "canary" not in result.output


def test_renewing_revisions_asks_and_says_for_how_many_users(
    commands: CommandLine, database: Path, sqlite_url: str
) -> None:
    write(sqlite_url, "first")

    refused = commands.run("renew-revisions", typed="n\n")
    assert 1 == refused.exit_code
    assert [(1, 0)] == ask(database, HEADS)

    assert ["The revisions of 1 users are new"] == commands.lines("renew-revisions", "--yes")
    [(revision, floor)] = ask(database, HEADS)
    assert revision == floor


@pytest.mark.parametrize("command", [["restore"], ["renew-revisions"]], ids=" ".join)
def test_where_nobody_answers_nothing_is_done_and_the_option_is_named(
    commands: CommandLine, database: Path, backup: Path, command: list[str]
) -> None:
    before = ask(database, HEADS)

    result = commands.run(*command, *([str(backup)] if command == ["restore"] else []))

    assert 1 == result.exit_code
    assert "--yes" in result.stderr
    assert before == ask(database, HEADS)


def test_renewing_revisions_asks_nothing_about_a_database_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = CommandLine(monkeypatch, DATABASE_URL=f"sqlite:///{tmp_path}/none.db").run("renew-revisions")

    assert 1 == result.exit_code
    assert "?" not in result.output
    assert f"there is no file {tmp_path}/none.db" in result.stderr


@pytest.mark.parametrize("name", ["backup", "restore", "copy", "renew-revisions"])
def test_the_help_has_an_example(commands: CommandLine, name: str) -> None:
    assert f"Example: donebook {name}" in " ".join(commands.run(name, "--help").stdout.split())
