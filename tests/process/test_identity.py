"""Who is let in, and who no longer, where several workers answer."""

import asyncio
import re
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from donebook.accounts.hashing import PasswordHashing
from donebook.accounts.operations import disable_user, erase_user, set_password
from donebook.migrations.tables import METADATA
from donebook.storage.database import Database
from tests.accounts.rows import rows_of
from tests.databases import DIALECTS, open_database
from tests.process.program import ROOT, Program, run_program, serve
from tests.servers.ports import free_port
from tests.servers.postgres import Postgres, call_in_thread
from tests.service import bearer

T = TypeVar("T")

WORKERS = 4
BOUND = 1.0
"""Seconds after which no worker takes a token that was ended."""

ADA = {"email": "ada@example.com", "password": "Correct-horse-7"}


@contextmanager
def uvicorn_alone(directory: Path, database_url: str, *options: str, **environment: Any) -> Iterator[Program]:
    port = free_port()
    command = ["uvicorn", "--app-dir", str(ROOT), "main:app", "--port", str(port), *options]
    with run_program(command, port, directory, {"DATABASE_URL": database_url} | environment) as program:
        yield program


def everywhere(program: Program, headers: dict[str, str], requests: int = 64) -> set[int]:
    """The statuses that workers answer with: each request is a connection of its own."""
    with ThreadPoolExecutor(8) as threads:

        def ask(_: int) -> int:
            with closing(HTTPConnection("127.0.0.1", program.port, timeout=60)) as connection:
                connection.request("GET", "/api/tasks", headers=headers)
                return connection.getresponse().status

        return set(threads.map(ask, range(requests)))


class Workers:
    """Several workers on one database. The tests come from addresses of their own, because of the limit."""

    def __init__(self, program: Program, database_url: str) -> None:
        self.program = program
        self.database_url = database_url

    def client(self, source: str) -> httpx.Client:
        transport = httpx.HTTPTransport(local_address=source, verify=False)
        return httpx.Client(base_url=self.program.url, transport=transport, timeout=60)

    def sign_up(self, source: str, email: str = ADA["email"]) -> tuple[str, dict[str, str]]:
        """A new user's id and headers."""
        with self.client(source) as client:
            answer = client.post("/api/auth/signup", json=ADA | {"email": email})
        session = answer.raise_for_status().json()
        return session["user_id"], {"Authorization": f"Bearer {session['token']}"}

    def operate(self, work: Callable[[Database], Awaitable[T]]) -> T:
        """Do something to the database from outside, as the command line does."""

        async def run() -> T:
            async with open_database(self.database_url) as database:
                return await work(database)

        return call_in_thread(asyncio.run, run())


def wait_for_all_workers(port: int) -> None:
    """Wait until each worker listens; the first one's answer says nothing of the others."""
    sockets = Path("/proc/net/tcp")
    if not sockets.exists():
        return
    listening = re.compile(rf"^ *\d+: [0-9A-F]{{8}}:{port:04X} \S+ 0A ", re.MULTILINE)
    deadline = time.monotonic() + 60
    while len(listening.findall(sockets.read_text())) < WORKERS:
        assert time.monotonic() < deadline, "not every worker came to listen"
        time.sleep(0.05)


@pytest.fixture(scope="module", params=DIALECTS)
def workers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    directory = tmp_path_factory.mktemp("workers")
    server: Postgres | None = None
    name = "donebook_workers"
    if request.param == "sqlite":
        url = f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_sqlite_file'), directory)}"
    else:
        server = request.getfixturevalue("postgres_server")
        server.create_database(name, template=request.getfixturevalue("migrated_postgres_database"))
        url = server.url(name)
    with serve(directory, "--workers", str(WORKERS), DATABASE_URL=url) as program:
        wait_for_all_workers(program.port)
        yield Workers(program, url)
    if server is not None:
        server.drop_database(name)


def test_a_log_out_is_known_to_every_worker_within_a_second(workers: Workers) -> None:
    _, headers = workers.sign_up("127.0.1.1", "ada-logs-out@example.com")
    assert {200} == everywhere(workers.program, headers)

    with workers.client("127.0.1.1") as client:
        client.post("/api/auth/logout", headers=headers).raise_for_status()
    time.sleep(BOUND)

    assert {401} == everywhere(workers.program, headers)


def test_what_an_operator_ends_is_known_to_every_worker_within_a_second(workers: Workers) -> None:
    people = {
        what: workers.sign_up("127.0.1.2", f"{what}@example.com")
        for what in ("disabled", "erased", "renewed", "untouched")
    }
    for _, headers in people.values():
        assert {200} == everywhere(workers.program, headers)

    async def end(database: Database) -> None:
        now = datetime.now(UTC)
        hashing = PasswordHashing("argon2")
        await set_password(database, hashing, people["renewed"][0], "Better-horse-8", lambda: now)
        await disable_user(database, people["disabled"][0], now)
        await erase_user(database, METADATA, people["erased"][0], now)
        hashing.close()

    workers.operate(end)
    time.sleep(BOUND)

    for what, (_, headers) in people.items():
        assert {200 if what == "untouched" else 401} == everywhere(workers.program, headers), what


