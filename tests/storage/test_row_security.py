"""The second wall between users: PostgreSQL itself shows and changes one owner's rows only."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import pytest
from sqlalchemy import Text, bindparam, delete, func, insert, literal, select, update

from donebook.accounts.model import users
from donebook.accounts.usecases import provision_user
from donebook.errors import DatabaseUnavailable, TaskNotFound
from donebook.ledger.operations import Writing
from donebook.ledger.statements import reading
from donebook.ledger.writing.records import create_record, get_record
from donebook.migrations import tables
from donebook.principal import Principal
from donebook.settings import Settings
from donebook.storage.connect import database_for
from donebook.storage.migrate import migrate
from donebook.storage.postgres import PostgresDatabase
from donebook.storage.statement import Statement
from donebook.tasks.kind import TASKS
from donebook.tasks.model import task_versions, tasks
from donebook.tasks.operations import new_task
from tests.servers.postgres import Postgres, call_in_thread
from tests.service import run_service

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
ADA, BOB = Principal("ada"), Principal("bob")
OWNER = bindparam("owner", type_=Text)

ALL_TITLES = Statement("all_titles", select(tasks.c.owner_id, tasks.c.title))
"""What a statement is when its owner predicate is forgotten."""


class Row(msgspec.Struct):
    id: int
    title: str


@pytest.fixture
def walled_url(postgresql_url: str) -> str:
    call_in_thread(migrate, postgresql_url, row_security=True)
    return postgresql_url


@pytest.fixture
async def database(walled_url: str) -> AsyncIterator[PostgresDatabase]:
    """A database behind the wall, in which Ada and Bob have a task each."""
    opened = database_for(Settings(database_url=walled_url, database_row_security=True, database_pool_size=1))
    assert isinstance(opened, PostgresDatabase)
    await opened.open()
    for principal in (ADA, BOB):
        await provision_user(opened, principal, NOW)
        new = new_task(f"Task of {principal.user_id}")
        await create_record(opened, principal, new, Writing(NOW, "test"), Row)
    yield opened
    await opened.close()


@pytest.fixture
async def outside(walled_url: str) -> AsyncIterator[Any]:
    """A connection of the login that owns the tables."""
    connection = await asyncpg.connect(walled_url)
    yield connection
    await connection.close()


async def test_a_statement_without_an_owner_finds_nothing(database: PostgresDatabase) -> None:
    assert [] == await database.read(ALL_TITLES, {})


async def test_a_statement_that_forgets_its_predicate_finds_its_owners_rows_alone(
    database: PostgresDatabase,
) -> None:
    found = await database.read(ALL_TITLES, {"owner": "ada"})

    assert [("ada", "Task of ada")] == [tuple(row) for row in found]


async def test_without_the_wall_the_same_statement_finds_everybodys_rows(
    database: PostgresDatabase, outside: Any
) -> None:
    del database

    assert ["ada", "bob"] == [row[0] for row in await outside.fetch("SELECT owner_id FROM tasks ORDER BY 1")]


@pytest.mark.parametrize("table", [users, tasks, task_versions], ids=str)
async def test_a_deletion_without_an_owner_deletes_nothing(
    database: PostgresDatabase, outside: Any, table: Any
) -> None:
    await database.write(Statement("delete_all", delete(table)), {})

    assert 2 == await outside.fetchval(f"SELECT count(*) FROM {table.name}")


async def test_a_change_reaches_its_owners_rows_alone(database: PostgresDatabase, outside: Any) -> None:
    await database.write(Statement("rename_all", update(tasks).values(title="renamed")), {"owner": "bob"})

    found = await outside.fetch("SELECT owner_id, title FROM tasks ORDER BY 1")
    assert [("ada", "Task of ada"), ("bob", "renamed")] == [tuple(row) for row in found]


async def test_a_row_cannot_be_written_for_another_owner(database: PostgresDatabase) -> None:
    values = {"id": "eve", "created_at": NOW, "updated_at": NOW}
    plant = Statement("plant_user", insert(users).values(values))

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await database.write(plant, {"owner": "ada"})


async def test_a_row_cannot_be_given_to_another_owner(database: PostgresDatabase) -> None:
    give = Statement("give_away", update(tasks).values(owner_id="bob"))

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await database.write(give, {"owner": "ada"})


async def test_a_refused_statement_leaves_the_connection_fit_for_the_next(
    database: PostgresDatabase,
) -> None:
    for _ in range(3):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await database.write(
                Statement("give_away", update(tasks).values(owner_id="bob")), {"owner": "ada"}
            )

    assert 1 == len(await database.read(ALL_TITLES, {"owner": "ada"}))


async def test_nothing_is_left_on_the_connection_for_the_next(database: PostgresDatabase) -> None:
    await database.read(ALL_TITLES, {"owner": "ada"})
    connection = await database.pool.acquire()

    left = await connection.fetchrow(
        "SELECT current_user = session_user, coalesce(current_setting('donebook.owner', true), '')"
    )

    database.pool.release(connection)
    assert (True, "") == tuple(left)


async def test_each_statement_of_a_transaction_is_walled_for_its_own_owner(
    database: PostgresDatabase,
) -> None:
    async def look(transaction: Any) -> list[list[str]]:
        places: list[dict[str, Any]] = [{"owner": "ada"}, {"owner": "bob"}, {}]
        return [[row[0] for row in await transaction.fetch(ALL_TITLES, values)] for values in places]

    assert [["ada"], ["bob"], []] == await database.transact(look)


async def test_a_statement_that_says_so_crosses_the_wall(database: PostgresDatabase) -> None:
    everybody = Statement("everybody", select(func.count()).select_from(users), crosses_owners=True)

    async def between(transaction: Any) -> list[int]:
        counts = [
            await transaction.fetch(each, {"owner": "ada"}) for each in (ALL_TITLES, everybody, ALL_TITLES)
        ]
        return [len(counts[0]), counts[1][0][0], len(counts[2])]

    assert 2 == (await database.read(everybody, {}))[0][0]
    assert [1, 2, 1] == await database.transact(between)


async def test_an_owner_is_never_read_as_sql(database: PostgresDatabase) -> None:
    names = ["', true); RESET ROLE; --", "\\'; RESET ROLE; --", "Zoë 🌱", "$$", 'x" y']
    count = Statement("count_visible", select(func.count()).select_from(tasks).where(literal(True)))

    for name in names:
        await provision_user(database, Principal(name), NOW)

        assert [name] == [
            row[0] for row in await database.read(Statement("me", select(users.c.id)), {"owner": name})
        ]
        assert 0 == (await database.read(count, {"owner": name}))[0][0]


async def test_the_role_of_requests_can_bypass_nothing(database: PostgresDatabase, outside: Any) -> None:
    del database
    role = await outside.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcanlogin, rolcreaterole FROM pg_roles"
        " WHERE rolname = (SELECT tableowner FROM pg_tables WHERE tablename = 'tasks') || '_requests'"
    )

    assert (False, False, False, False) == tuple(role)


UNWALLED = {
    "alembic_version": "the schema's revision",
    "maintenance_marks": "how far maintenance has got, for all users together",
    "service_keys": "keys of the service itself",
    "revocation_head": "one number for the whole service",
    "attempt_windows": "limits of client addresses, before anybody is known",
    "guess_delays": "delays of e-mails, with or without an account, before anybody is known",
    "sign_up_invitations": "codes for people who are no users yet",
    "erased_subjects": "digests, of users who are no more",
}
"""Tables whose rows belong to no user, or are looked up before it is known who asks: with the reason."""


async def test_every_table_is_behind_the_wall_or_says_why_not(outside: Any) -> None:
    found = await outside.fetch(
        "SELECT c.relname, c.relrowsecurity, array_agg(p.polname::text) FROM pg_class c"
        " LEFT JOIN pg_policy p ON p.polrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY 1, 2"
    )
    walled = {name for name, enabled, policies in found if enabled and policies == ["owner_only"]}

    missing = {name for name, *_ in found} - walled - UNWALLED.keys()

    assert set() == missing, "call protect_rows in the migration that makes it"


async def test_the_policies_leave_the_indexes_in_use(database: PostgresDatabase, outside: Any) -> None:
    await outside.execute("INSERT INTO spaces (id) SELECT 'user' || n FROM generate_series(1, 100) n")
    await outside.execute(
        "INSERT INTO tasks (owner_id, id, uuid, title, title_folded, due_all_day, tags, position, created_at,"
        " updated_at, revision) SELECT 'user' || (n % 100 + 1), n + 1000, gen_random_uuid(), 't', 't', false,"
        " '[]', 'a', now(), now(), 1 FROM generate_series(1, 10000) n"
    )
    await outside.execute("ANALYZE")
    compiled = database.compiled(reading.get_record(TASKS, "id", Row))
    async with outside.transaction():
        assert database.row_security is not None
        await outside.execute(database.row_security.enter("user7"))
        plan = await outside.fetch(
            f"EXPLAIN {compiled.sql}", *compiled.arguments({"owner": "user7", "id": 1006})
        )

    text = "\n".join(row[0] for row in plan)
    assert "Index Scan" in text, text
    assert "Seq Scan" not in text, text


async def test_every_contract_works_behind_the_wall(walled_url: str) -> None:
    async with run_service(walled_url, database_row_security=True) as service, service.client("ada") as ada:
        for path, list_path in (
            ("/api/ada/tasks", "/api/ada/tasks?limit=5"),
            ("/api/v1/tasks", "/api/v1/tasks"),
            ("/api/tasks", "/api/tasks"),
            ("/enveloped/api/ada/tasks", "/enveloped/api/ada/tasks"),
        ):
            made = await ada.post(path, json={"title": "Mine"})
            address = f"{path}/{made.json()['id']}"
            statuses = [
                made.status_code,
                (await ada.get(address)).status_code,
                (await ada.put(address, json={"title": "Still mine"})).status_code,
                (await ada.patch(f"{address}/complete")).status_code,
                (await ada.get(list_path)).status_code,
                (await ada.delete(address)).status_code,
                (await ada.get(address)).status_code,
            ]

            assert [201, 200, 200, 200, 200, 204, 404] == statuses, path


async def test_a_predicate_that_is_lost_shows_nothing_of_others_behind_the_wall(
    walled_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_any_task(kind: Any, key: Any, into: Any, *, include_trashed: bool) -> Statement:
        del kind, key, into, include_trashed
        columns = [
            tasks.c[name] if name in tasks.c else literal(None).label(name) for name in ("id", "title")
        ]
        found = select(*columns, tasks.c.revision).where(tasks.c.id == bindparam("id"))
        return Statement("get_any_task", found)

    database = database_for(Settings(database_url=walled_url, database_row_security=True))
    await database.open()
    for principal in (ADA, BOB):
        await provision_user(database, principal, NOW)
    made = await create_record(database, BOB, new_task("Bob's"), Writing(NOW, "test"), Row)
    monkeypatch.setattr(reading, "get_record", find_any_task)

    with pytest.raises(TaskNotFound):
        await get_record(database, ADA, TASKS, made.record.id, Row)

    await database.close()


@asynccontextmanager
async def database_of_login(server: Postgres, rights: str) -> AsyncIterator[tuple[str, Any]]:
    """The URL of a migrated database of a login with these rights, and a superuser's connection."""
    login = name = f"builder_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'secret' {rights}")
    await admin.execute(f"CREATE DATABASE {name} OWNER {login}")
    url = f"postgresql://{login}:secret@{server.host}:{server.port}/{name}"
    try:
        call_in_thread(migrate, url)
        yield url, admin
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.execute(f"DROP ROLE IF EXISTS {login}_requests")
        await admin.execute(f"DROP ROLE {login}")
        await admin.close()


async def assert_serves(url: str) -> None:
    async with run_service(url, database_row_security=True) as service, service.client("ada") as ada:
        assert 201 == (await ada.post("/api/v1/tasks", json={"title": "Mine"})).status_code


async def test_a_login_that_may_make_roles_makes_the_one_it_needs(postgres_server: Postgres) -> None:
    async with database_of_login(postgres_server, "CREATEROLE") as (url, _):
        await assert_serves(url)


async def test_a_login_that_may_not_make_roles_is_told_what_to_run(postgres_server: Postgres) -> None:
    async with database_of_login(postgres_server, "NOCREATEROLE") as (url, admin):
        with pytest.raises(DatabaseUnavailable) as refusal:
            call_in_thread(migrate, url, row_security=True)

        await admin.execute(str(refusal.value).partition("let a superuser run: ")[2])

        await assert_serves(url)


def test_the_metadata_knows_the_tables_that_stand_outside() -> None:
    known = {*tables.METADATA.tables, "alembic_version"}

    assert set() == UNWALLED.keys() - known
