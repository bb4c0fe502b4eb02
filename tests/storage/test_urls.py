"""Database URLs as people copy them."""

import ssl
from pathlib import Path

import pytest

from donebook.storage.urls import PostgresAddress, SqliteAddress, UrlMistake, parse_database_url


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///donebook.db", "donebook.db"),
        ("sqlite:////var/lib/tasks.db", "/var/lib/tasks.db"),
        ("sqlite+aiosqlite:///./data/tasks.db", "data/tasks.db"),
        ("SQLite:///tasks.db?mode=rw", "tasks.db"),
        ("sqlite:///my%20tasks.db", "my tasks.db"),
    ],
)
def test_a_sqlite_url_names_a_file(url: str, path: str) -> None:
    assert SqliteAddress(Path(path)) == parse_database_url(url)


def postgres(url: str) -> PostgresAddress:
    address = parse_database_url(url)
    assert isinstance(address, PostgresAddress)
    return address


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "POSTGRESQL"])
def test_a_postgresql_url_has_many_schemes(scheme: str) -> None:
    assert PostgresAddress("db.example.com", 5433, "ada", "secret", "tasks") == postgres(
        f"{scheme}://ada:secret@db.example.com:5433/tasks"
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://h/d", PostgresAddress("h", 5432, None, None, "d")),
        ("postgresql://u@h/d", PostgresAddress("h", 5432, "u", None, "d")),
        ("postgresql://u%40x:p%2F%3A@h/d%20e", PostgresAddress("h", 5432, "u@x", "p/:", "d e")),
        ("postgresql://[::1]:6000/d", PostgresAddress("::1", 6000, None, None, "d")),
        ("postgresql://u@/d?host=/run/postgresql", PostgresAddress("/run/postgresql", 5432, "u", None, "d")),
        ("postgresql://h/d?user=u&password=p%26", PostgresAddress("h", 5432, "u", "p&", "d")),
        ("postgresql://h?dbname=d&port=5555", PostgresAddress("h", 5555, None, None, "d")),
        (
            "postgresql://u:p@a:1,b/d?target_session_attrs=read-write",
            PostgresAddress("a", 1, "u", "p", "d", others=(("b", 5432),)),
        ),
        (
            "postgresql://[::1]:1,[::2]:2/d?target_session_attrs=any",
            PostgresAddress("::1", 1, None, None, "d", others=(("::2", 2),)),
        ),
        (
            "postgresql:///d?host=a,b&port=6000",
            PostgresAddress("a", 6000, None, None, "d", others=(("b", 6000),)),
        ),
        (
            "postgresql:///d?host=a,b,c&port=1,2,3",
            PostgresAddress("a", 1, None, None, "d", others=(("b", 2), ("c", 3))),
        ),
    ],
)
def test_the_parts_of_a_postgresql_url_are_read(url: str, expected: PostgresAddress) -> None:
    assert expected == postgres(url)


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
def test_an_sslmode_that_checks_nothing_is_handed_on(mode: str) -> None:
    assert mode == postgres(f"postgresql://h/d?sslmode={mode}").tls


def test_without_an_sslmode_the_driver_decides() -> None:
    assert postgres("postgresql://h/d").tls is None


@pytest.mark.parametrize(("mode", "checks_host"), [("verify-ca", False), ("verify-full", True)])
def test_an_sslmode_that_verifies_checks_the_certificate(mode: str, checks_host: bool) -> None:
    tls = postgres(f"postgresql://h/d?sslmode={mode}&sslrootcert=system").tls

    assert isinstance(tls, ssl.SSLContext)
    assert (ssl.CERT_REQUIRED, checks_host) == (tls.verify_mode, tls.check_hostname)


def test_a_url_as_neon_shows_it_is_read() -> None:
    address = postgres(
        "postgresql://ada:npg_x@ep-cool-fog-a1b2-pooler.eu-central-1.aws.neon.tech/neondb"
        "?sslmode=require&channel_binding=require"
    )

    assert ("require", True) == (address.tls, address.behind_pooler)
    direct = address.direct()
    assert "ep-cool-fog-a1b2.eu-central-1.aws.neon.tech" == direct.host
    assert ("neondb", "ada", "npg_x", False) == (
        direct.database,
        direct.user,
        direct.password,
        direct.behind_pooler,
    )


@pytest.mark.parametrize(
    ("url", "behind"),
    [
        ("postgresql://h:6432/d", True),
        ("postgresql://h:6543/d", True),
        ("postgresql://db-pooler.example.com/d", True),
        ("postgresql://db.my-pooler.example.com/d", False),
        ("postgresql://h:5432/d", False),
        ("postgresql://h:5432,i:6432/d", True),
    ],
)
def test_a_pooler_is_known_by_its_host_or_port(url: str, behind: bool) -> None:
    assert behind == postgres(url).behind_pooler


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tasks.db",
        "mysql://root:password@h/d",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://tasks.db",
        "postgresql://",
        "postgresql://h",
        "postgresql:///d",
        "postgresql://u:password@h:port/d",
        "postgresql://u:password@h:99999/d",
        "postgresql://u:password@[::1/d",
        "postgresql://h/d?port=many",
        "postgresql://h/d?sslmode=perhaps",
        "postgresql://a,,b/d",
        "postgresql://a:1,b:port/d",
        "postgresql:///d?host=a,b,c&port=1,2",
        "postgresql://a,b/d?target_session_attrs=standby",
        "postgresql://h/d?sslmode=verify-full&sslrootcert=/no/such/file",
    ],
)
def test_a_url_that_names_no_database_is_a_mistake_that_shows_no_password(url: str) -> None:
    with pytest.raises(UrlMistake) as mistake:
        parse_database_url(url)

    assert "password@" not in str(mistake.value).replace("user:password@host", "")


def test_each_of_several_servers_is_reached_past_its_pooler() -> None:
    address = postgres("postgresql://a-pooler.example.com,b-pooler.example.com:5433/d").direct()

    assert (("a.example.com", 5432), ("b.example.com", 5433)) == address.servers


def test_an_address_does_not_show_its_password() -> None:
    assert "secret" not in repr(postgres("postgresql://ada:secret@h/d"))