def test_fifty_first_requests_of_one_subject_make_one_user(workers: Workers) -> None:
    assert {200} == everywhere(workers.program, bearer("new-subject"), requests=50)
    users = workers.operate(lambda database: rows_of(database, "users"))
    assert 1 == sum(user["id"] == "new-subject" for user in users)


def test_two_subjects_with_one_email_are_two_users(workers: Workers) -> None:
    with ThreadPoolExecutor(8) as threads:

        def create(number: int) -> int:
            headers = bearer(f"twin-{number % 2}", email="twins@example.com")
            with workers.client("127.0.1.3") as client:
                answer = client.post("/api/tasks", headers=headers, json={"title": f"Of twin-{number % 2}"})
            return answer.status_code

        assert {201} == set(threads.map(create, range(24)))
    for number in range(2):
        headers = bearer(f"twin-{number}", email="twins@example.com")
        listed = httpx.get(f"{workers.program.url}/api/tasks", headers=headers, timeout=60).json()["items"]
        assert [f"Of twin-{number}"] * 12 == [task["title"] for task in listed]


def test_of_many_sign_ups_with_one_email_one_succeeds(workers: Workers) -> None:
    spellings = ["same@example.com", "Same@example.com", "SAME@EXAMPLE.COM", "same@Example.Com"] * 4

    def attempt(number: int) -> int:
        with workers.client(f"127.0.2.{number // 4 + 1}") as client:
            return client.post("/api/auth/signup", json=ADA | {"email": spellings[number]}).status_code

    with ThreadPoolExecutor(16) as threads:
        assert [201] + [409] * 15 == sorted(threads.map(attempt, range(16)))


def attempts(
    program: Program, times: int, source: str = "127.0.0.1", forwarded: str | None = None
) -> list[httpx.Response]:
    """Attempts to log in from one address at once, each on a connection of its own.

    ``forwarded`` is a template of ``X-Forwarded-For`` with the attempt's number in it.
    """

    def attempt(number: int) -> httpx.Response:
        headers = {} if forwarded is None else {"X-Forwarded-For": forwarded.format(number)}
        transport = httpx.HTTPTransport(local_address=source, verify=False)
        with httpx.Client(transport=transport, headers=headers, timeout=30) as client:
            # Each at an account of its own, which have delays of their own.
            body = ADA | {"email": f"{source}-{forwarded}-{number}@example.com".replace(" ", "")}
            return client.post(f"{program.url}/api/auth/login", json=body)

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(attempt, range(1, times + 1)))


def passed(answers: list[httpx.Response]) -> int:
    """How many were not held up; those that were say for how long."""
    for answer in answers:
        if answer.status_code == 429:
            assert 1 <= int(answer.headers["retry-after"]) <= 60
            assert '"auth";q=5;w=60' == answer.headers["ratelimit-policy"]
    assert {401, 429} >= {answer.status_code for answer in answers}
    return sum(answer.status_code == 401 for answer in answers)


def test_the_limit_on_attempts_is_exact_across_workers(workers: Workers) -> None:
    assert 5 == passed(attempts(workers.program, 30, source="127.0.3.1"))
    assert 5 == passed(attempts(workers.program, 20, source="127.0.0.2", forwarded="198.51.100.{}"))
    assert 0 == passed(attempts(workers.program, 10, source="127.0.3.1"))


def test_the_limit_on_attempts_outlives_the_server(tmp_path: Path, database_url: str) -> None:
    with serve(tmp_path, DATABASE_URL=database_url) as program:
        assert 5 == passed(attempts(program, 8))
        program.stop()
    with serve(tmp_path, DATABASE_URL=database_url) as program:
        assert 0 == passed(attempts(program, 8))


@pytest.mark.parametrize("http", ["httptools", "h11"])
def test_what_a_client_claims_does_not_get_past_the_limit_where_uvicorn_would_believe_it(
    tmp_path: Path, sqlite_url: str, http: str
) -> None:
    with uvicorn_alone(tmp_path, sqlite_url, "--http", http) as program:
        claims = ["198.51.100.{}", "198.51.100.{}:4711", "1.1.1.1, 198.51.100.{}", "[2001:db8::{}]:1", None]
        answers = [answer for claim in claims for answer in attempts(program, 8, forwarded=claim)]
        assert 5 == passed(answers)


def test_behind_a_trusted_proxy_each_client_has_its_own_limit(tmp_path: Path, sqlite_url: str) -> None:
    with uvicorn_alone(tmp_path, sqlite_url, TRUSTED_PROXIES="127.0.0.1") as program:
        assert 8 == passed(attempts(program, 8, forwarded="198.51.100.{}"))
        # The left-most entries are the client's own; the proxy wrote the last one.
        assert 5 == passed(attempts(program, 20, forwarded="203.0.113.{}, 198.51.100.200"))
        assert 5 == passed(attempts(program, 20, forwarded="2001:db8:1:2::{}"))
        # From elsewhere than the proxy, nothing that is claimed counts.
        assert 5 == passed(attempts(program, 20, source="127.0.0.2", forwarded="192.0.2.{}"))
