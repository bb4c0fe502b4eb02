"""The migration that gives each ledger a row of its own keeps what was in the rows of users."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import asyncpg
from alembic import command

from donebook.spaces.revisions import revision_at
from donebook.storage.migrate import alembic_config, migrate
from tests.servers.postgres import call_in_thread

_FILL = """
INSERT INTO users (id, revision, created_at, updated_at)
VALUES ('ada', 5, '2030-01-01', '2030-01-01'), ('bob', 0, '2030-01-01', '2030-01-01');
INSERT INTO tasks (owner_id, id, uuid, title, title_folded, due_all_day, tags, position, created_at,
                   updated_at, revision)
VALUES ('ada', 1, '00000000000000000000000000000001', 'Zoë', 'zoë', false, '["a","ß"]', 'x',
        '2030-01-01', '2030-01-01', 4);
INSERT INTO task_versions (owner_id, revision, task_id, action, contract, at, title, description, due_all_day,
                           tags, position)
VALUES ('ada', 1, 1, 'created', 'v2', '2030-01-01', 'Zoë', NULL, false, '[]', 'x'),
       ('ada', 4, 1, 'updated', 'v2', '2030-01-04', 'Zoë', 'Ω', false, '["a","ß"]', 'x');
INSERT INTO tombstones (owner_id, revision, task_id, uuid, erased_at)
VALUES ('ada', 5, 2, '00000000000000000000000000000002', '2030-01-05');
INSERT INTO sync_floors (owner_id, revision) VALUES ('ada', 3);
INSERT INTO maintenance_marks (name, at) VALUES ('history', '2030-01-02');
"""
_ANSWER = {
    "postgresql": "INSERT INTO idempotency_records VALUES ('ada', 'key', 'print', '\\x0102'::bytea, now())",
    "sqlite": "INSERT INTO idempotency_records VALUES ('ada', 'key', 'print', x'0102', '2030')",
}


def ask(url: str, script: str, query: str = "SELECT 1") -> list[tuple[Any, ...]]:
    """Run a script and then a query."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            file.executescript(script)
            return [tuple(row) for row in file.execute(query)]

    async def run() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(script)
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    found: list[tuple[Any, ...]] = call_in_thread(asyncio.run, run())
    return found


def test_revisions_floors_and_counts_are_moved_to_the_spaces_and_back(empty_database_url: str) -> None:
    url = empty_database_url
    migrate(url, "0005")
    ask(url, _FILL + _ANSWER[url.partition(":")[0]])

    migrate(url)

    first, second = 200 + 4 + 2, 200 + 4 + 2 + len('["a", "ß"]'.encode())
    assert [
        ("ada", 5, 3, 1, 1, first + second + 200, 200 + 3 + 2),
        ("bob", 0, 0, 0, 0, 0, 0),
    ] == ask(url, "SELECT 1", "SELECT * FROM spaces ORDER BY id")
    assert [("Zoë", "ada")] == ask(url, "SELECT 1", "SELECT title, owner_id FROM tasks")

    before = revision_at(datetime.now(UTC))
    command.downgrade(alembic_config(url), "0005")

    # Raised, as after every downgrade; the floors with them.
    raised = ask(url, "SELECT 1", "SELECT id, revision FROM users ORDER BY id")
    assert ["ada", "bob"] == [user for user, _ in raised]
    assert all(before <= revision <= revision_at(datetime.now(UTC)) for _, revision in raised)
    assert raised == ask(url, "SELECT 1", "SELECT owner_id, revision FROM sync_floors ORDER BY owner_id")
    assert [(1,)] == ask(url, "SELECT 1", "SELECT count(*) FROM tasks")
