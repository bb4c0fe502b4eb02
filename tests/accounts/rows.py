"""Looking into a database past the product's own statements."""

from typing import Any

from sqlalchemy import select

from donebook.migrations.tables import METADATA
from donebook.storage.database import Database
from donebook.storage.statement import Statement


async def rows_of(database: Database, table: str) -> list[dict[str, Any]]:
    """All rows of a table."""
    columns = METADATA.tables[table].c
    rows = await database.read(Statement(f"all_{table}", select(*columns)), {})
    return [dict(zip(columns.keys(), row, strict=True)) for row in rows]


async def dump(database: Database) -> str:
    """Everything the database holds, as text."""
    tables = [
        table.name for table in METADATA.tables.values() if table.info.get("only") in {None, database.dialect}
    ]
    return repr({name: await rows_of(database, name) for name in tables})
