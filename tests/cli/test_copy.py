import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from donebook.cli import app
from tests.service import run_service


@pytest.fixture(autouse=True)
def nothing_else_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_a_task(url: str) -> None:
    async def write() -> None:
        async with run_service(url, log_requests=False) as service, service.client("ada") as client:
            await client.post("/api/v1/tasks", json={"title": "Buy milk"})

    asyncio.run(write())


def read_tasks(url: str) -> list[str]:
    async def read() -> list[str]:
        async with run_service(url, log_requests=False) as service, service.client("ada") as client:
            return [task["title"] for task in (await client.get("/api/v1/tasks")).json()]

    return asyncio.run(read())


def test_copy_goes_to_an_empty_postgresql_and_back_to_a_new_file(
    sqlite_url: str, empty_postgresql_url: str, tmp_path: Path
) -> None:
    write_a_task(sqlite_url)
    back_url = f"sqlite:///{tmp_path / 'back.db'}"

    there = CliRunner().invoke(app, ["copy", sqlite_url, empty_postgresql_url])
    back = CliRunner().invoke(app, ["copy", empty_postgresql_url, back_url])

    assert [0, 0] == [there.exit_code, back.exit_code], there.output + back.output
    password = empty_postgresql_url.split(":")[2].split("@", maxsplit=1)[0]
    assert password not in there.output + back.output
    lines = [[line for line in each.stdout.splitlines() if "  tasks  " in line] for each in (there, back)]
    assert lines[0] == lines[1]
    assert ["1", "tasks"] == lines[0][0].split()[:2]
    assert ["Buy milk"] == read_tasks(back_url)


def test_copy_leaves_a_database_in_use_alone(sqlite_url: str, other_sqlite_url: str) -> None:
    write_a_task(sqlite_url)
    write_a_task(other_sqlite_url)

    result = CliRunner().invoke(app, ["copy", sqlite_url, other_sqlite_url])

    assert 1 == result.exit_code
    assert "Nothing was copied: the target is not new" in result.stderr


def test_copy_of_an_older_schema_says_what_to_do(sqlite_url: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()

    result = CliRunner().invoke(app, ["copy", sqlite_url, f"sqlite:///{tmp_path / 'new.db'}"])

    assert 1 == result.exit_code
    assert "donebook migrate" in result.stderr
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize(
    ("source", "status", "expected"),
    [
        ("mysql://ada:canary@nowhere/tasks", 2, "SOURCE"),
        ("postgresql://ada:canary@127.0.0.1:1/tasks", 1, "Nothing was copied"),
        (" postgresql://ada:canary@127.0.0.1:1/tasks\n", 1, "Nothing was copied"),
    ],
)
def test_copy_of_what_cannot_be_read_fails_in_one_line_without_the_password(
    sqlite_url: str, source: str, status: int, expected: str
) -> None:
    result = CliRunner().invoke(app, ["copy", source, sqlite_url])

    assert status == result.exit_code
    assert result.stderr.startswith(expected)
    assert 1 == len(result.stderr.splitlines())
    assert "canary" not in result.output
