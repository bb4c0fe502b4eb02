"""One service for all the tests of the contracts, on each database; every test brings its own users."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.contracts.client import Service, User, serve
from tests.contracts.conformance import conforms_to
from tests.contracts.spoken import TASK_CONTRACTS, Spoken
from tests.databases import DIALECTS
from tests.servers.postgres import Postgres


@pytest.fixture(scope="package", params=DIALECTS)
def lasting_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database that outlives the test."""
    if request.param == "sqlite":
        migrated: Path = request.getfixturevalue("migrated_sqlite_file")
        yield f"sqlite:///{shutil.copy(migrated, tmp_path_factory.mktemp('contracts'))}"
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    name = "donebook_contracts"
    server.create_database(name, template=request.getfixturevalue("migrated_postgres_database"))
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture(scope="package")
def service(lasting_url: str) -> Iterator[Service]:
    """Every contract where it is by default."""
    with serve(lasting_url, check=conforms_to()) as service:
        yield service


@pytest.fixture(scope="package")
def sqlite_service_url(migrated_sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """For what does not depend on the database, such as whose an address is."""
    return f"sqlite:///{shutil.copy(migrated_sqlite_file, tmp_path_factory.mktemp('mounts'))}"


@pytest.fixture(scope="package")
def any_service(sqlite_service_url: str) -> Iterator[Service]:
    """Every contract, for what is decided before there is a database."""
    with serve(sqlite_service_url, check=conforms_to()) as service:
        yield service


class NewUser(Protocol):
    def __call__(self, user_id: str | None = None, /, **claims: object) -> User: ...


@pytest.fixture
def new_user(service: Service) -> NewUser:
    def make(user_id: str | None = None, /, **claims: object) -> User:
        return User(service, user_id, **claims)

    return make


@pytest.fixture
def ada(service: Service) -> User:
    return User(service)


@pytest.fixture
def bob(service: Service) -> User:
    """Somebody else."""
    return User(service)


@pytest.fixture(params=TASK_CONTRACTS, ids=str)
def spoken(request: pytest.FixtureRequest) -> Spoken:
    """Each published contract in turn."""
    found: Spoken = request.param
    return found
