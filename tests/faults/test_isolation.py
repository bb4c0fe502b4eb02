"""Invariant B on real servers: under load, and by the doctor who tries every door."""

import asyncio
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import asyncpg
import httpx
import pytest
from typer.testing import CliRunner, Result

from donebook.app import shared_secrets
from donebook.cli import app
from donebook.cli.isolation import Attempt, probe_isolation
from donebook.settings import Settings
from tests.faults.conftest import Serve
from tests.faults.durability import InvariantBroken, assert_durable, require_none
from tests.faults.isolation import Tagged, foreign_tags, log_violations
from tests.faults.journal import read_promises
from tests.faults.load import Load
from tests.faults.programme import Tries
from tests.faults.server import SECRET, Server, token_for
from tests.faults.wire import request_bytes
from tests.servers.postgres import call_in_thread

MakeLoad = Callable[..., Load]

on_either_database = pytest.mark.parametrize(
    "dialect", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow_faults)]
)


async def follow(server: Server, user: Tagged) -> bytes:
    """The user's event stream, from now until it is cancelled."""
    connection = await server.connect()
    await connection.send(request_bytes("GET", "/api/v2/events", token=token_for(user.id)))
    heard = b""
    try:
        while chunk := await connection.reader.read(65536):
            heard += chunk
    except asyncio.CancelledError:
        pass
    finally:
        connection.abort()
    return heard


async def load_and_look(server: Server, url: str, load: Load, users: list[Tagged], writes: int) -> None:
    """Write, read and follow as all users at once, and look at everything that is shown and logged."""
    with server:
        await server.ready()
        following = [asyncio.create_task(follow(server, user)) for user in users]
        async with load:
            await load.acknowledged(writes)
        for task in following:
            task.cancel()
        streams = await asyncio.gather(*following)
    for user, heard in zip(users, streams, strict=True):
        if tags := foreign_tags(user, heard):
            load.violated(f"the events of {user.tag} tell of {tags}")
        if user.tag.encode() not in heard:
            load.violated(f"the events of {user.tag} tell of nothing")
    require_none(load.violations + log_violations(server.log))
    await assert_durable(read_promises(load.journal.path), url)


async def test_under_load_nobody_is_shown_what_is_anothers(
    database_url: str, serve: Serve, make_load: MakeLoad, users: list[Tagged], tries: Tries
) -> None:
    server = serve(database_url, LOG_FORMAT="json", DEBUG=True)
    load = make_load(server.connect, clients=9)

    await load_and_look(server, database_url, load, users, 300)

    tries(sum(load.statuses.values()), "answers looked through")


@pytest.mark.parametrize(
    ("mistake", "shown"),
    [
        ("forget_the_owner", "shows tag|was told of"),
        pytest.param("follow_everybody", "the events of tag", marks=pytest.mark.slow_faults),
        pytest.param("log_what_is_written", "text-tag", marks=pytest.mark.slow_faults),
    ],
)
async def test_under_load_a_way_from_one_user_to_another_is_caught(
    request: pytest.FixtureRequest, serve: Serve, users: list[Tagged], mistake: str, shown: str
) -> None:
    url = request.getfixturevalue("sqlite_url")
    server = serve(url, broken=mistake)
    load = request.getfixturevalue("make_load")(server.connect)

    with pytest.raises(InvariantBroken, match=shown):
        await load_and_look(server, url, load, users, 100)


async def consult(server: Server, url: str, secret: str = SECRET) -> list[Attempt]:
    settings = Settings(database_url=url, jwt_secret=secret)
    secrets = shared_secrets(settings)
    assert secrets is not None
    return call_in_thread(list, probe_isolation(settings, secrets, f"http://127.0.0.1:{server.port}"))


# The doctor waits, rather than exceed the limit on log-ins.
UNLIMITED = {"RATE_LIMIT_AUTH": "1000/second"}


def run_doctor(server: Server, url: str) -> Result:
    """``donebook doctor --isolation`` as an operator runs it."""
    environment = {"DATABASE_URL": url, "JWT_SECRET": SECRET}
    arguments = ["doctor", "--isolation", "--url", f"http://127.0.0.1:{server.port}"]
    return call_in_thread(CliRunner().invoke, app, arguments, env=environment)


@on_either_database
async def test_the_doctor_finds_the_users_of_a_sound_server_isolated_and_removes_what_it_made(
    dialect: str, request: pytest.FixtureRequest, serve: Serve, tries: Tries
) -> None:
    url = request.getfixturevalue(f"{dialect}_url")
    with serve(url, **UNLIMITED) as server:
        result = run_doctor(await server.ready(), url)

    lines = result.stdout.splitlines()
    assert 0 == result.exit_code, result.stdout
    assert {"ok"} == {line.split()[0] for line in lines}
    assert "ok    the two users: removed, with all that was theirs" == lines[-1]
    assert {} == await rows_of(url)
    tries(len(lines), "probes")


