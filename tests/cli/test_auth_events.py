"""``donebook auth-events``."""

import httpx
import pytest

from donebook.settings import Rate
from tests.cli.commands import CommandLine
from tests.service import bearer, run_service

ADA = {"email": "ada@example.com", "password": "Correct-horse-7"}
HEADERS = {"User-Agent": "canary\x1b[31m agent", "X-Request-ID": "request-1"}


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(monkeypatch, DATABASE_URL=database_url)


async def visit(database_url: str) -> str:
    """Sign up, fail to log in, send bad tokens, log out and come back with that token; Ada's id."""
    async with (
        run_service(database_url, rate_limit_auth=Rate(2, 60)) as service,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(service.app, client=("203.0.113.7", 1)),
            base_url="http://service",
            headers=HEADERS,
        ) as client,
    ):
        session = (await client.post("/api/auth/signup", json=ADA)).json()
        await client.post("/api/auth/login", json=ADA | {"password": "Wrong-horse-7"})
        await client.post("/api/auth/login", json=ADA)
        await client.get("/api/tasks", headers={"Authorization": "Bearer x.y.z"})
        await client.get("/api/tasks", headers=bearer("bob", aud="somebody-else"))
        await client.post("/api/auth/logout", headers={"Authorization": f"Bearer {session['token']}"})
        await client.get("/api/tasks", headers={"Authorization": f"Bearer {session['token']}"})
        return str(session["user_id"])


async def test_everything_is_listed_with_where_it_came_from(database_url: str, command: CommandLine) -> None:
    ada = await visit(database_url)
    columns, *lines = command.lines("auth-events")
    listed = [line.split("\t")[1:] for line in lines]
    assert "TIME\tEVENT\tUSER\tADDRESS\tREQUEST ID\tREASON\tUSER AGENT" == columns
    where = ["203.0.113.7", "request-1"]
    agent = "canary\N{REPLACEMENT CHARACTER}[31m agent"
    assert sorted(
        [
            ["sign_up", ada, *where, "-", agent],
            ["log_in_refused", ada, *where, "wrong password", agent],
            ["limit_hit", "-", *where, "attempts to sign up or in", agent],
            ["token_refused", "-", *where, "malformed", agent],
            ["token_refused", "-", *where, "audience", agent],
            ["log_out", ada, *where, "-", agent],
            ["token_refused", ada, *where, "logged out", agent],
        ]
    ) == sorted(listed)


async def test_they_can_be_chosen_by_user_outcome_and_time(database_url: str, command: CommandLine) -> None:
    ada = await visit(database_url)

    def kinds(*options: str) -> list[str]:
        return sorted(line.split("\t")[1] for line in command.lines("auth-events", *options)[1:])

    for name in (ada, "ada@example.com"):
        assert ["log_in_refused", "log_out", "sign_up", "token_refused"] == kinds("--user", name)
    assert ["limit_hit", "log_in_refused", *["token_refused"] * 3] == kinds("--failures")
    assert ["log_in_refused", "token_refused"] == kinds("--failures", "--user", ada)
    assert [] == kinds("--user", "nobody")
    assert 7 == len(kinds("--since", "7d"))
    assert 7 == len(kinds("--since", "2000-01-01"))
    assert [] == kinds("--since", "2999-01-01T00:00:00Z")
    assert 2 == len(kinds("--limit", "2"))


@pytest.mark.parametrize("since", ["yesterday", "999999d", "0001-01-01T00:00:00+23:59"])
def test_a_time_that_cannot_be_read_is_an_error(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, since: str
) -> None:
    result = CommandLine(monkeypatch, DATABASE_URL=sqlite_url).run("auth-events", "--since", since)
    assert 2 == result.exit_code
    assert "write 30m, 24h, 7d" in result.output
