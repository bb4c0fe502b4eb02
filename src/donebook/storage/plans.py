"""Planning each prepared statement once for a connection, and not each time that it runs.

PostgreSQL plans a prepared statement anew for each execution as long as it takes plans for the values at
hand to be cheaper. Ours go by the owner's keys whoever the owner is; what changes with the owner is the
estimate. See docs/decisions/0013-statements-are-planned-once.md.
"""

from contextlib import suppress
from typing import Any

import asyncpg

PLAN_ANEW = "SET LOCAL plan_cache_mode = force_custom_plan"
"""Has what follows in the transaction planned for its values."""

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
