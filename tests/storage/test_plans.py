"""How often PostgreSQL plans a statement that a service sends again and again."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import BigInteger, Text, column, func, select, table

from donebook.accounts.statements.events import LIST_EVENTS
from donebook.storage.migrate import migrate
from donebook.storage.statement import Statement
from tests.databases import open_database
from tests.servers.postgres import Postgres, call_in_thread
from tests.storage.every_statement import every_statement
from tests.tasks.actors import new_actor

MODE = Statement("mode", select(func.current_setting("plan_cache_mode")))
_prepared = table("pg_prepared_statements", column("statement", Text), column("custom_plans", BigInteger))
PLANNED_FOR_VALUES = Statement(
    "planned_for_values",
    select(_prepared.c.statement, _prepared.c.custom_plans).where(_prepared.c.custom_plans > 0),
)


@pytest.fixture
def url(postgresql_url: str) -> str:
    return postgresql_url


async def mode(url: str, pooler: str = "off") -> str:
    async with open_database(url, database_pooler=pooler) as database:
        found: str = (await database.read(MODE, {}))[0][0]
        return found


@pytest.mark.parametrize("row_security", [False, True])
async def test_no_statement_is_planned_for_the_values_it_is_sent_with(url: str, row_security: bool) -> None:
    if row_security:
        call_in_thread(migrate, url, row_security=True)
    async with open_database(url, database_pool_size=1, database_row_security=row_security) as database:
        for _ in range(7):
            actor = await new_actor(database)
            task = (await actor.create()).record
            await actor.change(task.id, title="Buy bread")
            await actor.complete(task.id)
            await actor.get(task.id)
            await actor.listing(completed=True, limit=1, offset=0)
            await actor.delete(task.id)

        assert [] == await database.read(PLANNED_FOR_VALUES, {})


@pytest.mark.parametrize("row_security", [False, True])
async def test_one_that_varies_is_planned_each_time_and_leaves_the_connection_as_it_was(
    url: str, row_security: bool
) -> None:
    if row_security:
        call_in_thread(migrate, url, row_security=True)
    async with open_database(url, database_pool_size=1, database_row_security=row_security) as database:
        actor = await new_actor(database)
        for _ in range(7):
            since = datetime(2000, 1, 1, tzinfo=UTC)
            wanted = {"since": since, "user_id": actor.principal.user_id, "failures": 0, "limit": 1}
            assert [] == await database.read(LIST_EVENTS, wanted)

        assert [7] == [times for _, times in await database.read(PLANNED_FOR_VALUES, {})]
        assert "force_generic_plan" == (await database.read(MODE, {}))[0][0]


def test_of_what_is_asked_for_one_user_only_what_is_rare_varies() -> None:
    varying = {each.name: each.crosses_owners for each in every_statement().values() if each.varies}

    assert len(varying) > 9
    # Attempts to log in, delays after them and invitations belong to nobody.
    nobodys = {"prune_attempts", "prune_guesses", "prune_invitations"}
    erasing = {"blank_task_versions", "count_erased_tasks"}
    # Where a quota is used up: the oldest goes, in a transaction of its own.
    making_room = {
        "newest_task_version_before",
        "prune_task_versions",
        "prune_task_blanks",
        "forget_buried",
        "drop_records",
    }
    recounting = {"count_anew[task]"}
    rare = nobodys | erasing | making_room | recounting
    assert rare == {name for name, crosses in varying.items() if not crosses}


async def test_how_an_operator_has_statements_planned_stands(url: str) -> None:
    connection = await asyncpg.connect(url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET plan_cache_mode = 'auto'")
    await connection.close()

    assert "auto" == await mode(url)


async def test_a_server_that_hides_its_settings_is_used_as_it_is(url: str, postgres_server: Postgres) -> None:
    parts = urlsplit(url)
    login = f"blinkered_{parts.path.removeprefix('/')}"
    connection = await asyncpg.connect(url)
    await connection.execute(
        f"CREATE ROLE {login} LOGIN PASSWORD 'x'; REVOKE SELECT ON pg_settings FROM PUBLIC"
    )
    await connection.close()

    try:
        assert "auto" == await mode(f"postgresql://{login}:x@{parts.hostname}:{parts.port}{parts.path}")
    finally:
        await postgres_server.execute(f"DROP ROLE {login}")


@pytest.mark.parametrize(("pooler", "expected"), [("off", "force_generic_plan"), ("on", "auto")])
async def test_a_poolers_connections_keep_their_ways(url: str, pooler: str, expected: str) -> None:
    assert expected == await mode(url, pooler)
