"""Databases with many tasks, filled by the database itself.

Even ones have 100 users of 1000 tasks each and some thousands without; in uneven ones, of PostgreSQL alone,
10,000 users have five tasks each, and one as many as all of them. The tasks of all users are mixed, as they
are when people use a service side by side.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import asyncpg

OWNER = "user-5"
"""One of the users with tasks."""
FIRST_TASK = 104
LAST_REVISION = 1000

EVEN, UNEVEN = "even", "uneven"
_OWNERS = {EVEN: "n % 100 + 1", UNEVEN: "CASE WHEN n % 2 = 0 THEN 0 ELSE (n / 2) % 10000 + 1 END"}
_REVISIONS = {EVEN: "n / 100", UNEVEN: "n"}
_POSTGRESQL = """
-- Foreign keys need no check: the statements below see to it that they hold.
SET session_replication_role = replica;
INSERT INTO users (id, created_at, updated_at)
SELECT 'user-' || n, now(), now() FROM generate_series(0, 10000) AS n;
INSERT INTO spaces (id) SELECT id FROM users;
INSERT INTO tasks (owner_id, id, uuid, title, title_folded, completed_at, due_all_day, tags, position,
                   created_at, updated_at, revision)
SELECT 'user-' || ({owner}), n, lpad(to_hex(n), 32, '0')::uuid, 'Task ' || n, 'task ' || n,
       CASE WHEN n % 7 = 0 THEN now() END, false, '[]', to_hex((1::bigint << 60) + {revision}),
       now(), now(), {revision}
FROM generate_series(100, 100099) AS n;
INSERT INTO task_versions (owner_id, revision, task_id, action, contract, at, title, due_all_day, tags,
                           position)
SELECT owner_id, revision, id, 'created', 'v2', created_at, title, due_all_day, tags, position FROM tasks;
ANALYZE;
"""

_SQLITE = """
PRAGMA synchronous = OFF;
PRAGMA cache_size = -200000;
WITH RECURSIVE numbers(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 5000)
INSERT INTO users (id, created_at, updated_at) SELECT 'user-' || n, '2030', '2030' FROM numbers;
INSERT INTO spaces (id) SELECT id FROM users;
WITH RECURSIVE numbers(n) AS (VALUES (100) UNION ALL SELECT n + 1 FROM numbers WHERE n < 100099)
INSERT INTO tasks (owner_id, id, uuid, title, title_folded, completed_at, due_all_day, tags, position,
                   created_at, updated_at, revision)
SELECT 'user-' || (n % 100 + 1), n, printf('%032x', n), 'Task ' || n, 'task ' || n,
       CASE WHEN n % 7 = 0 THEN '2030' END, false, '[]', printf('%x', (1 << 60) + n / 100),
       '2030', '2030', n / 100
FROM numbers;
ANALYZE;
"""


def uuid_of(number: int) -> UUID:
    return UUID(int=number)


async def fill_postgresql(url: str, population: str = EVEN) -> None:
    connection = await asyncpg.connect(url)
    filling = _POSTGRESQL.format(owner=_OWNERS[population], revision=_REVISIONS[population])
    try:
        await connection.execute(filling)
    finally:
        await connection.close()


def fill_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_SQLITE)
