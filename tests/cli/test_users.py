"""``donebook users``."""

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest

from donebook.settings import Rate
from tests.cli.commands import CommandLine
from tests.service import Service, bearer, run_service

ADA = {"email": "ada@example.com", "password": "Correct-horse-7", "name": "Ada"}
COLUMNS = "ID\tE-MAIL\tSINCE\tSTATE"
WITHIN = 1.0
"""Seconds in which what an operator did is known to a running service."""


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(monkeypatch, DATABASE_URL=database_url)


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with run_service(database_url, rate_limit_auth=Rate(1000, 60), log_requests=False) as service:
        yield service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client(None) as client:
        yield client


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> dict[str, str]:
    """Ada's id and the headers of her session, which the service remembers."""
    session = (await client.post("/api/auth/signup", json=ADA)).json()
    headers = {"Authorization": f"Bearer {session['token']}"}
    assert 200 == (await client.get("/api/tasks", headers=headers)).status_code
    return {"id": session["user_id"], **headers}


def headers_of(user: dict[str, str]) -> dict[str, str]:
    return {"Authorization": user["Authorization"]}


async def test_users_are_listed_and_shown(
    client: httpx.AsyncClient, ada: dict[str, str], command: CommandLine
) -> None:
    await client.get("/api/tasks", headers=bearer("bob", email="bob@example.com"))
    columns, *lines = command.lines("users", "list")
    listed = [line.split("\t") for line in lines]
    assert COLUMNS == columns
    assert sorted([[ada["id"], "ada@example.com", "local"], ["bob", "bob@example.com", "-"]]) == sorted(
        [user, email, state] for user, email, _, state in listed
    )
    shown = command.lines("users", "show", "ada@example.com")
    assert f"id        {ada['id']}" in shown
    assert "signs in  here, by password" in shown
    assert "disabled  no" in shown
    assert "signs in  by a token; no password here" in command.lines("users", "show", "bob")


async def test_a_disabled_user_is_out_within_a_second_and_in_again_when_enabled(
    client: httpx.AsyncClient, ada: dict[str, str], command: CommandLine
) -> None:
    assert [f"{ada['id']} is disabled"] == command.lines("users", "disable", "ada@example.com")
    await asyncio.sleep(WITHIN)
    assert 401 == (await client.get("/api/tasks", headers=headers_of(ada))).status_code
    assert 401 == (await client.post("/api/auth/login", json=ADA)).status_code

    assert [f"{ada['id']} is enabled"] == command.lines("users", "enable", "ada@example.com")
    assert 200 == (await client.get("/api/tasks", headers=headers_of(ada))).status_code
    assert 200 == (await client.post("/api/auth/login", json=ADA)).status_code


async def test_an_erased_user_is_gone_within_a_second(
    client: httpx.AsyncClient, ada: dict[str, str], command: CommandLine
) -> None:
    assert ["Erased"] == command.lines("users", "erase", "ada@example.com", "--yes")
    await asyncio.sleep(WITHIN)
    assert 401 == (await client.get("/api/tasks", headers=headers_of(ada))).status_code
    assert 401 == (await client.post("/api/auth/login", json=ADA)).status_code
    assert [COLUMNS] == command.lines("users", "list")
    assert 201 == (await client.post("/api/auth/signup", json=ADA)).status_code


async def test_a_user_of_another_issuer_does_not_come_back_until_enabled(
    client: httpx.AsyncClient, command: CommandLine
) -> None:
    bob = bearer("bob")
    await client.get("/api/tasks", headers=bob)
    command.lines("users", "erase", "bob", "--yes")
    await asyncio.sleep(WITHIN)
    for headers in (bob, bearer("bob", jti="a new one")):
        assert 401 == (await client.get("/api/tasks", headers=headers)).status_code

    assert ["bob is enabled"] == command.lines("users", "enable", "bob")
    assert 200 == (await client.get("/api/tasks", headers=bearer("bob", jti="another"))).status_code


@pytest.mark.parametrize(("answer", "left"), [("n\n", 1), ("y\n", 0)])
async def test_erasing_asks_first(
    client: httpx.AsyncClient, command: CommandLine, answer: str, left: int
) -> None:
    await client.get("/api/tasks", headers=bearer("bob"))
    command.run("users", "erase", "bob", typed=answer)
    assert left == len(command.lines("users", "list")[1:])


