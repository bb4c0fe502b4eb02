"""The cluster of compose.yaml as processes: its settings, its proxy's and its pooler's configuration.

Only addresses, secrets and limits are the test's own.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from configparser import ConfigParser
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.faults.isolation import log_violations
from tests.faults.nursery import Nursery
from tests.faults.server import Server, eventually
from tests.faults.wire import Connection
from tests.servers.daemon import Daemon, run_daemon
from tests.servers.haproxy import CONFIGURATION, run_haproxy
from tests.servers.ports import free_port
from tests.servers.postgres import Postgres

ROOT = Path(__file__).parents[2]
DATABASE = "donebook"


def replica_settings() -> dict[str, str]:
    """What compose.yaml sets for a replica, but for what whoever runs it fills in."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    first, second = (services[name]["environment"] for name in ("replica-a", "replica-b"))
    assert first == second
    return {name: value for name, value in first.items() if "${" not in value}


def run_pooler(server: Postgres, database: str) -> Any:
    """PgBouncer as deploy/pgbouncer has it, before one database."""

    def configure(directory: Path, port: int) -> Sequence[str]:
        configuration = ConfigParser()
        configuration.read(ROOT / "deploy/pgbouncer/pgbouncer.ini")
        configuration["databases"][DATABASE] = f"host={server.host} port={server.port} dbname={database}"
        own = {"listen_addr": "127.0.0.1", "listen_port": str(port), "auth_file": f"{directory}/users"}
        configuration["pgbouncer"].update(own)
        (directory / "users").write_text(f'"{server.user}" "{server.password}"\n')
        file = directory / "pgbouncer.ini"
        with file.open("w") as opened:
            configuration.write(opened)
        return [str(file)]

    return run_daemon("pgbouncer", configure)


def run_redis() -> Any:
    """Redis as compose.yaml has it."""
    command = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["redis"]["command"]
    return run_daemon(command[0], lambda _, port: [*command[1:], "--port", str(port), "--bind", "127.0.0.1"])


@dataclass
class Cluster:
    """What runs. ``url`` is the database itself, past the pooler."""

    url: str
    replicas: list[Server]
    proxy: Daemon
    pooler: Daemon

    async def connect(self) -> Connection:
        """A new connection to the proxy."""
        return await Connection.open("127.0.0.1", self.proxy.port)

    async def noticed(self, replica: Server, state: str) -> None:
        """Wait until the proxy holds a replica for ``UP`` or ``DOWN``."""
        name = f"replica-{'ab'[self.replicas.index(replica)]}"

        def is_noticed() -> bool:
            changes = re.findall(rf"^Server replicas/{name} is (UP|DOWN)", self.proxy.log(), re.MULTILINE)
            return bool((changes or ["UP"])[-1] == state)

        await eventually(is_noticed, f"the proxy holds {name} for {state}")

    def log_violations(self) -> Iterator[str]:
        """Lines of the replicas' logs that say more than they may."""
        for replica in self.replicas:
            yield from log_violations(replica.log)


StartCluster = Callable[..., Any]


@asynccontextmanager
async def start_cluster(
    nursery: Nursery,
    server: Postgres,
    database: str,
    directory: Path,
    *,
    ready: bool = True,
    broken: str | None = None,
    **settings: Any,
) -> AsyncIterator[Cluster]:
    """Run the cluster on a database, with these settings besides compose.yaml's.

    ``broken`` names a mistake of `tests.faults.breaks` that its replicas make.
    """
    with ExitStack() as running:
        pooler = running.enter_context(run_pooler(server, database))
        redis = running.enter_context(run_redis())
        behind = Postgres(server.host, pooler.port, server.user, server.password)

        def replica() -> Server:
            own: dict[str, Any] = {
                "DATABASE_DIRECT_URL": server.url(database),
                "DATABASE_POOLER": "on",  # compose.yaml's is told by its port
                "RATE_LIMIT_STORAGE": f"redis://127.0.0.1:{redis.port}/0",
                "TRUSTED_PROXIES": "127.0.0.1",
                "METRICS_HOST": "127.0.0.1",
                "METRICS_PORT": free_port(),
            }
            made = Server(
                nursery,
                behind.url(DATABASE),
                directory,
                settings=replica_settings() | own | settings,
                broken=broken,
            )
            return running.enter_context(made)

        replicas = [replica(), replica()]
        if ready:
            for each in replicas:
                await each.ready()
        ports = [each.port for each in replicas]
        proxy = running.enter_context(run_haproxy(ports, CONFIGURATION.read_text()))
        yield Cluster(server.url(database), replicas, proxy, pooler)
