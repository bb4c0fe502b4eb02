"""The schema on PostgreSQL tables that are hash-partitioned by user, as a sharded one has them."""

import asyncpg
from sqlalchemy import MetaData, Table
from sqlalchemy.schema import CreateIndex, CreateSequence, CreateTable, ExecutableDDLElement

from donebook.ledger.model import RECORD_NUMBERS
from donebook.migrations.tables import METADATA
from donebook.storage.statement import POSTGRESQL

PARTITIONS = 8
BY_USER = {
    "users": "id",
    "spaces": "id",
    "tasks": "owner_id",
    "task_versions": "owner_id",
    "tombstones": "owner_id",
    "idempotency_records": "owner_id",
    "event_tickets": "owner_id",
}
"""The tables that are partitioned, and the column that says whose a row is."""


def partitioned_schema() -> list[str]:
    """The statements that make the models' tables, those of `BY_USER` in partitions by user."""
    metadata = MetaData()
    script = [_sql(CreateSequence(RECORD_NUMBERS))]
    for model in METADATA.sorted_tables:
        if model.info.get("only", "postgresql") == "postgresql":
            table = model.to_metadata(metadata)
            script += _partitioned(table, BY_USER[table.name]) if table.name in BY_USER else _plain(table)
            indexes = sorted(table.indexes, key=lambda index: str(index.name))
            script += [_sql(CreateIndex(index)) for index in indexes]
    return script


def _plain(table: Table) -> list[str]:
    return [_sql(CreateTable(table))]


def _partitioned(table: Table, owner: str) -> list[str]:
    table.dialect_options["postgresql"]["partition_by"] = f"HASH ({owner})"
    parts = [
        f"CREATE TABLE {table.name}_{number} PARTITION OF {table.name}"
        f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
        for number in range(PARTITIONS)
    ]
    return [_sql(CreateTable(table)), *parts]


async def make_partitioned(url: str) -> None:
    """Build the partitioned schema in an empty database."""
    connection = await asyncpg.connect(url)
    try:
        for statement in partitioned_schema():
            await connection.execute(statement)
    finally:
        await connection.close()


def _sql(element: ExecutableDDLElement) -> str:
    return str(element.compile(dialect=POSTGRESQL))
