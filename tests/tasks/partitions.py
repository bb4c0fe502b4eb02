"""The schema on PostgreSQL tables that are hash-partitioned by user."""

import asyncpg
from sqlalchemy import BigInteger, MetaData, Sequence, Table
from sqlalchemy.schema import CreateIndex, CreateSequence, CreateTable, ExecutableDDLElement

from taskledger.migrations.tables import METADATA
from taskledger.storage.statement import POSTGRESQL
from taskledger.tasks.model import TASK_NUMBERS

PARTITIONS = 8


def owner_column(table: Table) -> str | None:
    """The column that says whose a row is; ``None`` for a table that is nobody's."""
    if table.name == "users":
        return "id"
    return "owner_id" if "owner_id" in table.c else None


def partitioned_schema() -> list[str]:
    """The statements that make the models' tables, each that belongs to users in partitions by user."""
    metadata = MetaData()
    script = [_sql(CreateSequence(Sequence(TASK_NUMBERS, data_type=BigInteger)))]
    for model in METADATA.sorted_tables:
        if model.info.get("only", "postgresql") != "postgresql":
            continue
        table = model.to_metadata(metadata)
        owner = owner_column(table)
        if owner is not None:
            table.dialect_options["postgresql"]["partition_by"] = f"HASH ({owner})"
        script.append(_sql(CreateTable(table)))
        if owner is not None:
            script += [
                f"CREATE TABLE {table.name}_{number} PARTITION OF {table.name}"
                f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
                for number in range(PARTITIONS)
            ]
        script += [
            _sql(CreateIndex(index)) for index in sorted(table.indexes, key=lambda index: str(index.name))
        ]
    return script


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
