"""Which indexes the databases answer from."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
from sqlalchemy import select

from taskledger.storage.plans import plan_once
from taskledger.storage.statement import POSTGRESQL, SQLITE, Statement, compile_statement
from taskledger.storage.types import tick
from taskledger.tasks.model import tasks
from taskledger.tasks.selection import Selection, Sort
from taskledger.tasks.statements import alone, reading, steps
from taskledger.tasks.statements.parts import LIVE, MINE, REVISION
from taskledger.tasks.values import Aspect
from tests.servers.postgres import Postgres, call_in_thread
from tests.storage.every_statement import every_statement
from tests.tasks.actors import START, TaskFacts
from tests.tasks.many_tasks import FIRST_TASK, LAST_REVISION, OWNER, fill_postgresql, fill_sqlite, uuid_of

SINCE = Statement(
    "tasks_by_revision",
    select(tasks.c.title).where(MINE, tasks.c.revision > REVISION).order_by(tasks.c.revision),
)
IN_PLACE = Statement(
    "tasks_by_position",
    select(tasks.c.title).where(MINE, LIVE).order_by(tasks.c.position, tasks.c.id).limit(50),
)
PAGE = Selection(limit=1)
OPEN = Selection(completed=False, limit=1)
COMPLETED = Selection(completed=True, limit=1)

VALUES = {
    "owner": OWNER,
    "id": FIRST_TASK,
    "uuid": uuid_of(FIRST_TASK),
    "revision": LAST_REVISION - 10,
    "now": START,
    "guard": None,
    "limit": 50,
    "offset": 0,
    "text_0": "x",
    "wanted_priority_0": "low",
    "title": "New",
    "title_folded": "new",
    "action": "updated",
    "via": "scoped",
}


class Plan(NamedTuple):
    """The indexes a statement goes by, the tables it reads whole, and whether it sorts."""

    indexes: set[str]
    scanned: set[str]
    sorts: bool


class PostgresPlans:
    """Plans of PostgreSQL, as it makes them for the service before it knows any values.

    They are for a disk as fast at any place as in sequence, which they all are now.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def plan(self, statement: Statement) -> Plan:
        (found,) = self.plan_each([statement])
        return found

    def plan_each(self, statements: Sequence[Statement]) -> list[Plan]:
        found: list[Plan] = call_in_thread(asyncio.run, self._plan_each(statements))
        return found

    async def _plan_each(self, statements: Sequence[Statement]) -> list[Plan]:
        connection = await asyncpg.connect(self.url, server_settings={"random_page_cost": "1.1"})
        try:
            await plan_once(connection)
            return [await _plan(connection, statement) for statement in statements]
        finally:
            await connection.close()


async def _plan(connection: Any, statement: Statement) -> Plan:
    await connection.execute(f"PREPARE asked AS {compile_statement(statement, POSTGRESQL).sql}")
    values = await connection.fetchval(
        "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'asked'"
    )
    unknown = f"({', '.join(['NULL'] * values)})" if values else ""
    text = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked {unknown}")
    await connection.execute("DEALLOCATE asked")
    nodes = list(_nodes(json.loads(text)[0]["Plan"]))
    return Plan(
        {node["Index Name"] for node in nodes if "Index Name" in node},
        {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"},
        any("Sort" in node["Node Type"] for node in nodes),
    )


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)


class SqlitePlans:
    """Plans of SQLite, which it tells in words."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def plan(self, statement: Statement) -> Plan:
        compiled = compile_statement(statement, SQLITE)
        with closing(sqlite3.connect(self.path)) as connection:
            connection.create_function("taskledger_tick", 1, tick, deterministic=True)
            rows = connection.execute(f"EXPLAIN QUERY PLAN {compiled.sql}", compiled.arguments(VALUES))
            words = [row[3].split() for row in rows]
        return Plan(
            {line[line.index("INDEX") + 1] for line in words if "INDEX" in line},
            {line[1] for line in words if line[0] == "SCAN" and line[1] != "CONSTANT"},
            any("B-TREE" in line for line in words),
        )


@pytest.fixture(scope="session")
def postgresql_plans(postgres_server: Postgres, migrated_postgres_database: str) -> Iterator[PostgresPlans]:
    name = f"{migrated_postgres_database}_plans"
    postgres_server.create_database(name, template=migrated_postgres_database)
    url = postgres_server.url(name)
    call_in_thread(asyncio.run, fill_postgresql(url))
    yield PostgresPlans(url)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def sqlite_plans(migrated_sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> SqlitePlans:
    path = Path(shutil.copy(migrated_sqlite_file, tmp_path_factory.mktemp("plans")))
    fill_sqlite(path)
    return SqlitePlans(path)


@pytest.fixture(params=["sqlite", "postgresql"])
def plans(request: pytest.FixtureRequest) -> PostgresPlans | SqlitePlans:
    found: PostgresPlans | SqlitePlans = request.getfixturevalue(f"{request.param}_plans")
    return found


def key(table: str, plans: PostgresPlans | SqlitePlans) -> str:
    """What the database calls the index of the table's primary key."""
    return f"{table}_pkey" if isinstance(plans, PostgresPlans) else f"sqlite_autoindex_{table}_1"


