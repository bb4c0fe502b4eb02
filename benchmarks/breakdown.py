"""Where PostgreSQL's time goes: the statements of a request, one by one, without HTTP around them.

Each statement runs again and again on a connection set up as the service's, or a peer's, over users whose
rows are scattered as in the comparison, among others with more tasks. The figure is the CPU time of that
connection's server process. Writes are measured as they are, and then again as the tables are stripped, step
by step, of what a peer's table does not have; beside them stand the peers' own statements on the peers' own
table.
"""

import asyncio
import json
import statistics
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import count, cycle
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.accounting import cpu_seconds
from benchmarks.contenders.donebook import DonebookPostgres
from benchmarks.ledger import without_ledger
from benchmarks.machine import facts, words
from benchmarks.population import Group, Population
from benchmarks.report import markdown
from benchmarks.workbench import Workbench
from donebook.contracts.v2.fields import Task
from donebook.contracts.versioned import VersionedTask
from donebook.ledger.operations import Edit, Writing, creation_values, edit_values
from donebook.ledger.statements.reading import get_record
from donebook.ledger.statements.single_statement import create_alone, edit_alone
from donebook.storage.plans import plan_once
from donebook.storage.statement import POSTGRESQL, Statement, Values, compile_statement
from donebook.tasks.kind import TASKS
from donebook.tasks.operations import change, new_task, toggle
from donebook.tasks.selection import Selection
from donebook.tasks.statements.reading import list_tasks, page_of_tasks

USERS = Group("breakdown", users=100, tasks=50)
_OTHERS = Group("others", users=200, tasks=1000)
_TIMES = 1000
_ROUNDS = 5
_PEERS = Path(__file__).with_name("peers") / "schema.sql"
_COLUMNS = "id, title, description, completed, priority, due_date, user_id, created_at, updated_at"
_MINE = "WHERE id = $1 AND user_id = $2"

_DROP_CONSTRAINTS = """
    DO $$ DECLARE found record; BEGIN
      FOR found IN SELECT conrelid::regclass AS place, conname FROM pg_constraint
        WHERE contype = '{kind}' AND connamespace = 'public'::regnamespace
      LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.place, found.conname); END LOOP;
    END $$"""
_DROP_INDEXES = """
    DO $$ DECLARE found record; BEGIN
      FOR found IN SELECT indexrelid::regclass AS place FROM pg_index
        WHERE indrelid = 'tasks'::regclass AND NOT indisprimary
      LOOP EXECUTE format('DROP INDEX %s', found.place); END LOOP;
    END $$"""
STEPS: Mapping[str, str] = {
    "as it is": "SELECT 1",
    "without check constraints": _DROP_CONSTRAINTS.format(kind="c"),
    "nor foreign keys": _DROP_CONSTRAINTS.format(kind="f"),
    "nor indexes but the primary key's": _DROP_INDEXES,
}


@dataclass(frozen=True)
class Reading:
    """CPU µs of PostgreSQL for a statement: the median of the rounds."""

    operation: str
    what: str
    database_us: float


@dataclass(frozen=True)
class Work:
    """A statement, and the arguments to run it with, without end."""

    operation: str
    what: str
    sql: str
    arguments: Iterator[Sequence[Any]]
    ours: bool = False
    """Whether it runs on a connection set up as the service's."""


def measure(bench: Workbench) -> list[Reading]:
    """Seed a database, and measure reads, then writes as their tables are stripped."""
    contender = DonebookPostgres(bench.directory)
    try:
        population = Population((USERS, _OTHERS))
        contender.prepare(population)
        measured = {user.id for user in population.users if user.group == USERS.name}
        return asyncio.run(_measure(contender.url, measured))
    finally:
        contender.stop()


async def _measure(url: str, measured: Collection[str]) -> list[Reading]:
    tasks = [task for task in await _with_peers_table(url) if task[0] in measured]
    readings = await _take_turns(url, [*_reads(tasks), *_peers(tasks)])
    for step, strip in STEPS.items():
        await _run(url, strip, "VACUUM ANALYZE")
        readings += await _take_turns(url, list(_writes(tasks, step)))
    creation = _ours("create", "nor the ledger", without_ledger(), _creations(tasks))
    return readings + await _take_turns(url, [creation])


async def _with_peers_table(url: str) -> list[tuple[str, int, Any]]:
    """Make the peers' table with the same rows; return owner, number and UUID of each task."""
    await _run(url, "CREATE SCHEMA peers; SET search_path = peers; " + _PEERS.read_text())
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO peers.tasks SELECT id, owner_id, title, description, completed_at IS NOT NULL, "
        "priority, due_at, created_at, updated_at FROM public.tasks ORDER BY id"
    )
    await connection.execute("SELECT setval('peers.tasks_id_seq', max(id)) FROM peers.tasks")
    tasks = [tuple(row) for row in await connection.fetch("SELECT owner_id, id, uuid FROM tasks ORDER BY id")]
    await connection.close()
    await _run(url, "VACUUM ANALYZE")
    return tasks


async def _run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


def _ours(operation: str, what: str, statement: Statement, values: Iterator[Values]) -> Work:
    compiled = compile_statement(statement, POSTGRESQL)
    return Work(operation, what, compiled.sql, map(compiled.arguments, values), ours=True)


