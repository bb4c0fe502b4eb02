"""The schema that the migrations make is the one the models declare, whichever way it was come by."""

from typing import Any

import pytest
from alembic import command
from alembic.operations.ops import MigrationScript
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Inspector, Table, inspect

from donebook.migrations.tables import METADATA
from donebook.storage.migrate import alembic_config, connect_for_migration, migrate
from tests.databases import DIALECTS

REVISIONS = [script.revision for script in ScriptDirectory.from_config(alembic_config("")).walk_revisions()][
    ::-1
]


def schema_at(url: str) -> dict[str, Any]:
    """The tables of a database with all there is to them."""
    found: dict[str, Any] = {}

    def look(connection: Connection) -> None:
        inspector = inspect(connection)
        for name in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
            found[name] = _shape(inspector, name)

    connect_for_migration(url, look)
    return found


def _shape(inspector: Inspector, table: str) -> dict[str, Any]:
    return {
        "columns": {column["name"]: _column(column) for column in inspector.get_columns(table)},
        "key": inspector.get_pk_constraint(table)["constrained_columns"],
        "foreign keys": sorted(
            (
                key["constrained_columns"],
                key["referred_table"],
                key["referred_columns"],
                key["options"].get("ondelete"),
            )
            for key in inspector.get_foreign_keys(table)
        ),
        "indexes": {
            index["name"]: (
                index["column_names"],
                bool(index["unique"]),
                _where(index.get("dialect_options")),
            )
            for index in inspector.get_indexes(table)
        },
        "checks": {check["name"]: check["sqltext"] for check in inspector.get_check_constraints(table)},
    }


def _column(column: Any) -> tuple[Any, ...]:
    kind = column["type"]
    return str(kind), getattr(kind, "collation", None), column["nullable"], column["default"]


def _where(options: Any) -> dict[str, str]:
    return {name: str(value) for name, value in (options or {}).items() if name.endswith("_where")}


def create_from_models(url: str) -> None:
    def create(connection: Connection) -> None:
        METADATA.create_all(connection, tables=_tables(connection.dialect.name))

    connect_for_migration(url, create)


def _tables(dialect: str) -> list[Table]:
    return [table for table in METADATA.sorted_tables if table.info.get("only") in {None, dialect}]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_migrations_make_what_the_models_declare(dialect: str, request: pytest.FixtureRequest) -> None:
    migrated, declared = (request.getfixturevalue(f"{kind}{dialect}_url") for kind in ("", "empty_"))
    create_from_models(declared)

    assert schema_at(declared) == schema_at(migrated)


def test_a_new_revision_would_have_nothing_to_do(database_url: str) -> None:
    planned: list[Any] = []

    def look(context: Any, revision: Any, directives: list[MigrationScript]) -> None:
        assert directives[0].upgrade_ops is not None
        planned.extend(directives[0].upgrade_ops.ops)
        directives.clear()

    command.revision(alembic_config(database_url), autogenerate=True, process_revision_directives=look)

    assert [] == planned


@pytest.mark.parametrize("index", range(len(REVISIONS)))
def test_each_step_back_and_forth_again_leaves_the_schema_as_it_was(
    empty_database_url: str, index: int
) -> None:
    migrate(empty_database_url, REVISIONS[index])
    before = schema_at(empty_database_url)
    config = alembic_config(empty_database_url)

    command.downgrade(config, "-1")
    lower = schema_at(empty_database_url)
    migrate(empty_database_url, REVISIONS[index])

    assert before == schema_at(empty_database_url)
    if index == 0:
        assert {} == lower


def test_the_way_down_from_the_newest_revision_leaves_nothing(database_url: str) -> None:
    command.downgrade(alembic_config(database_url), "base")

    assert {} == schema_at(database_url)
    migrate(database_url)
    assert sorted(table.name for table in _tables(_dialect(database_url))) == list(schema_at(database_url))


def test_a_migrated_database_is_left_alone(database_url: str) -> None:
    before = schema_at(database_url)

    migrate(database_url)

    assert before == schema_at(database_url)


def _dialect(url: str) -> str:
    return url.partition(":")[0]
