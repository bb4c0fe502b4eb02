"""One statement as a transaction that begins with settings of its own."""

from collections.abc import Sequence
from typing import Any

import asyncpg


async def fetch_after(connection: Any, prelude: str, sql: str, arguments: Sequence[Any]) -> Any:
    """The statement's rows; what ``prelude`` sets must be local to the transaction.

    Only what the server refuses is rolled back: one that is silent would keep us waiting once more.
    """
    try:
        await connection.execute(f"BEGIN; {prelude}")
        rows = await connection.fetch(sql, *arguments)
    except asyncpg.PostgresError:
        if not connection.is_closed():
            await connection.execute("ROLLBACK")
        raise
    await connection.execute("COMMIT")
    return rows
