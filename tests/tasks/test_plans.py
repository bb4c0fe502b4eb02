"""Which indexes the databases answer from."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from donebook.ledger.statements import in_transaction, single_statement
from donebook.ledger.statements.parts import REVISION, is_live, is_mine
from donebook.ledger.statements.reading import get_record
from donebook.storage.statement import Statement
from donebook.tasks.kind import TASKS
from donebook.tasks.model import tasks
from donebook.tasks.selection import Selection, Sort
from donebook.tasks.statements import reading
from tests.servers.postgres import Postgres, call_in_thread
from tests.storage.every_statement import every_statement
from tests.tasks.actors import TaskFacts
from tests.tasks.many_tasks import EVEN, UNEVEN, fill_postgresql, fill_sqlite
from tests.tasks.plans import PostgresPlans, SqlitePlans

SINCE = Statement(
    "tasks_by_revision",
    select(tasks.c.title).where(is_mine(TASKS), tasks.c.revision > REVISION).order_by(tasks.c.revision),
)
IN_PLACE = Statement(
    "tasks_by_position",
    select(tasks.c.title)
    .where(is_mine(TASKS), is_live(TASKS))
    .order_by(tasks.c.position, tasks.c.id)
    .limit(50),
)
PAGE = Selection(limit=1)
OPEN = Selection(completed=False, limit=1)
COMPLETED = Selection(completed=True, limit=1)


@pytest.fixture(scope="session")
def postgresql_plans(postgres_server: Postgres, migrated_postgres_database: str) -> Iterator[PostgresPlans]:
    yield from plans_among(EVEN, postgres_server, migrated_postgres_database)


@pytest.fixture(scope="session")
def uneven_plans(postgres_server: Postgres, migrated_postgres_database: str) -> Iterator[PostgresPlans]:
    """Plans made where nearly everybody has five tasks, and one user half of all."""
    yield from plans_among(UNEVEN, postgres_server, migrated_postgres_database)


def plans_among(population: str, server: Postgres, template: str) -> Iterator[PostgresPlans]:
    name = f"{template}_plans_{population}"
    server.create_database(name, template=template)
    url = server.url(name)
    call_in_thread(asyncio.run, fill_postgresql(url, population))
    yield PostgresPlans(url)
    server.drop_database(name)


@pytest.fixture(scope="session")
def sqlite_plans(migrated_sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> SqlitePlans:
    path = Path(shutil.copy(migrated_sqlite_file, tmp_path_factory.mktemp("plans")))
    fill_sqlite(path)
    return SqlitePlans(path)


@pytest.fixture(params=["sqlite", "postgresql"])
def plans(request: pytest.FixtureRequest) -> PostgresPlans | SqlitePlans:
    found: PostgresPlans | SqlitePlans = request.getfixturevalue(f"{request.param}_plans")
    return found


def key(table: str, plans: PostgresPlans | SqlitePlans) -> str:
    """What the database calls the index of the table's primary key."""
    return f"{table}_pkey" if isinstance(plans, PostgresPlans) else f"sqlite_autoindex_{table}_1"


def test_a_task_is_found_by_its_number(plans: PostgresPlans | SqlitePlans) -> None:
    assert ({key("tasks", plans)}, set(), False) == plans.plan(get_record(TASKS, "id", TaskFacts)).way


def test_a_task_is_found_by_its_uuid(plans: PostgresPlans | SqlitePlans) -> None:
    assert ({"tasks_owner_uuid"}, set(), False) == plans.plan(get_record(TASKS, "uuid", TaskFacts)).way


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("completed", "index"), [(False, "tasks_owner_open"), (True, "tasks_owner_completed")]
)
@pytest.mark.parametrize("limit", [None, 1])
def test_open_and_completed_tasks_are_read_in_order_from_an_index_of_their_own(
    plans: PostgresPlans | SqlitePlans, completed: bool, index: str, descending: bool, limit: int | None
) -> None:
    selection = Selection(completed=completed, descending=descending, limit=limit)

    assert ({index, key("spaces", plans)}, set(), False) == plans.plan(
        reading.list_tasks(selection, TaskFacts)
    ).way


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [None, 1])
def test_tasks_in_order_of_creation_are_read_in_order(
    plans: PostgresPlans | SqlitePlans, descending: bool, limit: int | None
) -> None:
    plan = plans.plan(reading.list_tasks(Selection(descending=descending, limit=limit), TaskFacts))

    assert {key("tasks", plans), key("spaces", plans)} <= plan.indexes
    assert (set(), False) == (plan.scanned, plan.sorts)


