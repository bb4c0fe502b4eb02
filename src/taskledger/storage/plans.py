"""Planning each prepared statement once for a connection, and not each time that it runs.

PostgreSQL plans a prepared statement anew for each execution as long as it takes plans for the values at
hand to be cheaper. Ours go by the owner's keys whoever the owner is; what changes with the owner is the
estimate. See docs/decisions/0013-statements-are-planned-once.md.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import asyncpg

# A mode that an operator chose, for the database, the role or the server, stands.
_PLAN_ONCE = """
    SELECT set_config('plan_cache_mode', 'force_generic_plan', false)
    FROM pg_settings WHERE name = 'plan_cache_mode' AND source = 'default'
"""


async def plan_once(connection: Any) -> None:
    """Ask that of a connection of ours alone: a pooler's would take it along to others."""
    # A server may hide its settings; then it plans as it likes.
    with suppress(asyncpg.InsufficientPrivilegeError):
        await connection.execute(_PLAN_ONCE)


async def plan_anew(connection: Any) -> None:
    """Have what follows in the open transaction planned for its values."""
    await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")


async def fetch_planned_anew(connection: Any, sql: str, arguments: Sequence[Any]) -> Any:
    """The rows of one statement that is planned for these arguments, as a transaction of its own."""
    async with connection.transaction():
        await plan_anew(connection)
        return await connection.fetch(sql, *arguments)
