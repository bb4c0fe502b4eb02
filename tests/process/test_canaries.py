"""Secrets, passwords and tokens are in no line of the log at the lowest level, in no answer and no record."""

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import jwt
import pytest

from tests.accounts.rows import dump
from tests.databases import DIALECTS, open_database
from tests.process.program import PATIENCE, Program, serve
from tests.servers.ports import free_port
from tests.servers.postgres import call_in_thread
from tests.tokens.signing import IssuerKey

CANARY = "Canary7"
SECRET = f"{CANARY}-the-secret-that-signs-tokens-here"
PREVIOUS = f"{CANARY}-the-secret-that-signed-them-before"
PASSWORD = f"{CANARY}-horse-battery"
HASHES = ("$argon2", "$bcrypt")
FORMATS = ("json", "console")


class Listener:
    """Sends requests, and keeps what they were answered."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.heard: list[str] = []

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        answer = httpx.request(method, self.program.url + path, timeout=PATIENCE, **request)
        self.heard.append(f"{answer.status_code} {answer.headers} {answer.text}")
        return answer

    def post(self, path: str, body: Any, **request: Any) -> httpx.Response:
        return self.ask("POST", path, json=body, **request)

    def told(self) -> str:
        """All that was answered, and all that was written about it."""
        assert 0 == self.program.stop()
        return "\n".join([*self.heard, self.program.log(), self.program.output()])


def token(secret: str = SECRET, **claims: Any) -> str:
    return jwt.encode({"sub": CANARY, "exp": int(time.time()) + 600} | claims, secret)


def bearer(credentials: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credentials}"}


def break_accounts(database_url: str) -> None:
    """Have the database refuse every new account, with its row in the message if it is so inclined."""

    async def constrain() -> None:
        connection = await asyncpg.connect(database_url)
        await connection.execute("ALTER TABLE local_accounts ADD CHECK (email_folded = '') NOT VALID")
        await connection.close()

    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
            connection.execute(
                "CREATE TRIGGER never BEFORE INSERT ON local_accounts BEGIN SELECT RAISE(ABORT, 'never'); END"
            )
    else:
        call_in_thread(asyncio.run, constrain())


def visit(listener: Listener, database_url: str) -> list[str]:
    """Sign up and in, rightly and wrongly, and send tokens of every kind; what tokens these were."""
    account = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}
    # The one place of a token in an answer is the session that it begins.
    sessions = [listener.post("/api/auth/signup", account), listener.post("/api/auth/login", account)]
    assert [201, 200] == [each.status_code for each in sessions]
    sent = [session.json()["token"] for session in sessions]
    listener.heard.clear()

    def statuses(path: str, bodies: list[Any]) -> list[int]:
        return [listener.post(path, body).status_code for body in bodies]

    other = {"email": "bob@example.com"}
    assert [409, 422, 422, 422, 422, 422] == statuses(
        "/api/auth/register",
        [
            account,
            account | {"password": CANARY},
            account | {"password": [PASSWORD]},
            account | {"email": PASSWORD},
            {"name": "Ada", "password": PASSWORD},
            PASSWORD,
        ],
    )
    assert [401, 401, 422, 422, 422] == statuses(
        "/enveloped/api/auth/login",
        [
            account | {"password": f"{PASSWORD}!"},
            account | other,
            account | {"email": PASSWORD},
            account | {"password": {"is": PASSWORD}},
            [PASSWORD],
        ],
    )
    broken = listener.ask("POST", "/api/auth/login", content=b'{"password": "%s' % PASSWORD.encode())
    assert 422 == broken.status_code
    assert 200 == listener.ask("GET", "/api/auth/me", headers=bearer(sent[1])).status_code
    assert 200 == listener.ask("POST", "/api/auth/logout", headers=bearer(sent[0])).status_code

    refused = [
        sent[0],
        token(secret=f"{CANARY} of somebody else, and long enough"),
        token(exp=1),
        token(aud="elsewhere"),
        token(iss="elsewhere", sub=None),
        f"{token()}x",
        f"{CANARY}.{CANARY}.{CANARY}",
        CANARY,
    ]
    for each in refused:
        for path in ("/api/auth/me", "/api/v1/tasks", "/enveloped/api/ada/tasks", "/api/v2/sync"):
            assert 401 == listener.ask("GET", path, headers=bearer(each)).status_code
    assert 401 == listener.ask("GET", "/api/tasks", headers={"Authorization": f"Basic {CANARY}"}).status_code
    # Of an issuer that does not answer.
    unjudged = IssuerKey(CANARY).token({"sub": CANARY, "exp": int(time.time()) + 600})
    assert 503 == listener.ask("GET", "/api/tasks", headers=bearer(unjudged)).status_code
    assert 401 == listener.ask("GET", "/api/tasks", params={"token": token()}).status_code
    assert 404 == listener.ask("GET", f"/api/auth/{token()}").status_code

    break_accounts(database_url)
    assert [500] == statuses("/api/auth/signup", [account | other])
    return [*sent, *(each for each in refused if each.count(".") == 2), unjudged]


def stored(database_url: str) -> str:
    async def read() -> str:
        async with open_database(database_url) as database:
            return await dump(database)

    kept: str = call_in_thread(asyncio.run, read())
    assert "token_refused" in kept
    assert "unknown e-mail" in kept
    return kept


@pytest.fixture(params=zip(DIALECTS, FORMATS, strict=True), ids="-".join)
def database_and_format(request: pytest.FixtureRequest) -> tuple[str, str]:
    dialect, log_format = request.param
    return request.getfixturevalue(f"{dialect}_url"), log_format


def test_what_users_send_and_operators_set_is_nowhere_repeated(
    tmp_path: Path, database_and_format: tuple[str, str]
) -> None:
    database_url, log_format = database_and_format
    environment = {
        "DATABASE_URL": database_url,
        "JWT_SECRET": SECRET,
        "JWT_PREVIOUS_SECRETS": PREVIOUS,
        "BETTER_AUTH_URL": "http://127.0.0.1:9",
        "RATE_LIMIT_API": "600/minute",
        "RATE_LIMIT_STORAGE": f"redis://:{CANARY}@127.0.0.1:9/0",
        "RATE_LIMIT_AUTH": "1000/minute",
        "DEBUG": "true",
        "LOG_LEVEL": "debug",
        "LOG_FORMAT": log_format,
    }
    with serve(tmp_path, **environment) as program:
        listener = Listener(program)
        tokens = visit(listener, database_url)
        told = listener.told() + stored(database_url)

    # It was listened where something is said.
    for message in (
        "RATE_LIMIT_STORAGE does not answer",
        "the issuer's keys could not be fetched",
        "token_refused",
        "Traceback",
    ):
        assert message in program.log(), message
    signatures = [each.rpartition(".")[2] for each in tokens]
    password = urlsplit(database_url).password
    for canary in (CANARY, *tokens, *signatures, *([f":{password}@"] if password else [])):
        assert canary not in told, canary
    for digest in HASHES:
        assert digest not in program.log(), digest


def test_a_database_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://ada:{CANARY}@127.0.0.1:{free_port()}/tasks?application_name={CANARY}"
    with serve(tmp_path, DATABASE_URL=url, JWT_SECRET=SECRET, DEBUG="true", LOG_FORMAT="json") as program:
        listener = Listener(program)
        body = {"email": "ada@example.com", "password": PASSWORD}
        answers = [
            listener.ask("GET", "/health/ready"),
            listener.ask("GET", "/api/tasks", headers=bearer(token(sub="ada"))),
            listener.post("/api/auth/login", body),
        ]
        assert [503, 503, 503] == [each.status_code for each in answers]
        told = listener.told()

    assert "the database is not ready yet" in program.log()
    assert CANARY not in told
