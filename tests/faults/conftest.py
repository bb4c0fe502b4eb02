"""What the cases share: servers that start fast, a load with its journal, databases they may break."""

import random
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

from tests.databases import DIALECTS
from tests.faults.durability import assert_durable, require_none
from tests.faults.isolation import Tagged, log_violations, make_users
from tests.faults.journal import Journal, read_promises
from tests.faults.load import Connect, Load
from tests.faults.nursery import Nursery
from tests.faults.proxy import Proxy, run_proxy
from tests.faults.replicas import Replicas
from tests.faults.server import Server
from tests.servers.postgres import Postgres

Serve = Callable[..., Server]
Servers = dict[str, Server]
MakeLoad = Callable[..., Load]
ProxiedServer = Callable[..., tuple[Server, Proxy, str]]

_LASTING = {"RATE_LIMIT_AUTH": "1000/second", "LOG_REQUESTS": False}


def through(proxy: Proxy, url: str) -> str:
    """The URL by which the same database is reached through the proxy."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{proxy.port}"))


async def conclude(load: Load, url: str, *servers: Server) -> None:
    """Fail unless both invariants held, in the database, in every answer and in the servers' logs."""
    await assert_durable(read_promises(load.journal.path), url)
    require_none(load.violations + [line for server in servers for line in log_violations(server.log)])


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    opened = Nursery()
    yield opened
    opened.close()


@pytest.fixture
def serve(nursery: Nursery, tmp_path: Path) -> Serve:
    """Make a server: ``serve(url, broken=…, DATABASE_POOL_SIZE=…)``."""

    def make(url: str, *, broken: str | None = None, **settings: Any) -> Server:
        return Server(nursery, url, tmp_path, settings=settings, broken=broken)

    return make


@contextmanager
def _lasting_database(request: pytest.FixtureRequest, dialect: str, directory: Path) -> Iterator[str]:
    """A migrated database for as long as a module's servers run."""
    if dialect == "sqlite":
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_sqlite_file'), directory)}"
        return
    postgres: Postgres = request.getfixturevalue("postgres_server")
    name = f"servers_{uuid4().hex}"
    postgres.create_database(name, template=request.getfixturevalue("migrated_postgres_database"))
    try:
        yield postgres.url(name)
    finally:
        postgres.drop_database(name)


@pytest.fixture(scope="module")
def lasting_servers(
    request: pytest.FixtureRequest, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    """One server on each database, for a module whose cases only ask; the log-in limit is out of the way."""
    directory = tmp_path_factory.mktemp("servers")
    with ExitStack() as running:
        urls = {each: running.enter_context(_lasting_database(request, each, directory)) for each in DIALECTS}
        yield {
            dialect: running.enter_context(Server(nursery, url, directory, settings=_LASTING))
            for dialect, url in urls.items()
        }


@pytest.fixture
async def servers(lasting_servers: Servers) -> AsyncIterator[Servers]:
    """The module's servers, by database."""
    for server in lasting_servers.values():
        await server.ready()
    yield lasting_servers
    for server in lasting_servers.values():
        await server.leave()


@pytest.fixture(scope="package")
def lasting_replicas(
    request: pytest.FixtureRequest, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Replicas]]:
    """Two servers on each database, for all cases in which many ask at once."""
    directory = tmp_path_factory.mktemp("replicas")
    with ExitStack() as running:
        urls = {each: running.enter_context(_lasting_database(request, each, directory)) for each in DIALECTS}
        one, other = (
            {
                dialect: running.enter_context(Server(nursery, url, directory, settings=_LASTING))
                for dialect, url in urls.items()
            }
            for _ in range(2)
        )
        yield {dialect: Replicas((one[dialect], other[dialect]), url) for dialect, url in urls.items()}


@pytest.fixture(params=DIALECTS)
async def replicas(
    request: pytest.FixtureRequest, lasting_replicas: dict[str, Replicas]
) -> AsyncIterator[Replicas]:
    """Two servers on one database, which they share with other tests; once on each dialect."""
    found = lasting_replicas[request.param]
    for server in found.servers:
        await server.ready()
    yield found
    for server in found.servers:
        await server.leave()


@pytest.fixture
def users(rng: random.Random) -> list[Tagged]:
    return make_users(rng, 3)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal")
    yield opened
    opened.close()


@pytest.fixture
def make_load(users: list[Tagged], journal: Journal, rng: random.Random) -> MakeLoad:
    """Make a load on whatever ``connect`` connects to."""

    def make(connect: Connect, kind: type[Load] = Load, **options: Any) -> Load:
        return kind(connect, users, journal, rng, **options)

    return make


@pytest.fixture
async def proxied_server(postgresql_url: str, serve: Serve) -> AsyncIterator[ProxiedServer]:
    """Make a server whose database is behind a proxy: server, proxy, and the database's own URL."""
    parts = urlsplit(postgresql_url)
    assert parts.hostname is not None
    assert parts.port is not None
    async with run_proxy(parts.hostname, parts.port) as proxy:
        yield lambda **options: (serve(through(proxy, postgresql_url), **options), proxy, postgresql_url)
