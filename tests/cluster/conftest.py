"""A cluster for each test, and the load of the fault programme to put on it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cluster.cluster import StartCluster, start_cluster
from tests.faults.conftest import journal, make_load, nursery, users
from tests.faults.nursery import Nursery
from tests.servers.postgres import Postgres

__all__ = ["journal", "make_load", "nursery", "users"]  # fixtures of the fault programme


@pytest.fixture
def start(nursery: Nursery, postgres_server: Postgres, tmp_path: Path) -> Callable[[str], StartCluster]:
    """``start(url)(…)`` runs a cluster on the database at that URL."""

    def on(url: str) -> StartCluster:
        database = urlsplit(url).path.removeprefix("/")
        return partial(start_cluster, nursery, postgres_server, database, tmp_path)

    return on
