"""Starting: several workers, the first secret, a schema that is not to be migrated, mistakes."""

import os
import stat
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.faults.breaks import mistaken_environment
from tests.process.program import PATIENCE, ROOT, Program, run_program, serve
from tests.servers.ports import free_port
from tests.service import bearer

PROGRAMS = Path(sys.executable).parent


def wait_until_ready(program: Program) -> None:
    deadline = time.monotonic() + PATIENCE
    while (answer := httpx.get(f"{program.url}/health/ready")).status_code != 200:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)


def run(command: list[str], directory: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a program of ours to its end."""
    return subprocess.run(
        [PROGRAMS / command[0], *command[1:]],
        cwd=directory,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            **environment,
            **mistaken_environment(directory),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_four_workers_start_on_an_empty_database_and_share_a_secret_that_one_of_them_made(
    tmp_path: Path, empty_database_url: str
) -> None:
    port = free_port()
    command = ["uvicorn", "main:app", "--app-dir", str(ROOT), "--port", str(port), "--workers", "4"]
    environment = {"DATABASE_URL": empty_database_url, "JWT_SECRET": ""}

    with run_program(command, port, tmp_path, environment) as program:
        token = run(
            ["donebook", "token", "--user", "ada"], tmp_path, DATABASE_URL=empty_database_url
        ).stdout.strip()
        headers = {"Authorization": f"Bearer {token}"}
        # Each on a connection of its own, which any of the workers may accept.
        answers = [
            httpx.post(f"{program.url}/api/v1/tasks", json={"title": str(number)}, headers=headers)
            for number in range(24)
        ]
        ready = [httpx.get(f"{program.url}/health/ready").status_code for _ in range(12)]
        listed = httpx.get(f"{program.url}/api/v1/tasks", headers=headers).json()
        status = program.stop()
        log = program.log()

    assert [201] * 24 == [answer.status_code for answer in answers]
    assert [200] * 12 == ready
    assert [str(number) for number in range(24)] == [task["title"] for task in listed]
    assert "Traceback" not in log
    assert 4 == log.count("Application startup complete.")
    assert 0 == status
    (secret,) = tmp_path.rglob(".donebook-secret")
    assert 0o600 == stat.S_IMODE(secret.stat().st_mode)


def test_an_unmigrated_database_is_told_of_and_served_from_once_it_is_migrated(
    tmp_path: Path, empty_database_url: str
) -> None:
    with serve(tmp_path, DATABASE_URL=empty_database_url, AUTO_MIGRATE="false") as program:
        unready = httpx.get(f"{program.url}/health/ready")
        refused = httpx.get(f"{program.url}/api/v1/tasks", headers=bearer("ada"))
        migrated = run(["donebook", "migrate"], tmp_path, DATABASE_URL=empty_database_url)
        wait_until_ready(program)
        served = httpx.get(f"{program.url}/api/v1/tasks", headers=bearer("ada"))

    assert (503, "the database is not migrated; run: donebook migrate") == (
        unready.status_code,
        unready.json()["reason"],
    )
    assert (503, "DATABASE_UNAVAILABLE") == (refused.status_code, refused.json()["code"])
    assert 0 == migrated.returncode, migrated.stderr
    assert (200, []) == (served.status_code, served.json())


@pytest.mark.parametrize(
    "command",
    [["uvicorn", "main:app", "--app-dir", str(ROOT)], ["donebook", "serve", "--workers", "2"]],
    ids=lambda command: command[0],
)
def test_mistaken_settings_are_a_clear_line_each(tmp_path: Path, command: list[str]) -> None:
    ended = run(
        command,
        tmp_path,
        DATABASE_URL="mysql://root:password@localhost/tasks",
        DATABASE_POOL_SIZE="many",
        JWT_ALGORITHM="none",
    )

    told = ended.stderr.splitlines()
    assert ended.returncode != 0
    assert ["DATABASE_POOL_SIZE", "DATABASE_URL", "JWT_ALGORITHM"] == sorted(
        line.partition(":")[0] for line in told
    )
    assert "password@" not in ended.stderr


@pytest.mark.parametrize("command", ["serve", "token --user ada"])
def test_a_secret_that_cannot_be_kept_is_one_clear_line(tmp_path: Path, command: str) -> None:
    (tmp_path / ".donebook-secret").mkdir()

    ended = run(["donebook", *command.split()], tmp_path)

    (line,) = ended.stderr.splitlines()
    assert 2 == ended.returncode
    assert line.startswith(f"JWT_SECRET: is required where none can be kept in {tmp_path} (")


@pytest.mark.parametrize("command", ["serve", "migrate"])
async def test_a_database_that_will_not_take_the_schema_is_one_clear_line(
    tmp_path: Path, empty_postgresql_url: str, command: str
) -> None:
    (tmp_path / "notes.txt").write_text("not a database\n" * 100)
    connection = await asyncpg.connect(empty_postgresql_url)
    await connection.execute("CREATE TABLE users (id int)")
    await connection.close()

    for url, why in (
        ("sqlite:///notes.txt", "DatabaseError: file is not a database"),
        (empty_postgresql_url, 'DuplicateTableError: relation "users" already exists'),
    ):
        ended = run(["donebook", command], tmp_path, DATABASE_URL=url)

        (line,) = ended.stderr.splitlines()
        assert 1 == ended.returncode
        assert line.endswith(f" cannot be migrated: {why}")


def test_main_is_found_where_only_the_requirements_are_installed(tmp_path: Path) -> None:
    # Without site, the packages are there and the link to this project is not.
    script = (
        f"import sys; sys.path[:0] = {[str(ROOT), sysconfig.get_path('purelib')]!r}; import main; main.app"
    )
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert (0, "") == (ended.returncode, ended.stderr)