async def test_another_password_ends_the_sessions(
    client: httpx.AsyncClient, ada: dict[str, str], command: CommandLine
) -> None:
    said = command.lines("users", "set-password", "ada@example.com", typed="Better-horse-8\n")
    assert [f"{ada['id']} has a new password; their tokens have ended"] == said
    await asyncio.sleep(WITHIN)
    assert 401 == (await client.get("/api/tasks", headers=headers_of(ada))).status_code
    assert 401 == (await client.post("/api/auth/login", json=ADA)).status_code
    again = await client.post("/api/auth/login", json=ADA | {"password": "Better-horse-8"})
    headers = {"Authorization": f"Bearer {again.json()['token']}"}
    assert 200 == (await client.get("/api/tasks", headers=headers)).status_code


@pytest.mark.usefixtures("ada")
async def test_a_weak_password_is_refused_and_not_repeated(command: CommandLine) -> None:
    result = command.run("users", "set-password", "ada@example.com", typed="canary7\n")
    assert 2 == result.exit_code
    assert "8 to 128 characters" in result.output
    assert "canary7" not in result.output


@pytest.mark.parametrize("verb", ["show", "disable", "enable", "erase"])
async def test_who_is_not_there_is_an_error(command: CommandLine, verb: str) -> None:
    result = command.run("users", verb, "nobody@example.com")
    assert 1 == result.exit_code
    assert "No user has the id or e-mail nobody@example.com" in result.output


async def test_an_email_that_two_users_have_names_neither(
    client: httpx.AsyncClient, command: CommandLine
) -> None:
    for user in ("bob", "carol"):
        await client.get("/api/tasks", headers=bearer(user, email="shared@example.com"))
    result = command.run("users", "disable", "shared@example.com")
    assert 1 == result.exit_code
    assert "2 users have this e-mail; name one by id: bob, carol" in result.output


@pytest.mark.parametrize("verb", ["show", "disable", "enable", "erase"])
async def test_an_address_in_another_spelling_is_named_and_not_acted_on(
    client: httpx.AsyncClient, ada: dict[str, str], command: CommandLine, verb: str
) -> None:
    for spelling in ("ADA@Example.com", "ada@example.com."):
        result = command.run("users", verb, spelling, *(["--yes"] if verb == "erase" else []))
        assert (1, "") == (result.exit_code, result.stdout)
        assert (
            f"One user has this e-mail, spelled in another way; name them by id: {ada['id']}" in result.stderr
        )
        assert f"  {ada['id']}\tada@example.com" in result.stderr
    assert 200 == (await client.post("/api/auth/login", json=ADA)).status_code


async def test_users_whose_addresses_differ_in_case_alone_are_all_named(
    client: httpx.AsyncClient, command: CommandLine
) -> None:
    for user, email in (("bob", "shared@example.com"), ("carol", "Shared@Example.com")):
        await client.get("/api/tasks", headers=bearer(user, email=email))
    for who in ("shared@example.com", "SHARED@example.com"):
        result = command.run("users", "erase", who, "--yes")
        assert 1 == result.exit_code
        assert [
            "2 users have this e-mail; name one by id: bob, carol",
            "  bob\tshared@example.com",
            "  carol\tShared@Example.com",
        ] == result.stderr.splitlines()
    assert 2 == len(command.lines("users", "list")[1:])


async def test_an_id_that_is_anothers_e_mail_has_to_be_said_to_be_an_id(
    client: httpx.AsyncClient, command: CommandLine
) -> None:
    await client.get("/api/tasks", headers=bearer("bob@example.com"))
    await client.get("/api/tasks", headers=bearer("impostor", email="bob@example.com"))
    result = command.run("users", "disable", "bob@example.com")
    assert 1 == result.exit_code
    assert "With --id, bob@example.com is taken for an id" in result.stderr
    assert ["bob@example.com is disabled"] == command.lines("users", "disable", "--id", "bob@example.com")
    assert ["bob@example.com is enabled"] == command.lines("users", "enable", "--id", "bob@example.com")