def test_a_task_is_found_by_its_number(plans: PostgresPlans | SqlitePlans) -> None:
    assert ({key("tasks", plans)}, set(), False) == plans.plan(reading.get_task("id", TaskFacts))


def test_a_task_is_found_by_its_uuid(plans: PostgresPlans | SqlitePlans) -> None:
    assert ({"tasks_owner_uuid"}, set(), False) == plans.plan(reading.get_task("uuid", TaskFacts))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("completed", "index"), [(False, "tasks_owner_open"), (True, "tasks_owner_completed")]
)
@pytest.mark.parametrize("limit", [None, 1])
def test_open_and_completed_tasks_are_read_in_order_from_an_index_of_their_own(
    plans: PostgresPlans | SqlitePlans, completed: bool, index: str, descending: bool, limit: int | None
) -> None:
    selection = Selection(completed=completed, descending=descending, limit=limit)

    assert ({index, key("users", plans)}, set(), False) == plans.plan(
        reading.list_tasks(selection, TaskFacts)
    )


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [None, 1])
def test_tasks_in_order_of_creation_are_read_in_order(
    plans: PostgresPlans | SqlitePlans, descending: bool, limit: int | None
) -> None:
    plan = plans.plan(reading.list_tasks(Selection(descending=descending, limit=limit), TaskFacts))

    assert {key("tasks", plans), key("users", plans)} <= plan.indexes
    assert (set(), False) == (plan.scanned, plan.sorts)


@pytest.mark.parametrize("sort", ["updated", "title", "due_date", "priority", "position"])
@pytest.mark.parametrize("search", [(), ("",)])
def test_no_order_and_no_search_reads_more_than_the_owners_tasks(
    plans: PostgresPlans | SqlitePlans, sort: Sort, search: tuple[str, ...]
) -> None:
    plan = plans.plan(
        reading.list_tasks(Selection(sort=sort, search=search, priorities=("low",), limit=1), TaskFacts)
    )

    assert set() == plan.scanned


def test_tasks_in_their_arrangement_are_read_in_order(plans: PostgresPlans | SqlitePlans) -> None:
    assert ({"tasks_owner_position"}, set(), False) == plans.plan(IN_PLACE)


def test_tasks_changed_since_a_revision_are_read_in_order(plans: PostgresPlans | SqlitePlans) -> None:
    assert ({"tasks_owner_revision"}, set(), False) == plans.plan(SINCE)


@pytest.mark.parametrize("selection", [PAGE, OPEN, COMPLETED])
def test_counting_reads_no_more_than_the_owners_tasks(
    plans: PostgresPlans | SqlitePlans, selection: Selection
) -> None:
    assert set() == plans.plan(reading.count_tasks(selection)).scanned


@pytest.mark.parametrize(
    ("aspects", "narrower"),
    [
        ({Aspect.TITLE}, None),
        ({Aspect.TOGGLE}, None),
        ({Aspect.DELETE}, None),
        ({Aspect.COMPLETE}, "tasks_owner_open"),
        ({Aspect.RESTORE}, "tasks_owner_trashed"),
    ],
)
def test_an_edit_finds_its_rows_by_their_keys(
    plans: PostgresPlans | SqlitePlans, aspects: set[Aspect], narrower: str | None
) -> None:
    """Or by an index, in the order of the owner too, of the few rows that the edit can change."""
    trashed = Aspect.RESTORE in aspects
    if isinstance(plans, PostgresPlans):
        statement = alone.edit_task_alone("id", frozenset(aspects), TaskFacts, "at", trashed=trashed)
        expected = {"tasks_pkey", "users_pkey"}
    else:
        statement = steps.edit_task_step("id", frozenset(aspects), "at", trashed=trashed)
        expected = {key("tasks", plans)}

    plan = plans.plan(statement)

    assert (set(), False) == (plan.scanned, plan.sorts)
    assert expected == plan.indexes - {narrower}


def test_nothing_that_is_asked_for_one_user_reads_the_rows_of_all(postgresql_plans: PostgresPlans) -> None:
    statements = [
        each
        for each in every_statement().values()
        if each.only in {None, "postgresql"} and not each.crosses_owners
    ]

    plans = postgresql_plans.plan_each(statements)

    assert len(plans) > 900
    assert {} == {
        statement.name: read_whole
        for statement, plan in zip(statements, plans, strict=True)
        if (read_whole := plan.scanned & {"users", "tasks", "task_versions"})
    }
