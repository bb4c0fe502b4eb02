"""What an operator's mistakes come to: an address that may mean another user, a damaged secret."""

import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.process.test_start import run
from tests.servers.ports import free_port

SECRET_FILE = ".donebook-secret"


def users_of(file: Path) -> list[tuple[str, bool]]:
    """Who there is, and whether they are disabled."""
    with sqlite3.connect(file) as connection:
        rows = connection.execute("SELECT id, disabled_at IS NOT NULL FROM users ORDER BY id").fetchall()
    return [(user, bool(disabled)) for user, disabled in rows]


def with_users(tmp_path: Path, **users: str) -> Path:
    """A database with users of another issuer, by their ids and addresses."""
    assert 0 == run(["donebook", "migrate"], tmp_path).returncode
    file = tmp_path / "donebook.db"
    with sqlite3.connect(file) as connection:
        for user, email in users.items():
            connection.execute(
                "INSERT INTO users (id, email, created_at, updated_at) VALUES (?, ?, ?, ?)",
                (user, email, *["2030-01-01T00:00:00.000000+00:00"] * 2),
            )
    return file


@pytest.mark.parametrize("command", [["disable"], ["erase", "--yes"]])
@pytest.mark.parametrize("who", ["ann@example.com", "ANN@example.com", "bea@example.com"])
def test_an_address_that_may_mean_another_user_names_all_and_touches_none(
    tmp_path: Path, command: list[str], who: str
) -> None:
    file = with_users(tmp_path, ann1="ann@example.com", ann2="Ann@example.com", bea="Bea@example.com")

    ended: subprocess.CompletedProcess[str] = run(["donebook", "users", *command, who], tmp_path)

    assert (1, "") == (ended.returncode, ended.stdout)
    for user in ("ann1", "ann2") if "ann" in who.lower() else ("bea",):
        assert user in ended.stderr
    assert "by id" in ended.stderr
    assert [("ann1", False), ("ann2", False), ("bea", False)] == users_of(file)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"abc", "has 3 characters, and needs 32"),
        (b"\0" * 65, "has other characters than a secret has"),
        (b"x" * 40, "is cut short: no line break ends it"),
    ],
    ids=["empty", "three", "zeros", "cut"],
)
@pytest.mark.parametrize("command", ["serve --workers 2", "token --user ann"])
def test_a_damaged_secret_is_one_clear_line(tmp_path: Path, command: str, content: bytes, why: str) -> None:
    path = tmp_path / SECRET_FILE
    path.write_bytes(content)

    ended = run(["donebook", *command.split()], tmp_path, PORT=str(free_port()))

    assert 2 == ended.returncode
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"JWT_SECRET: the file {path} {why}; ")
    assert content == path.read_bytes()


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "is empty"), (b"abc", "has 3 characters, and needs 32")],
    ids=["empty", "three"],
)
def test_the_doctor_tells_of_a_damaged_secret_among_the_rest(
    tmp_path: Path, content: bytes, why: str
) -> None:
    path = tmp_path / SECRET_FILE
    path.write_bytes(content)
    path.chmod(0o600)

    ended = run(["donebook", "doctor"], tmp_path)

    assert (1, "") == (ended.returncode, ended.stderr)
    assert (
        f"FAIL  secret: {SECRET_FILE} {why} - put it back from a backup, or delete it to have another made,"
        " which signs everybody out" in ended.stdout.splitlines()
    )
    assert any("isolation" in line for line in ended.stdout.splitlines()), "the other checks are made too"
