"""Which databases are used: their text is UTF-8, and their collation changes nothing."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import asyncpg
import httpx
import pytest

from donebook.storage.migrate import EncodingRefused, migrate
from donebook.storage.readiness import Readiness, schema_problem
from tests.cli.commands import CommandLine
from tests.databases import open_database
from tests.servers.postgres import Postgres, call_in_thread, run_postgres
from tests.servers.postgres_binaries import find_binaries_with_icu
from tests.service import run_service

MakeUrl = Callable[[str], str]

TITLES = ["b", "A", "a", "B", "ä", "Zebra", "_x", "z", "é", "10", "9", "a b", "ab", "-a", "ß", "Ω", "~"]


@pytest.fixture
def make_database(postgres_server: Postgres) -> Iterator[MakeUrl]:
    """Make a database of PostgreSQL with these options, and drop it afterwards."""
    made: list[str] = []

    def make(options: str) -> str:
        name = f"encoding_{len(made)}_{id(made):x}"
        statement = f'CREATE DATABASE "{name}" TEMPLATE template0 {options}'
        call_in_thread(asyncio.run, postgres_server.execute(statement))
        made.append(name)
        return postgres_server.url(name)

    yield make
    for name in made:
        postgres_server.drop_database(name)


@pytest.fixture(params=["UTF-16", "LATIN1", "SQL_ASCII"])
def wrong_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database whose text is not UTF-8: a SQLite file in UTF-16, or one of PostgreSQL."""
    if request.param != "UTF-16":
        make: MakeUrl = request.getfixturevalue("make_database")
        return make(f"ENCODING '{request.param}' LOCALE 'C'")
    path = tmp_path / "utf16.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA encoding = 'UTF-16le'")
        connection.execute("CREATE TABLE somebodys (text)")
        connection.commit()
    return f"sqlite:///{path}"


def assert_one_line(told: str) -> None:
    assert "the database's encoding is " in told
    assert " and has to be UTF-8; " in told
    assert "\n" not in told.strip()


def test_it_is_not_migrated(wrong_url: str) -> None:
    with pytest.raises(EncodingRefused) as refusal:
        call_in_thread(migrate, wrong_url)

    assert_one_line(str(refusal.value))


async def test_it_is_told_by_whatever_looks_at_a_database(wrong_url: str) -> None:
    async with open_database(wrong_url) as database:
        problem = await schema_problem(database)

    assert problem is not None
    assert_one_line(problem)


@pytest.mark.parametrize("auto_migrate", [True, False])
async def test_a_service_on_it_is_not_ready_and_says_why(
    wrong_url: str, caplog: pytest.LogCaptureFixture, auto_migrate: bool
) -> None:
    async with open_database(wrong_url) as database:
        readiness = Readiness(database, wrong_url, auto_migrate=auto_migrate)
        await readiness.start()
        await readiness.stop()
        with pytest.raises(Exception, match="encoding") as failure:
            await readiness.check()

    assert_one_line(str(failure.value))
    assert 1 == len([message for message in caplog.messages if "encoding" in message])


def test_the_commands_say_so_in_one_line(wrong_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = CommandLine(monkeypatch, DATABASE_URL=wrong_url)

    refused = commands.run("migrate")
    assert 1 == refused.exit_code
    assert_one_line(refused.output)
    examined = commands.run("doctor")
    assert 1 == examined.exit_code
    assert_one_line(next(line for line in examined.output.splitlines() if line.startswith("FAIL")))


async def order_of(url: str) -> list[list[str]]:
    """What depends on the order of texts: sorted lists, pages of them, and tasks moved to places."""
    async with run_service(url) as service, service.client("ada") as ada:
        tasks = [(await ada.post("/api/v2/tasks", json={"title": title})).json() for title in TITLES]
        for task, other in zip(tasks[::2], tasks[1::2], strict=False):
            for _ in range(3):
                await ada.post(f"/api/v2/tasks/{task['id']}/move", json={"after": other["id"]})
                await ada.post(f"/api/v2/tasks/{other['id']}/move", json={"after": task["id"]})
        bare = (await ada.get("/api/ada/tasks", params={"sort": "title"})).json()
        return [
            [task["title"] for task in bare],
            await pages_of(ada, "title"),
            await pages_of(ada, "position"),
            await pages_of(ada, "-title"),
        ]


async def pages_of(client: httpx.AsyncClient, sort: str) -> list[str]:
    titles: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        given = {"sort": sort, "limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/api/v2/tasks", params=given)).raise_for_status().json()
        titles += [task["title"] for task in page["items"]]
        cursor = page["next_cursor"]
    return titles


@pytest.fixture
def collated_url() -> Iterator[str]:
    """A migrated database whose own order of texts is that of a language."""
    with run_postgres(binaries=find_binaries_with_icu()) as server:
        create = "CREATE DATABASE collated TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
        icu = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
        call_in_thread(asyncio.run, server.execute(f"{create} {icu}"))
        url = server.url("collated")
        call_in_thread(migrate, url)
        yield url


@pytest.mark.postgres_icu
async def test_the_collation_of_a_database_changes_no_order_no_page_and_no_place(
    collated_url: str, sqlite_url: str
) -> None:
    connection = await asyncpg.connect(collated_url)
    # Otherwise this would be a test of nothing.
    assert ["a", "A", "b", "B"] == [
        text for (text,) in await connection.fetch("SELECT * FROM unnest('{b,A,a,B}'::text[]) ORDER BY 1")
    ]
    await connection.close()

    found = await order_of(collated_url)

    assert await order_of(sqlite_url) == found
    assert sorted(TITLES, key=str.casefold) == found[0] == found[1]
    assert sorted(TITLES) == sorted(found[2]) == sorted(found[3])
