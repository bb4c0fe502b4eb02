"""The database that compose.yaml has PostgreSQL make."""

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import asyncpg
import pytest

from donebook.accounts.usecases import provision_user
from donebook.principal import Principal
from donebook.storage.migrate import migrate
from tests.databases import open_database
from tests.deployment.image import ROOT
from tests.deployment.platforms import read_yaml
from tests.servers.postgres import PostgresServer, run_postgres

COMPOSE = read_yaml(ROOT / "compose.yaml")
PASSWORD = 'it\'s "a" $ecret\\'


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server after what the image runs on a new data directory."""
    service = COMPOSE["services"]["postgres"]
    assert {"POSTGRES_PASSWORD"} == set(service["environment"])  # so the superuser is postgres
    mounts = [volume.split(":") for volume in service["volumes"]]
    (script,) = (mount[0] for mount in mounts if mount[1].startswith("/docker-entrypoint-initdb.d/"))
    with run_postgres() as server:
        subprocess.run(
            [
                *(server.binaries / "psql", "--variable=ON_ERROR_STOP=1", "--no-password", "--no-psqlrc"),
                *(f"--host={server.host}", f"--port={server.port}", f"--username={server.user}"),
                *("--dbname=postgres", f"--file={ROOT / script}"),
            ],
            env=os.environ | {"PGPASSWORD": server.password, "POSTGRES_PASSWORD": PASSWORD},
            check=True,
            capture_output=True,
        )
        yield server


@pytest.fixture
def url(server: PostgresServer) -> str:
    """The database as the replicas of compose.yaml name it."""
    named: str = COMPOSE["services"]["replica-a"]["environment"]["DATABASE_DIRECT_URL"]
    named = named.replace("${POSTGRES_PASSWORD}", quote(PASSWORD, safe=""))
    return named.replace("@postgres:5432/", f"@{server.host}:{server.port}/")


async def test_the_services_login_owns_its_database_and_is_no_superuser(url: str) -> None:
    connection = await asyncpg.connect(url)
    found = await connection.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolreplication, pg_get_userbyid(datdba) = current_user AS owns"
        " FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
    )
    await connection.close()

    assert (False, False, False, True) == tuple(found)


async def test_it_migrates_and_makes_the_role_of_row_level_security(url: str) -> None:
    await asyncio.to_thread(migrate, url, row_security=True)

    async with open_database(url, database_row_security=True) as database:
        await provision_user(database, Principal("ada"), datetime(2026, 11, 20, 8, tzinfo=UTC))


async def test_the_superuser_has_no_password(server: PostgresServer) -> None:
    for password in (server.password, PASSWORD):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url("postgres"), password=password)


def test_the_migration_and_the_pooler_use_the_same_login() -> None:
    services = COMPOSE["services"]
    urls = [
        services["replica-a"]["environment"]["DATABASE_URL"],
        services["replica-a"]["environment"]["DATABASE_DIRECT_URL"],
        services["migrate"]["environment"]["DATABASE_URL"],
    ]

    assert {"donebook"} == {url.partition("://")[2].partition(":")[0] for url in urls}
    assert ["donebook"] == re.findall(r'^"(\w+)" ', COMPOSE["configs"]["pgbouncer-users"]["content"])