async def test_users_are_shown_as_json(
    client: httpx.AsyncClient, ada: dict[str, str], command: CommandLine
) -> None:
    await client.get("/api/tasks", headers=bearer("bob", email="bob@example.com"))
    listed = json.loads("\n".join(command.lines("users", "list", "--json")))
    assert {ada["id"], "bob"} == {each["id"] for each in listed}
    shown = json.loads("\n".join(command.lines("users", "show", ada["id"], "--json")))
    assert shown in listed
    assert {
        "id": ada["id"],
        "email": "ada@example.com",
        "name": "Ada",
        "avatar_url": None,
        "created_at": shown["created_at"],
        "disabled_at": None,
        "admin_since": None,
        "local": True,
    } == shown


async def test_a_user_is_created_with_a_password_that_is_shown_once(
    client: httpx.AsyncClient, command: CommandLine
) -> None:
    created, told = command.lines("users", "create", "--admin", "--name", "Grace", "grace@example.com")
    password = told.removeprefix("Their password, which is not shown again: ")
    body = {"email": "grace@example.com", "password": password}
    session = (await client.post("/api/auth/login", json=body)).json()
    assert f"{session['user_id']} is created" == created
    assert "Grace" == session["user"]["name"]
    shown = command.lines("users", "show", "grace@example.com")
    assert not [line for line in shown if line.startswith("admin") and line.endswith("no")]


async def test_a_user_is_created_with_a_password_from_standard_input(
    client: httpx.AsyncClient, command: CommandLine
) -> None:
    (created,) = command.lines(
        "users", "create", "--password-stdin", "grace@example.com", typed="Better-horse-8\n"
    )
    body = {"email": "grace@example.com", "password": "Better-horse-8"}
    assert f"{(await client.post('/api/auth/login', json=body)).json()['user_id']} is created" == created
    assert "admin     no" in command.lines("users", "show", "grace@example.com")


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("email", "password", "status", "told"),
    [
        ("ADA@example.com", "Better-horse-8\n", 1, "is there already"),
        ("nonsense", "Better-horse-8\n", 2, "is no e-mail address"),
        ("grace@example.com", "canary7\n", 2, "8 to 128 characters"),
        ("grace@example.com", "", 2, "8 to 128 characters"),
    ],
)
async def test_who_cannot_be_created_is_told_in_one_line(
    command: CommandLine, email: str, password: str, status: int, told: str
) -> None:
    result = command.run("users", "create", "--password-stdin", email, typed=password)
    assert (status, "") == (result.exit_code, result.stdout)
    (line,) = result.stderr.splitlines()
    assert told in line
    assert "canary7" not in line


async def test_an_invitation_is_a_code_that_signs_one_person_up(
    database_url: str, command: CommandLine
) -> None:
    (code,) = command.lines("users", "invite", "--days", "1")
    async with run_service(database_url, signup="invite") as service, service.client(None) as client:
        body = ADA | {"invitation": code}
        assert 201 == (await client.post("/api/auth/signup", json=body)).status_code
        again = body | {"email": "bob@example.com"}
        assert 403 == (await client.post("/api/auth/signup", json=again)).status_code


def test_a_database_that_is_not_migrated_is_said_to_be(
    empty_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = CommandLine(monkeypatch, DATABASE_URL=empty_sqlite_url).run("users", "list")
    assert 1 == result.exit_code
    assert "cannot be used" in result.output
    assert "donebook migrate" in result.output
    assert "" == result.stdout


@pytest.mark.parametrize(
    ("part", "wrong", "reason"),
    [
        ("host", "no.such.host.invalid", "the host's name cannot be resolved"),
        ("port", "1", "nothing listens there"),
        ("password", "canary", "the user or the password is refused"),
        ("path", "no_such_database", "the server has no such database"),
    ],
)
def test_why_a_postgresql_cannot_be_used_is_told_in_words(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch, part: str, wrong: str, reason: str
) -> None:
    url = urlsplit(postgresql_url)
    right = {"user": url.username, "password": url.password, "host": url.hostname, "port": url.port}
    parts = right | {"path": url.path[1:]} | {part: wrong}
    mistaken = "postgresql://{user}:{password}@{host}:{port}/{path}".format(**parts)

    result = CommandLine(monkeypatch, DATABASE_URL=mistaken).run("users", "list")

    assert (1, "") == (result.exit_code, result.stdout)
    assert result.stderr.endswith(f" cannot be used: {reason}\n")
    assert "canary" not in result.stderr
