"""Towards a real PostgreSQL that speaks TLS, with a certificate for ``localhost`` of our own authority."""

import gc
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from donebook.errors import DatabaseUnavailable
from donebook.settings import Settings
from donebook.storage.connect import database_for
from donebook.storage.database import Database
from donebook.storage.readiness import database_time
from donebook.storage.urls import PostgresAddress, parse_database_url
from tests.servers.certificates import Authority
from tests.servers.postgres import Postgres, PostgresServer, run_postgres
from tests.servers.postgres_binaries import find_binaries_with_tls
from tests.service import run_service

# asyncpg leaves the socket of a connection that was refused TLS to the garbage collector.
pytestmark = [
    pytest.mark.postgres_tls,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def sockets_left_behind() -> Iterator[None]:
    """Collect them within the test that left them."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Path]:
    authority = Authority()
    file = tmp_path_factory.mktemp("authority") / "root.pem"
    file.write_bytes(authority.certificate)
    return authority, file


@pytest.fixture(scope="module")
def tls_server(authority: tuple[Authority, Path]) -> Iterator[PostgresServer]:
    certificate, key = authority[0].issue("localhost")
    hba = b"hostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n"
    with run_postgres(
        {"ssl": "on", "ssl_cert_file": "server.pem", "ssl_key_file": "server.key"},
        files={"server.pem": certificate, "server.key": key, "pg_hba.conf": hba},
        binaries=find_binaries_with_tls(),
    ) as server:
        yield server


def url_of(server: Postgres, host: str, options: str) -> str:
    return f"{server.url('postgres').replace('127.0.0.1', host)}?{options}"


async def connect(url: str) -> Database:
    database = database_for(Settings(database_url=url, database_connect_timeout=10))
    await database.open()
    return database


async def is_encrypted(url: str) -> bool:
    address = parse_database_url(url)
    assert isinstance(address, PostgresAddress)
    connection = await asyncpg.connect(
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password,
        database=address.database,
        ssl=address.tls,
    )
    try:
        encrypted: bool = await connection.fetchval(
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        )
        return encrypted
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("host", "options"),
    [
        ("localhost", "sslmode=verify-full&sslrootcert={root}"),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert={root}"),
        ("127.0.0.1", "sslmode=require"),
        ("127.0.0.1", "sslmode=require&channel_binding=require"),
        ("127.0.0.1", "sslmode=prefer"),
        ("127.0.0.1", ""),
    ],
)
async def test_a_connection_is_encrypted(
    tls_server: PostgresServer, authority: tuple[Authority, Path], host: str, options: str
) -> None:
    assert await is_encrypted(url_of(tls_server, host, options.format(root=authority[1])))


@pytest.mark.parametrize(
    ("host", "options"),
    [
        ("127.0.0.1", "sslmode=verify-full&sslrootcert={root}"),  # the certificate is for another name
        ("localhost", "sslmode=verify-full&sslrootcert={other}"),  # of an authority that is not trusted
        ("localhost", "sslmode=verify-full"),
        ("127.0.0.1", "sslmode=verify-ca"),
        ("127.0.0.1", "sslmode=disable"),  # the server speaks to nobody without TLS
    ],
)
async def test_a_server_that_cannot_be_verified_is_not_spoken_to(
    tls_server: PostgresServer, authority: tuple[Authority, Path], tmp_path: Path, host: str, options: str
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(Authority().certificate)
    url = url_of(tls_server, host, options.format(root=authority[1], other=other))

    async with run_service(url, log_requests=False) as service, service.client("ada") as client:
        ready = await client.get("/health/ready")
        refused = await client.get("/api/v1/tasks")

    assert (503, 503) == (ready.status_code, refused.status_code)


async def test_tls_that_is_required_is_not_done_without(postgres_server: Postgres) -> None:
    """The bundled PostgreSQL speaks none."""
    url = url_of(postgres_server, "127.0.0.1", "sslmode=require")

    async with run_service(url, log_requests=False) as service, service.client("ada") as client:
        assert 503 == (await client.get("/health/ready")).status_code


async def test_the_service_migrates_and_writes_over_verified_tls(
    tls_server: PostgresServer, authority: tuple[Authority, Path]
) -> None:
    tls_server.create_database("verified")
    url = url_of(tls_server, "localhost", f"sslmode=verify-full&sslrootcert={authority[1]}")
    url = url.replace("/postgres?", "/verified?")

    async with run_service(url, log_requests=False) as service, service.client("ada") as client:
        created = await client.post("/api/v1/tasks", json={"title": "Buy milk"})

    assert 201 == created.status_code


async def test_a_read_over_tls_that_fails_to_verify_names_no_secret(
    tls_server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    database = await connect(url_of(tls_server, "localhost", "sslmode=verify-full"))
    try:
        with pytest.raises(DatabaseUnavailable) as failure:
            await database_time(database)
    finally:
        await database.close()

    assert tls_server.password not in str(failure.value) + caplog.text
