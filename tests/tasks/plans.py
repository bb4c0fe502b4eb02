"""The plans that the databases make for our statements."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from donebook.storage.plans import plan_once
from donebook.storage.statement import POSTGRESQL, SQLITE, Statement, compile_statement
from donebook.storage.types import tick
from tests.servers.postgres import call_in_thread
from tests.tasks.actors import START
from tests.tasks.many_tasks import FIRST_TASK, LAST_REVISION, OWNER, uuid_of

VALUES = {
    "owner": OWNER,
    "id": FIRST_TASK,
    "uuid": uuid_of(FIRST_TASK),
    "revision": LAST_REVISION - 10,
    "now": START,
    "guard": None,
    "limit": 50,
    "most": 1001,
    "offset": 0,
    "text_0": "x",
    "wanted_priority_0": "low",
    "title": "New",
    "title_folded": "new",
    "action": "updated",
    "via": "scoped",
}


class Plan(NamedTuple):
    """The indexes a statement goes by, the tables it reads whole, and whether it sorts.

    ``wide`` are those of the indexes by which it reads all that an owner has.
    """

    indexes: set[str]
    scanned: set[str]
    sorts: bool
    wide: set[str]

    @property
    def way(self) -> tuple[set[str], set[str], bool]:
        """The indexes, the tables, and whether it sorts."""
        return self.indexes, self.scanned, self.sorts


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
        {node["Index Name"] for node in nodes if "Index Cond" in node and " AND " not in node["Index Cond"]},
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
            connection.create_function("donebook_tick", 1, tick, deterministic=True)
            rows = connection.execute(f"EXPLAIN QUERY PLAN {compiled.sql}", compiled.arguments(VALUES))
            words = [row[3].split() for row in rows]
        return Plan(
            {line[line.index("INDEX") + 1] for line in words if "INDEX" in line},
            {line[1] for line in words if line[0] == "SCAN" and line[1] != "CONSTANT"},
            any("B-TREE" in line for line in words),
            {line[line.index("INDEX") + 1] for line in words if "(owner_id=?)" in line},
        )