@pytest.mark.parametrize("sort", ["updated", "title", "due_date", "priority", "position"])
@pytest.mark.parametrize("search", [(), ("",)])
def test_no_order_and_no_search_reads_more_than_the_owners_tasks(
    plans: PostgresPlans | SqlitePlans, sort: Sort, search: tuple[str, ...]
) -> None:
    plan = plans.plan(
        reading.list_tasks(Selection(sort=sort, search=search, priorities=("low",), limit=1), TaskFacts)
    )

    assert set() == plan.scanned


def test_tasks_in_their_arrangement_are_read_in_order(plans: PostgresPlans | SqlitePlans) -> None:
    assert ({"tasks_owner_position"}, set(), False) == plans.plan(IN_PLACE).way


def test_tasks_changed_since_a_revision_are_read_in_order(plans: PostgresPlans | SqlitePlans) -> None:
    assert ({"tasks_owner_revision"}, set(), False) == plans.plan(SINCE).way


@pytest.mark.parametrize("selection", [PAGE, OPEN, COMPLETED])
def test_counting_reads_no_more_than_the_owners_tasks(
    plans: PostgresPlans | SqlitePlans, selection: Selection
) -> None:
    assert set() == plans.plan(reading.count_tasks(selection)).scanned


@pytest.mark.parametrize(
    ("aspects", "narrower"),
    [
        ({"title"}, None),
        ({"toggle"}, None),
        ({"delete"}, None),
        ({"complete"}, "tasks_owner_open"),
        ({"restore"}, "tasks_owner_trashed"),
    ],
)
def test_an_edit_finds_its_rows_by_their_keys(
    plans: PostgresPlans | SqlitePlans, aspects: set[str], narrower: str | None
) -> None:
    """Or by an index, in the order of the owner too, of the few rows that the edit can change."""
    trashed = "restore" in aspects
    if isinstance(plans, PostgresPlans):
        statement = single_statement.edit_alone(
            TASKS, "id", frozenset(aspects), TaskFacts, "at", include_trashed=trashed
        )
        expected = {"tasks_pkey", "spaces_pkey"}
    else:
        statement = in_transaction.edit_step(TASKS, "id", frozenset(aspects), "at", include_trashed=trashed)
        expected = {key("tasks", plans)}

    plan = plans.plan(statement)

    assert (set(), False) == (plan.scanned, plan.sorts)
    assert expected == plan.indexes - {narrower}


def asked_for_one_user() -> list[Statement]:
    return [
        each
        for each in every_statement().values()
        if each.only in {None, "postgresql"} and not each.crosses_owners
    ]


def test_nothing_that_is_asked_for_one_user_reads_the_rows_of_all(
    postgresql_plans: PostgresPlans, uneven_plans: PostgresPlans
) -> None:
    statements = asked_for_one_user()
    assert len(statements) > 900

    for plans in (postgresql_plans, uneven_plans):
        found = zip(statements, plans.plan_each(statements), strict=True)
        read_whole = {
            each.name: plan.scanned & {"users", "spaces", "tasks", "task_versions"} for each, plan in found
        }
        assert {} == {name: tables for name, tables in read_whole.items() if tables}


def test_what_is_asked_of_one_task_reads_no_more_of_a_user_with_more_than_others(
    uneven_plans: PostgresPlans,
) -> None:
    lists = ("list_tasks", "count_tasks", "page_of_tasks")
    # Of several tasks at once, which is no dearer than a list; and of all that an account has, on purpose.
    of_many = ("tasks_by_number", "append_task_erasure", "bury_tasks", "erase_tasks", "erase_task_versions")
    statements = [
        each
        for each in asked_for_one_user()
        if not each.varies and each.name.partition("[")[0] not in {*lists, *of_many}
    ]
    assert len(statements) > 300
    keys = {"tasks_pkey", "tasks_owner_uuid", "tasks_owner_revision", "task_versions_pkey"}

    found = zip(statements, uneven_plans.plan_each(statements), strict=True)

    wide = {each.name: plan.wide & keys for each, plan in found}
    assert {} == {name: indexes for name, indexes in wide.items() if indexes}
