"""Alembic's entry point: the same settings, tables and locks as the server's own start-up."""

import sys
from typing import Any

from alembic import context
from sqlalchemy import Connection

from donebook.migrations import tables
from donebook.migrations.renewal import renew_revisions
from donebook.storage.migrate import connect_for_migration, hold_migration_lock


def _is_ours(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Leave out what the dialect in use does not have."""
    del name, reflected, compare_to
    only = item.info.get("only") if kind == "table" else None
    return only in {None, context.get_context().dialect.name}


def _run(connection: Connection) -> None:
    directions: set[bool] = set()

    def note(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
        del ctx, heads, run_args
        directions.add(step.is_upgrade)

    context.configure(
        connection=connection,
        target_metadata=tables.METADATA,
        include_object=_is_ours,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=False,
        on_version_apply=note,
    )
    with context.begin_transaction():
        hold_migration_lock(connection)
        context.run_migrations()
        if False in directions:
            renew_revisions(connection)


def _run_online() -> None:
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _run(connection)
        return
    url = context.config.attributes.get("database_url")
    if url is None:
        from donebook.settings import SettingsMistakes, load_settings

        try:
            url = load_settings().migration_url
        except SettingsMistakes as mistakes:
            sys.exit(str(mistakes))
    connect_for_migration(url, _run)


_run_online()
