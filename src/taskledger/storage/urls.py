"""Database URLs as people copy them, turned into what the drivers take."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

_POSTGRESQL_SCHEMES = {"postgres", "postgresql", "postgresql+asyncpg"}
_SQLITE_SCHEMES = {"sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"}


class UrlMistake(ValueError):
    """The URL names no database we speak to; the message is fit to print (no password in it)."""


@dataclass(frozen=True, slots=True)
class SqliteAddress:
    """A database file."""

    path: Path


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A PostgreSQL server and database, with the TLS that the URL asks for.

    ``tls`` is what asyncpg takes as ``ssl``: a mode name, a context, or ``None`` for its default.
    """

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    database: str
    tls: str | ssl.SSLContext | None = None

    def direct(self) -> "PostgresAddress":
        """The same database past Neon's pooler, whose host carries ``-pooler`` in its first label."""
        name, dot, rest = self.host.partition(".")
        return PostgresAddress(
            host=name.removesuffix("-pooler") + dot + rest,
            port=self.port,
            user=self.user,
            password=self.password,
            database=self.database,
            tls=self.tls,
        )

    @property
    def behind_pooler(self) -> bool:
        """Whether the host or the port is the usual one of a transaction pooler."""
        return self.host.partition(".")[0].endswith("-pooler") or self.port == 6432


def parse_database_url(url: str) -> SqliteAddress | PostgresAddress:
    """Read a URL of either kind; raises `UrlMistake`."""
    scheme = url.partition(":")[0].lower()
    if scheme in _SQLITE_SCHEMES:
        return _parse_sqlite(url)
    if scheme in _POSTGRESQL_SCHEMES:
        return _parse_postgresql(url)
    raise UrlMistake(f'"{scheme}:" is no database this server speaks; use sqlite:///file or postgresql://…')


def _parse_sqlite(url: str) -> SqliteAddress:
    _, slashes, path = url.partition(":///")
    path = unquote(path.partition("?")[0])
    if not slashes or not path or path == ":memory:":
        raise UrlMistake("a SQLite URL names a file: sqlite:///taskledger.db, or sqlite:////var/lib/tasks.db")
    return SqliteAddress(Path(path))


def _parse_postgresql(url: str) -> PostgresAddress:
    try:
        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        port = int(options.get("port") or parts.port or 5432)
    except ValueError as mistake:
        raise UrlMistake(
            "the host or port cannot be read; use postgresql://user:password@host:5432/name"
        ) from mistake
    host = options.get("host") or parts.hostname
    database = unquote(parts.path.lstrip("/")) or options.get("dbname", "")
    if not host or not database:
        raise UrlMistake("it lacks a host or a database name; use postgresql://user:password@host:5432/name")
    return PostgresAddress(
        host=host,
        port=port,
        user=unquote(parts.username) if parts.username else options.get("user"),
        password=unquote(parts.password) if parts.password else options.get("password"),
        database=database,
        tls=_tls(options),
    )


def _tls(options: dict[str, str]) -> str | ssl.SSLContext | None:
    """The meaning of libpq's ``sslmode``: ``require`` encrypts, only ``verify-*`` checks certificates.

    ``channel_binding``, which Neon's console adds, is accepted and left to the driver.
    """
    mode = options.get("sslmode") or options.get("ssl")
    if mode is None or mode in {"disable", "allow", "prefer", "require"}:
        return mode
    if mode not in {"verify-ca", "verify-full"}:
        raise UrlMistake(
            f'sslmode "{mode}" is unknown; use disable, prefer, require, verify-ca or verify-full'
        )
    root = options.get("sslrootcert")
    try:
        context = ssl.create_default_context(cafile=None if root in {None, "system"} else root)
    except OSError as error:
        raise UrlMistake(f'sslrootcert "{root}" cannot be read as certificates') from error
    context.check_hostname = mode == "verify-full"
    return context
