"""How often PostgreSQL plans a statement that a service sends again and again."""

import asyncpg
import pytest
from sqlalchemy import BigInteger, Text, column, func, select, table

from taskledger.storage.migrate import migrate
from taskledger.storage.statement import Statement
from tests.databases import open_database
from tests.servers.postgres import call_in_thread
from tests.tasks.actors import new_actor

MODE = Statement("mode", select(func.current_setting("plan_cache_mode")))
_prepared = table("pg_prepared_statements", column("statement", Text), column("custom_plans", BigInteger))
PLANNED_FOR_ITS_VALUES = Statement(
    "planned_for_its_values", select(_prepared.c.statement).where(_prepared.c.custom_plans > 0)
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
            task = (await actor.create()).task
            await actor.change(task.id, title="Buy bread")
            await actor.complete(task.id)
            await actor.get(task.id)
            await actor.listing(completed=True, limit=1, offset=0)
            await actor.delete(task.id)

        assert [] == await database.read(PLANNED_FOR_ITS_VALUES, {})


async def test_how_an_operator_has_statements_planned_stands(url: str) -> None:
    connection = await asyncpg.connect(url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET plan_cache_mode = 'auto'")
    await connection.close()

    assert "auto" == await mode(url)


@pytest.mark.parametrize(("pooler", "expected"), [("off", "force_generic_plan"), ("on", "auto")])
async def test_a_poolers_connections_keep_their_ways(url: str, pooler: str, expected: str) -> None:
    assert expected == await mode(url, pooler)