@pytest.mark.slow_faults
@on_either_database
async def test_the_doctor_finds_a_forgotten_owner(
    dialect: str, request: pytest.FixtureRequest, serve: Serve
) -> None:
    url = request.getfixturevalue(f"{dialect}_url")
    with serve(url, broken="forget_the_owner", **UNLIMITED) as server:
        result = run_doctor(await server.ready(), url)

    assert 1 == result.exit_code
    wrong = [line for line in result.stdout.splitlines() if line.startswith("FAIL")]
    assert any("GET /api/v1/tasks/{task_id} · other's task" in line for line in wrong), result.stdout


async def rows_of(url: str) -> dict[str, int]:
    """How many rows each table has that can belong to a user, where it has any."""
    tables = ["users", "tasks", "task_versions", "auth_events", "revocations", "idempotency_records"]
    queries = {table: f"SELECT count(*) FROM {table}" for table in tables}
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            counts = {table: file.execute(query).fetchone()[0] for table, query in queries.items()}
    else:
        connection = await asyncpg.connect(url)
        counts = {table: await connection.fetchval(query) for table, query in queries.items()}
        await connection.close()
    return {table: count for table, count in counts.items() if count}


@pytest.mark.slow_faults
@pytest.mark.parametrize(
    ("mistake", "found"),
    [
        ("forget_whose_path", "other's id in the path"),
        ("open_a_door", "GET /api/v2/tasks/{task_id} · without a token"),
        ("share_entity_tags", "other's ETag"),
        ("take_anybody_for_the_first", "other's task"),
        ("follow_everybody", "/api/v2/events · while both write"),
    ],
)
async def test_the_doctor_finds_other_ways_from_one_user_to_another(
    sqlite_url: str, serve: Serve, mistake: str, found: str
) -> None:
    with serve(sqlite_url, broken=mistake, **UNLIMITED) as server:
        attempts = await consult(await server.ready(), sqlite_url)

    wrong = [each.tried for each in attempts if not each.good]
    assert any(found in each for each in wrong), wrong


@pytest.mark.slow_faults
async def test_behind_row_level_security_a_forgotten_owner_shows_nobody_anything(
    postgresql_url: str, serve: Serve
) -> None:
    with serve(postgresql_url, broken="forget_the_owner", DATABASE_ROW_SECURITY=True, **UNLIMITED) as server:
        attempts = await consult(await server.ready(), postgresql_url)

    assert [] == [each for each in attempts if not each.good]


async def test_the_doctor_says_so_when_the_server_does_not_take_its_tokens(
    sqlite_url: str, serve: Serve, rng: random.Random
) -> None:
    with serve(sqlite_url) as server:
        await server.ready()
        attempts = await consult(server, sqlite_url, secret=f"another secret {rng.random()} of 32 characters")

    assert [False] == [each.good for each in attempts]
    assert "the settings that the server has" in attempts[0].found


@pytest.mark.parametrize(
    ("method", "good"),
    [
        pytest.param("POST", 2, id="while the two are made"),
        pytest.param("GET", 0, id="while it looks what is the other's"),
    ],
)
async def test_the_doctor_removes_what_it_made_before_it_could_not_go_on(
    sqlite_url: str, serve: Serve, monkeypatch: pytest.MonkeyPatch, method: str, good: int
) -> None:
    request = httpx.Client.request
    passed: list[str] = []

    def request_while_it_answers(self: httpx.Client, asked: str, url: Any, **options: Any) -> httpx.Response:
        if asked == method and str(url).endswith("/tasks"):
            if len(passed) == good:
                return httpx.Response(503, request=httpx.Request(asked, f"http://service{url}"))
            passed.append(str(url))
        return request(self, asked, url, **options)

    monkeypatch.setattr(httpx.Client, "request", request_while_it_answers)
    with serve(sqlite_url, **UNLIMITED) as server:
        *_, failure, conclusion = await consult(await server.ready(), sqlite_url)

    assert not failure.good
    assert "503" in failure.found
    assert Attempt(True, "the two users", "removed, with all that was theirs") == conclusion
    assert {} == await rows_of(sqlite_url)


@pytest.mark.slow_faults
async def test_the_doctor_says_what_it_cannot_remove(
    sqlite_url: str, postgresql_url: str, serve: Serve
) -> None:
    with serve(sqlite_url, **UNLIMITED) as server:
        attempts = await consult(await server.ready(), postgresql_url)

    assert not attempts[-1].good
    assert attempts[-1].found.startswith("not removed, they are not in postgresql://")
