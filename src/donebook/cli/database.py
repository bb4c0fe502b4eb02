"""``donebook migrate``."""

import typer

from donebook.cli.configuration import settings_or_exit


def migrate() -> None:
    """Bring the database schema up to date; safe to run from several machines at once.

    Example: DATABASE_URL=sqlite:///donebook.db donebook migrate
    """
    from donebook.errors import DatabaseUnavailable
    from donebook.storage.migrate import MigrationRefused, head_revision
    from donebook.storage.migrate import migrate as upgrade

    settings = settings_or_exit()
    try:
        upgrade(settings.migration_url, row_security=settings.database_row_security)
    except (DatabaseUnavailable, MigrationRefused) as failure:
        typer.echo(f"{settings.shown_database_url} cannot be migrated: {failure}", err=True)
        raise typer.Exit(1) from None
    print(f"{settings.shown_database_url} is at revision {head_revision()}")
