"""Every statement runs on tables partitioned by user, and needs one partition of each."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy.sql.elements import ClauseElement

from donebook.ledger.statements import reading
from donebook.migrations.tables import METADATA
from donebook.storage.statement import POSTGRESQL, Statement, compile_statement
from tests.storage.every_statement import every_statement
from tests.storage.ownership import owner_column
from tests.storage.partitions import BY_USER, PARTITIONS, make_partitioned

NOT_BY_USER = {"auth_events", "known_networks", "local_accounts", "revocations", "sessions"}
"""Tables of users' rows that are looked into by something else than the user."""

SAMPLES: dict[str, Any] = {
    "BOOLEAN": False,
    "BIGINT": 7,
    "INTEGER": 7,
    "BYTEA": b"x",
    "DOUBLE PRECISION": 1.5,
    "TEXT": "x",
    "VARCHAR": "x",
    "UUID": UUID(int=7),
    "TIMESTAMP WITH TIME ZONE": datetime(2031, 1, 1, tzinfo=UTC),
    "JSONB": ["x"],
    "BIGINT[]": [7],
    "TEXT[]": ["x"],
}
SCHEMA_REVISION = "schema_revision (both)"
"""Asks for a table that migrations make."""
PARTITION = re.compile(rf"(?:{'|'.join(BY_USER)})_(\d+)")


@pytest.fixture
async def connection(empty_postgresql_url: str) -> AsyncIterator[Any]:
    await make_partitioned(empty_postgresql_url)
    connection = await asyncpg.connect(empty_postgresql_url)
    yield connection
    await connection.close()


def test_a_table_with_an_owner_is_partitioned_unless_it_is_known_not_to_be() -> None:
    owned = {table.name for table in METADATA.tables.values() if owner_column(table) is not None}

    assert BY_USER.keys() | NOT_BY_USER == owned


async def test_every_statement_runs_and_one_of_one_owner_needs_one_partition_of_each_table(
    connection: Any,
) -> None:
    needed: dict[str, set[str]] = {}
    for name, statement in every_statement().items():
        if statement.only != "sqlite" and name != SCHEMA_REVISION:
            nodes = await plan(connection, statement, "ada")
            assert nodes
            if not statement.crosses_owners:
                needed[name] = partitions(nodes)

    # The same everywhere: the rows of one user are together, whatever their table.
    (home,) = set.union(*needed.values())
    assert 100 < sum(numbers == {home} for numbers in needed.values())


async def test_users_are_spread_over_the_partitions(connection: Any) -> None:
    homes = [
        partitions(await plan(connection, reading.OWNER_REVISION, f"user-{number}")) for number in range(100)
    ]

    assert {1} == {len(home) for home in homes}
    assert PARTITIONS == len(set.union(*homes))


def partitions(nodes: list[dict[str, Any]]) -> set[str]:
    """The numbers of the partitions that a plan looks into."""
    relations = [node.get("Relation Name", "") for node in nodes]
    return {found[1] for relation in relations if (found := PARTITION.fullmatch(relation))}


async def plan(connection: Any, statement: Statement, owner: str) -> list[dict[str, Any]]:
    """The nodes of the plan that PostgreSQL makes for the statement of an owner."""
    compiled = compile_statement(statement, POSTGRESQL)
    arguments = compiled.arguments(samples(statement) | {"owner": owner})
    text = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {compiled.sql}", *arguments)
    return list(_nodes(json.loads(text)[0]["Plan"]))


def samples(statement: Statement) -> dict[str, Any]:
    """A value for each parameter, of its type."""
    expression = statement.expression_for("postgresql")
    assert isinstance(expression, ClauseElement)
    binds: dict[str, Any] = expression.compile(dialect=POSTGRESQL).binds  # type: ignore[attr-defined]
    kinds = {name: bind.type.compile(POSTGRESQL) for name, bind in binds.items() if bind.required}
    return {name: SAMPLES[kind.partition(" COLLATE")[0]] for name, kind in kinds.items()}


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)