def _reads(tasks: Sequence[tuple[str, int, Any]]) -> Iterator[Work]:
    owners = list(dict.fromkeys(owner for owner, _, _ in tasks))
    numbers = cycle([{"owner": owner, "id": number} for owner, number, _ in tasks])
    uuids = cycle([{"owner": owner, "uuid": uuid} for owner, _, uuid in tasks])
    pages = cycle([{"owner": owner, "limit": USERS.tasks + 1} for owner in owners])
    for what, row, kind, keys, listing in (
        ("`versioned`", VersionedTask, "id", numbers, list_tasks(Selection(), VersionedTask)),
        ("`v2`", Task, "uuid", uuids, page_of_tasks(Selection(sort="position"), Task, "first")),
    ):
        getting = get_record(TASKS, kind, row)
        for operation, statement, values in ("get one", getting, keys), ("list 50", listing, pages):
            once = _ours(operation, what, statement, values)
            yield once
            yield replace(once, what=f"{what}, planned as PostgreSQL chooses", ours=False)


def _peers(tasks: Sequence[tuple[str, int, Any]]) -> Iterator[Work]:
    one = [(number, owner) for owner, number, _ in tasks]
    owners = list(dict.fromkeys((owner,) for owner, _, _ in tasks))
    table, what = "peers.tasks", "a peer's, on its own table"
    titles = map("Title {}".format, count())
    writing = f"UPDATE {table} SET {{}}, updated_at = now() {_MINE} RETURNING {_COLUMNS}"
    yield Work("get one", what, f"SELECT {_COLUMNS} FROM {table} {_MINE}", cycle(one))
    listing = f"SELECT {_COLUMNS} FROM {table} WHERE user_id = $1 ORDER BY id"
    yield Work("list 50", what, listing, cycle(owners))
    creation = f"INSERT INTO {table} (user_id, title) VALUES ($1, $2) RETURNING {_COLUMNS}"
    yield Work("create", what, creation, zip((owner for (owner,) in cycle(owners)), titles, strict=False))
    changes = ((number, owner, title) for (number, owner), title in zip(cycle(one), titles, strict=False))
    yield Work("update a title", what, writing.format("title = $3"), changes)
    yield Work("toggle", what, writing.format("completed = NOT completed"), cycle(one))


def _writes(tasks: Sequence[tuple[str, int, Any]], step: str) -> Iterator[Work]:
    edits: Mapping[str, Callable[[int, int], Edit]] = {
        "update a title": lambda task, number: change(task, {"title": f"Title {number} of {step}"}),
        "toggle": lambda task, _: toggle(task),
    }
    yield _ours("create", step, create_alone(TASKS, VersionedTask, guarded=False), _creations(tasks))
    for operation, edit in edits.items():
        statement = edit_alone(TASKS, "id", edit(1, 1).aspects, VersionedTask, None)
        yield _ours(operation, step, statement, _edits(tasks, edit))


def _edits(tasks: Sequence[tuple[str, int, Any]], edit: Callable[[int, int], Edit]) -> Iterator[Values]:
    for number, (owner, task, _) in enumerate(cycle(tasks)):
        yield edit_values(owner, edit(task, number), _now())


def _creations(tasks: Sequence[tuple[str, int, Any]]) -> Iterator[Values]:
    for number, (owner, _, _) in enumerate(cycle(tasks)):
        values = creation_values(owner, new_task(title=f"Title {number}"), _now())
        yield values | {"action": "created", "via": "versioned"}


def _now() -> Writing:
    return Writing(datetime.now(UTC), "versioned")


async def _take_turns(url: str, works: Sequence[Work]) -> list[Reading]:
    ours, theirs = await asyncpg.connect(url), await asyncpg.connect(url)
    await plan_once(ours)
    found: dict[Work, list[float]] = {work: [] for work in works}
    for number in range(-1, _ROUNDS):
        for work, seconds in found.items():
            connection = ours if work.ours else theirs
            backend = [connection.get_server_pid()]
            before = cpu_seconds(backend)
            for _ in range(_TIMES):
                await connection.fetch(work.sql, *next(work.arguments))
            if number >= 0:
                seconds.append(cpu_seconds(backend) - before)
    await ours.close()
    await theirs.close()
    return [
        Reading(work.operation, work.what, statistics.median(seconds) * 1e6 / _TIMES)
        for work, seconds in found.items()
    ]


def write(readings: Sequence[Reading], directory: Path) -> Path:
    """Write `breakdown.md` and `breakdown.json`; return the table's path."""
    directory.mkdir(parents=True, exist_ok=True)
    record = {"machine": facts(), "readings": [asdict(each) for each in readings]}
    (directory / "breakdown.json").write_text(json.dumps(record, indent=1) + "\n")
    operations = list(dict.fromkeys(each.operation for each in readings))
    figures = {(each.what, each.operation): f"{each.database_us:.0f}" for each in readings}
    rows = [["CPU µs in PostgreSQL", *operations]]
    rows += [
        [what, *(figures.get((what, operation), "") for operation in operations)]
        for what in dict.fromkeys(each.what for each in readings)
    ]
    table = directory / "breakdown.md"
    parts = ["# Where PostgreSQL's time goes", words(facts()), markdown(rows)]
    table.write_text("\n\n".join(parts) + "\n")
    return table
