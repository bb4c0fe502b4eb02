"""What a newcomer meets: an empty directory, a port that is taken, a misspelt setting."""

import asyncio
import json
import os
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.process.program import ROOT, run_program, serve
from tests.process.test_start import run
from tests.servers.ports import free_port
from tests.service import SECRET
from tests.tokens.key_server import running_key_server

RECORDED = ROOT / "tests" / "tokens" / "recorded" / "EdDSA.json"


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


@contextmanager
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def files(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


@pytest.mark.parametrize("options", [[], ["--json"], ["--token", "x"], ["--isolation"]])
def test_the_doctor_makes_nothing_in_an_empty_directory(tmp_path: Path, options: list[str]) -> None:
    ended = run(["donebook", "doctor", *options], tmp_path)
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    assert set() == files(tmp_path)


def test_the_doctor_says_what_makes_the_database_and_the_secret(tmp_path: Path) -> None:
    told = run(["donebook", "doctor"], tmp_path).stdout.splitlines()
    assert (
        "FAIL  database: sqlite:///donebook.db does not exist - donebook serve or donebook migrate makes it"
        in told
    )
    assert f"-     secret: there is none yet - the first start makes one in {'.donebook-secret'}" in told


@pytest.mark.parametrize("stopped", [True, False])
def test_the_doctor_leaves_no_file_beside_a_database_either(tmp_path: Path, stopped: bool) -> None:
    with serve(tmp_path, JWT_SECRET="") as program:
        if stopped:
            program.stop()
        before = files(tmp_path)
        ended = run(["donebook", "doctor"], tmp_path)
        assert 0 == ended.returncode, ended.stdout
        assert before == files(tmp_path)
        assert stopped == ("donebook.db-wal" not in before)


def test_the_doctor_says_what_it_did_not_check_and_how_to_have_it_checked(tmp_path: Path) -> None:
    run(["donebook", "migrate"], tmp_path)
    ended = run(["donebook", "doctor"], tmp_path, JWT_SECRET=SECRET)
    assert 0 == ended.returncode
    assert [
        "-     server: no address was given - --url http://127.0.0.1:8000",
        "-     a token: none was given - --token - explains one from standard input",
        "-     isolation: it makes two users on a running server - --isolation",
    ] == [line for line in ended.stdout.splitlines() if line.startswith("-")]


def test_the_doctor_tries_the_server_whenever_its_address_is_given(tmp_path: Path) -> None:
    with serve(tmp_path) as program:
        good = run(["donebook", "doctor", "--url", program.url], tmp_path, JWT_SECRET=SECRET)
    gone = run(["donebook", "doctor", "--url", program.url], tmp_path, JWT_SECRET=SECRET)
    nonsense = run(["donebook", "doctor", "--url", "localhost:x"], tmp_path, JWT_SECRET=SECRET)
    assert 0 == good.returncode, good.stdout
    assert f"ok    server: {program.url} answers, version" in good.stdout
    assert "ok    server's database: ready" in good.stdout
    assert (1, 1) == (gone.returncode, nonsense.returncode)
    assert f"FAIL  server: {program.url} cannot be reached (" in gone.stdout
    assert (
        "FAIL  server: localhost:x cannot be reached (it does not begin with http:// or https://)"
        " - try --url http://localhost:x" in nonsense.stdout
    )
    assert "" == nonsense.stderr


async def test_the_doctor_fetches_the_issuers_keys(tmp_path: Path) -> None:
    run(["donebook", "migrate"], tmp_path)

    async def ask() -> tuple[int, str]:
        url = f"http://127.0.0.1:{server.port}"
        ended = await asyncio.to_thread(
            run, ["donebook", "doctor"], tmp_path, BETTER_AUTH_URL=url, JWT_SECRET=SECRET
        )
        (line,) = [line for line in ended.stdout.splitlines() if "issuer's keys" in line]
        return ended.returncode, line

    async with running_key_server() as server:
        url = f"http://127.0.0.1:{server.port}"
        server.publish(json.dumps(json.loads(RECORDED.read_text())["jwks"]).encode())
        assert (
            0,
            f"ok    issuer's keys: {url}/api/auth/jwks gives 2 EdDSA; iss {url}, aud {url}",
        ) == await ask()
        server.publish(b"<html>")
        status, line = await ask()
    assert 1 == status
    assert line.startswith(f"FAIL  issuer's keys: {url}/api/auth/jwks gives none (not a JSON Web Key Set)")
    assert line.endswith(
        "check BETTER_AUTH_URL or JWKS_URL, that the issuer runs, and that this machine reaches it"
    )


def test_a_token_without_a_database_says_that_there_is_none(tmp_path: Path) -> None:
    ended = run(["donebook", "token", "--user", "ada"], tmp_path)
    assert (2, "") == (ended.returncode, ended.stdout)
    assert (
        f"JWT_SECRET: is not set, and there is no database sqlite:///donebook.db in {tmp_path}; run this"
        " where the service was started, or start it: donebook serve\n" == ended.stderr
    )
    assert set() == files(tmp_path)


def test_a_database_that_other_accounts_can_read_is_told(tmp_path: Path) -> None:
    run(["donebook", "migrate"], tmp_path)
    (tmp_path / "donebook.db").chmod(0o644)
    ended = run(["donebook", "doctor"], tmp_path, JWT_SECRET=SECRET)
    assert 1 == ended.returncode
    assert "other accounts can read donebook.db - chmod 600 donebook.db" in ended.stdout


def test_a_secret_that_other_accounts_can_read_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    run(["donebook", "migrate"], tmp_path)
    secret = tmp_path / ".donebook-secret"
    secret.write_text(f"{SECRET}\n")
    secret.chmod(0o644)
    ended = run(["donebook", "doctor"], tmp_path)
    assert 1 == ended.returncode
    assert (
        "FAIL  secret: other accounts can read .donebook-secret - chmod 600 .donebook-secret" in ended.stdout
    )
    assert 0o644 == stat.S_IMODE(secret.stat().st_mode)


def test_a_program_can_read_what_the_doctor_finds(tmp_path: Path) -> None:
    ended = run(["donebook", "doctor", "--json"], tmp_path, JWT_SECRET=SECRET, CORS_ORIGIN="http://a.example")
    told = json.loads(ended.stdout)
    states = {each["name"]: each["state"] for each in told["findings"]}
    assert (1, False) == (ended.returncode, told["in_order"])
    assert {
        "database": "failed",
        "secret": "ok",
        "settings": "doubtful",
        "server": "not checked",
    }.items() <= (states.items())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_what_holds_secrets_is_its_owners_alone_whoever_makes_it(tmp_path: Path) -> None:
    commands = {
        "serve": None,
        "uvicorn": None,
        "migrate": ["donebook", "migrate"],
        "alembic": ["alembic", "-c", str(ROOT / "alembic.ini"), "upgrade", "head"],
    }
    with no_umask():
        for name, command in commands.items():
            directory = tmp_path / name
            directory.mkdir()
            if command is not None:
                ended = run(command, directory)
                assert 0 == ended.returncode, ended.stderr
                assert (directory / "donebook.db").is_file()
                continue
            port = free_port()
            program = (
                ["donebook", "serve", "--port", str(port)]
                if name == "serve"
                else ["uvicorn", "main:app", "--app-dir", str(ROOT), "--port", str(port)]
            )
            with run_program(program, port, directory, {"JWT_SECRET": ""}) as running:
                account = {"email": "ada@example.com", "password": "Correct-horse-7"}
                assert 201 == httpx.post(f"{running.url}/api/auth/signup", json=account).status_code
                made = {path: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
                names = {".donebook-secret", *(f"donebook.db{end}" for end in ("", "-wal", "-shm", "-turn"))}
                assert names <= {path.name for path in made}
                assert {0o600} == {made[directory / each] for each in names}
        for command in (
            ["donebook", "backup", "backup.db"],
            ["donebook", "copy", "sqlite:///donebook.db", "sqlite:///copy.db"],
            ["donebook", "maintain"],
        ):
            ended = run(command, tmp_path / "serve")
            assert 0 == ended.returncode, ended.stderr
    ours = [path for path in tmp_path.rglob("*") if ".db" in path.name or "secret" in path.name]
    assert {"backup.db", "copy.db"} < {path.name for path in ours}
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in ours}


@pytest.mark.parametrize(
    "command", ["users list", "auth-events", "usage", "maintain", "renew-revisions", "token --user ada"]
)
def test_a_command_that_needs_a_database_says_so_and_makes_none(tmp_path: Path, command: str) -> None:
    ended = run(["donebook", *command.split()], tmp_path)
    (line,) = ended.stderr.splitlines()
    assert ended.returncode in {1, 2}
    assert "donebook migrate" in line or "donebook serve" in line
    assert "sqlite:///donebook.db" in line
    assert str(tmp_path) in line
    assert "run this where the service was started" in line
    assert "" == ended.stdout
    assert set() == files(tmp_path)


@pytest.mark.parametrize("options", [[], ["--workers", "2"], ["--reload"]], ids=" ".join)
def test_a_taken_port_is_one_line_with_the_mend(tmp_path: Path, options: list[str]) -> None:
    with taken_port() as port:
        ended = run(["donebook", "serve", "--port", str(port), *options], tmp_path)
    assert 1 == ended.returncode
    assert (
        f"PORT: {port} on 127.0.0.1 is taken by another program; stop it, or choose: --port {port + 1}\n"
        == ended.stderr
    )
    assert "" == ended.stdout, "nobody is told an address that is another program's"
    assert set() == files(tmp_path)


@pytest.mark.parametrize(
    ("host", "told"),
    [
        (
            "192.0.2.7",
            "HOST: 192.0.2.7 is no address of this machine; use 127.0.0.1, or 0.0.0.0 for every network",
        ),
        (
            "no.such.host.invalid",
            'HOST: "no.such.host.invalid" cannot be resolved; use 127.0.0.1, or 0.0.0.0 for every network',
        ),
    ],
)
@pytest.mark.parametrize("options", [[], ["--workers", "2"], ["--reload"]], ids=" ".join)
def test_a_bad_host_is_one_line_with_the_mend(
    tmp_path: Path, host: str, told: str, options: list[str]
) -> None:
    ended = run(["donebook", "serve", "--host", host, "--port", str(free_port()), *options], tmp_path)
    assert (1, f"{told}\n") == (ended.returncode, ended.stderr)
    assert set() == files(tmp_path)


@pytest.mark.parametrize("options", [[], ["--workers", "2"], ["--reload"]], ids=" ".join)
def test_the_banner_says_what_a_front_end_has_to_know(tmp_path: Path, options: list[str]) -> None:
    with serve(tmp_path, *options) as program:
        told = program.output()
        status = program.stop()
    assert 0 == status, program.log()
    lines = dict(line.split(maxsplit=1) for line in told.splitlines()[1:])
    assert program.url == lines["address"]
    assert f"{program.url}/docs" == lines["docs"]
    assert lines["database"].startswith("sqlite:///")
    assert lines["contracts"].startswith("v2, ")
    assert "http://localhost:3000, and any port of localhost and 127.0.0.1" == lines["origins"]
    assert "this server, by the shared secret" == lines["issuer"]
    assert "donebook token --user demo" in told


def test_the_banner_names_the_issuer(tmp_path: Path) -> None:
    with serve(tmp_path, BETTER_AUTH_URL="https://app.example.com") as program:
        told = program.output()
    assert (
        "  issuer     https://app.example.com, keys at https://app.example.com/api/auth/jwks"
        " and this server, by the shared secret\n" in told
    )
    assert "  origins    http://localhost:3000, https://app.example.com, and any port of" in told


@pytest.mark.parametrize("server", ["serve", "serve --workers 2", "uvicorn"])
def test_a_misspelt_setting_is_told_at_the_start(tmp_path: Path, server: str) -> None:
    (tmp_path / ".env").write_text("DATABSE_URL=sqlite:///other.db\n")
    port = free_port()
    ours = ["donebook", *server.split(), "--port", str(port)]
    others = ["uvicorn", "main:app", "--app-dir", str(ROOT), "--port", str(port)]
    command = others if server == "uvicorn" else ours
    with run_program(command, port, tmp_path, {"CORS_ORIGIN": "http://a.example"}) as program:
        log = program.log()
    assert 1 == log.count("is CORS_ORIGINS meant?")
    assert "CORS_ORIGIN is no setting and has no effect; is CORS_ORIGINS meant?" in log
    assert "DATABSE_URL in .env is no setting and has no effect; is DATABASE_URL meant?" in log
    assert "http://a.example" not in log


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_host_may_be_a_name(tmp_path: Path, workers: str) -> None:
    with serve(tmp_path, "--host", "localhost", "--workers", workers) as program:
        assert 200 == httpx.get(f"http://localhost:{program.port}/health").status_code
