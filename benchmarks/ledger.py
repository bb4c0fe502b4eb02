"""What the ledger adds to a creation on PostgreSQL.

The same creation as one statement, with the ledger (the owner's revision raised, a version appended) and
without, taking turns on one connection in one database. There is no HTTP around it, which would cost both
the same: the ledger's share of a whole request is smaller than the share stated.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, insert, select

from benchmarks.accounting import cpu_seconds
from benchmarks.machine import facts, words
from benchmarks.postgres import Cluster
from benchmarks.report import markdown
from donebook.contracts.versioned import VersionedTask
from donebook.ledger.kinds.facts import select_facts
from donebook.ledger.model import RECORD_NUMBERS
from donebook.ledger.operations import Writing, creation_values
from donebook.ledger.statements.parts import OWNER, new_values
from donebook.ledger.statements.single_statement import create_alone
from donebook.spaces.model import spaces
from donebook.storage.migrate import migrate
from donebook.storage.postgres import PostgresDatabase
from donebook.storage.statement import Statement
from donebook.storage.types import rank_text
from donebook.storage.urls import PostgresAddress, parse_database_url
from donebook.tasks.kind import TASKS
from donebook.tasks.model import tasks
from donebook.tasks.operations import new_task

LIMIT = 0.35
_USERS = 100
_CREATIONS = 2000
_ROUNDS = 5


@dataclass(frozen=True)
class Cost:
    """CPU µs of a creation, in the driver's process and in the database; medians of the rounds."""

    what: str
    driver_us: float
    database_us: float

    @property
    def total_us(self) -> float:
        """Both together."""
        return self.driver_us + self.database_us


def without_ledger() -> Statement:
    """The creation as it would be if nobody kept revisions or versions."""
    owner_row = select(spaces.c.id, spaces.c.revision).where(spaces.c.id == OWNER).cte("owner_row")
    values: dict[str, Any] = new_values(TASKS) | {
        "id": RECORD_NUMBERS.next_value(),
        "position": rank_text(owner_row.c.revision + 1),
        "revision": owner_row.c.revision + 1,
    }
    source = select(*values.values()).select_from(owner_row)
    written = insert(tasks).from_select(list(values), source, include_defaults=False).returning(*tasks.c)
    row = written.cte("written")
    outcome = select(*select_facts(TASKS, VersionedTask, row), row.c.revision.label("etag"))
    return Statement("create_without_ledger", outcome, "postgresql")


def measure() -> list[Cost]:
    """Start a PostgreSQL and measure both."""
    cluster = Cluster()
    try:
        migrate(cluster.url)
        return asyncio.run(_measure(cluster))
    finally:
        cluster.stop()


async def _measure(cluster: Cluster) -> list[Cost]:
    address = parse_database_url(cluster.url)
    assert isinstance(address, PostgresAddress)
    database = PostgresDatabase(
        address, pool_size=1, acquire_timeout=5, connect_timeout=5, statement_timeout=30, behind_pooler=False
    )
    await database.open()
    rows = [{"id": f"user-{n}"} for n in range(_USERS)]
    fill = Statement("fill", insert(spaces).values(id=bindparam("id")))
    await database.transact(lambda transaction: transaction.execute_many(fill, rows))
    statements = {
        "without the ledger": without_ledger(),
        "with it": create_alone(TASKS, VersionedTask, guarded=False),
    }
    readings: dict[str, list[tuple[float, float]]] = {what: [] for what in statements}
    for _ in range(_ROUNDS):
        for what, statement in statements.items():
            await _create(database, statement, _CREATIONS // 10)
            before = time.process_time(), cpu_seconds([cluster.pid])
            await _create(database, statement, _CREATIONS)
            after = time.process_time(), cpu_seconds([cluster.pid])
            readings[what].append((after[0] - before[0], after[1] - before[1]))
    await database.close()
    per_creation = 1e6 / _CREATIONS
    return [
        Cost(what, *(statistics.median(side) * per_creation for side in zip(*found, strict=True)))
        for what, found in readings.items()
    ]


async def _create(database: PostgresDatabase, statement: Statement, times: int) -> None:
    for number in range(times):
        await database.write(statement, _values(number))


def _values(number: int) -> Mapping[str, Any]:
    new = new_task(title=f"Write chapter {number} of the long book", description="In a hundred words. " * 5)
    values = creation_values(f"user-{number % _USERS}", new, Writing(datetime.now(UTC), "versioned"))
    return values | {"action": "created", "via": "versioned"}


def write(costs: list[Cost], directory: Path) -> Path:
    """Write `ledger.md` and `ledger.json`; return the table's path."""
    directory.mkdir(parents=True, exist_ok=True)
    without, with_it = costs
    share = with_it.total_us / without.total_us - 1
    record = {
        "machine": facts(), "costs": [asdict(cost) for cost in costs],
        "share": share, "limit": LIMIT, "met": share <= LIMIT,
    }  # fmt: skip
    (directory / "ledger.json").write_text(json.dumps(record, indent=1) + "\n")
    rows = [
        ["", "driver µs", "database µs", "together µs"],
        *(
            [cost.what, f"{cost.driver_us:.0f}", f"{cost.database_us:.0f}", f"{cost.total_us:.0f}"]
            for cost in costs
        ),
    ]
    verdict = f"The ledger adds {share:.0%} (limit {LIMIT:.0%}): {'✓' if share <= LIMIT else '✗ missed'}"
    table = directory / "ledger.md"
    table.write_text(
        "\n\n".join(["# What the ledger adds to a creation", words(facts()), markdown(rows), verdict]) + "\n"
    )
    return table
