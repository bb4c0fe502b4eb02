"""A real PgBouncer before a PostgreSQL of the tests, lending its connections for one transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from tests.servers.daemon import run_daemon
from tests.servers.postgres import Postgres

_CONFIGURATION = """
[databases]
* = host={server.host} port={server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {directory}/users
admin_users = {server.user}
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 500
log_connections = 0
log_disconnections = 0
"""


@contextmanager
def run_pgbouncer(server: Postgres, *, pool_size: int) -> Iterator[Postgres]:
    """The same databases, behind a pooler with that many connections to each."""

    def configure(directory: Path, port: int) -> Sequence[str]:
        (directory / "users").write_text(f'"{server.user}" "{server.password}"\n')
        file = directory / "pgbouncer.ini"
        file.write_text(
            _CONFIGURATION.format(server=server, port=port, directory=directory, pool_size=pool_size)
        )
        return [str(file)]

    with run_daemon("pgbouncer", configure) as daemon:
        yield Postgres("127.0.0.1", daemon.port, server.user, server.password)


async def statements_left_behind(url: str, connections: int) -> list[int]:
    """How many prepared statements each of the pooler's own connections to this database holds."""
    clients = [await asyncpg.connect(url, statement_cache_size=0) for _ in range(connections)]
    try:
        # A transaction keeps its server connection, so that together they hold all of them.
        transactions = [client.transaction() for client in clients]
        for transaction in transactions:
            await transaction.start()
        pids = [await each.fetchval("SELECT pg_backend_pid()") for each in clients]
        assert connections == len(set(pids))
        # The one that asks is itself the unnamed statement, which is not listed.
        return [await each.fetchval("SELECT count(*) FROM pg_prepared_statements") for each in clients]
    finally:
        for client in clients:
            await client.close()
