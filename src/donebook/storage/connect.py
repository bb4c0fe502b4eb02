"""From settings to a database."""

from donebook.settings import Settings
from donebook.storage.announcements import Announcements
from donebook.storage.database import Database
from donebook.storage.postgres import PostgresDatabase
from donebook.storage.postgres_announcements import PostgresAnnouncements
from donebook.storage.sqlite import SqliteDatabase
from donebook.storage.sqlite_announcements import SqliteAnnouncements
from donebook.storage.urls import PostgresAddress, SqliteAddress, parse_database_url


def database_for(settings: Settings, *, read_only: bool = False) -> Database:
    """The database that the settings name, not yet opened; ``read_only`` leaves no trace beside a file."""
    address = parse_database_url(settings.database_url.get_secret_value())
    if isinstance(address, SqliteAddress):
        return SqliteDatabase(address.path, synchronous=settings.sqlite_synchronous, read_only=read_only)
    pooled = settings.database_pooler
    return PostgresDatabase(
        address,
        pool_size=settings.database_pool_size,
        acquire_timeout=settings.database_pool_timeout,
        connect_timeout=settings.database_connect_timeout,
        statement_timeout=settings.database_statement_timeout,
        behind_pooler=address.behind_pooler if pooled == "auto" else pooled == "on",
        row_security=settings.database_row_security,
    )


def announcements_for(database: Database, settings: Settings) -> Announcements:
    """What brings word of the commits on this database."""
    if isinstance(database, PostgresDatabase):
        address = parse_database_url(settings.migration_url)
        assert isinstance(address, PostgresAddress)
        return PostgresAnnouncements(
            database,
            listen_at=address.direct(),
            connect_timeout=settings.database_connect_timeout,
        )
    assert isinstance(database, SqliteDatabase)
    return SqliteAnnouncements(database)
