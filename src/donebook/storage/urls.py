"""Database URLs as people copy them, turned into what the drivers take."""

import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from donebook.settings.urls import TARGETS, named_servers

_POSTGRESQL_SCHEMES = {"postgres", "postgresql", "postgresql+asyncpg"}
_SQLITE_SCHEMES = {"sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"}
_POOLERS_PORTS = {6432, 6543}  # PgBouncer's, and the one that Supabase gives its transaction pooler
_EXAMPLE = "use postgresql://user:password@host:5432/name"


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
    ``others`` are the hosts and ports that the URL names besides, for a database of several servers.
    """

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    database: str
    tls: str | ssl.SSLContext | None = None
    others: tuple[tuple[str, int], ...] = ()

    @property
    def servers(self) -> tuple[tuple[str, int], ...]:
        """The host and port of each server, in the URL's order."""
        return ((self.host, self.port), *self.others)

    def direct(self) -> "PostgresAddress":
        """The same database past Neon's pooler, whose host carries ``-pooler`` in its first label."""
        others = tuple((_past_pooler(host), port) for host, port in self.others)
        return replace(self, host=_past_pooler(self.host), others=others)

    @property
    def behind_pooler(self) -> bool:
        """Whether a host or a port is the usual one of a transaction pooler."""
        return any(
            host.partition(".")[0].endswith("-pooler") or port in _POOLERS_PORTS
            for host, port in self.servers
        )


def _past_pooler(host: str) -> str:
    name, dot, rest = host.partition(".")
    return name.removesuffix("-pooler") + dot + rest


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
        raise UrlMistake("a SQLite URL names a file: sqlite:///donebook.db, or sqlite:////var/lib/tasks.db")
    return SqliteAddress(Path(path))


def _parse_postgresql(url: str) -> PostgresAddress:
    try:
        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        first, *others = _servers(parts, options)
    except ValueError as mistake:
        raise UrlMistake(f"a host or port cannot be read; {_EXAMPLE}") from mistake
    database = unquote(parts.path.lstrip("/")) or options.get("dbname", "")
    target = options.get("target_session_attrs", "any")
    if target not in TARGETS:
        raise UrlMistake(f'target_session_attrs "{target}" is for reading; use read-write')
    if not all(host for host, _ in (first, *others)) or not database:
        raise UrlMistake(f"it lacks a host or a database name; {_EXAMPLE}")
    return PostgresAddress(
        *first,
        user=unquote(parts.username) if parts.username else options.get("user"),
        password=unquote(parts.password) if parts.password else options.get("password"),
        database=database,
        tls=_tls(options),
        others=tuple(others),
    )


def _servers(parts: SplitResult, options: dict[str, str]) -> list[tuple[str, int]]:
    """The hosts and ports, as many of each, or one port for all; ``ValueError`` otherwise."""
    hosts, ports = named_servers(parts, options)
    return list(zip(hosts, map(int, ports), strict=True))


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
