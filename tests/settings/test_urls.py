import pytest

from tests.settings.conftest import Loaded, Mistakes


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///file.db",
        "sqlite:////file.db",
        "postgres://u:p@h/d",
        "postgresql://u:p@h:5433/d",
        "postgresql+asyncpg://u:p@h/d",
        "postgresql:///d?host=/var/run/postgresql",
        "postgresql://u:p@a:5432,b:5433/d?target_session_attrs=read-write",
        "postgresql://u:p@[::1],[::2]:5433/d?target_session_attrs=primary",
        "postgresql:///d?host=a,b&port=5432",
        "postgresql://u:p%40q@ep-x-pooler.eu.aws.neon.tech/d?sslmode=require&channel_binding=require",
    ],
)
def test_a_database_url_is_kept_as_written(loaded: Loaded, url: str) -> None:
    assert url == loaded(DATABASE_URL=f" {url} ").database_url.get_secret_value()


@pytest.mark.parametrize(
    ("url", "mend"),
    [
        ("donebook.db", "is not a database URL; use sqlite:///file or postgresql://…"),
        ("mysql://u:canary@h/d", '"mysql://…" is not a database this server speaks'),
        (
            "postgresql+psycopg2://u:canary@h/d",
            '"postgresql+psycopg2://…" is not a database this server speaks',
        ),
        ("psql 'postgresql://u:canary@h/d'", "keep only the part that begins with postgresql://"),
        ("'postgresql://u:canary@h/d'", "keep only the part that begins with postgresql://"),
        ("postgresql://u:can@ry/x@h/d", "percent-encode special characters in the password"),
        ("postgresql://u:canary/x@h/d", "percent-encode special characters in the password"),
        ("postgresql://u:canary#x@h/d", "percent-encode special characters in the password"),
        ("postgresql://u:canary?x@h/d", "percent-encode special characters in the password"),
        ("postgresql://u:1?canary@h/d", "percent-encode special characters in the password"),
        ("postgresql://u:canary@h:port/d", "percent-encode special characters in the password"),
        ("postgresql://u:canary@h/d?sslmode=on", 'has an unknown sslmode "on"'),
        ("postgresql://u:canary@h/d?port=many", "has a port that is no number"),
        ("postgresql://u:canary@a,b/d?port=1,many", "has a port that is no number"),
        ("postgresql://u:canary@a,b,c/d?port=1,2", "names 3 hosts and 2 ports; give each host its port"),
        ("postgresql://u:canary@a,,b/d", "lacks a host or a database name"),
        (
            "postgresql://u:canary@a,b/d?target_session_attrs=prefer-standby",
            'has target_session_attrs "prefer-standby", which is for reading; use read-write or leave it out',
        ),
        (
            "postgresql://u:canary@h/d?sslmode=verify-full&sslrootcert=/no/such/file",
            'names the certificates "/no/such/file", which is no file here',
        ),
        ("postgresql://u:canary@h", "lacks a host or a database name"),
        ("postgresql:///d", "lacks a host or a database name"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite://file.db", "has too few slashes"),
        ("sqlite:////no/such/file.db", 'names a file in "/no/such", which is no directory here'),
        ("sqlite:///no%20such/file.db", 'names a file in "no such", which is no directory here'),
        ("sqlite:////", 'names the directory "/"'),
    ],
)
def test_a_database_url_that_cannot_work_is_refused_without_showing_it(
    mistakes: Mistakes, url: str, mend: str
) -> None:
    [line] = mistakes(DATABASE_URL=url)
    assert line.startswith("DATABASE_URL: ")
    assert mend in line
    assert "canary" not in line
    assert "can@ry" not in line


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///file.db", "sqlite:///file.db"),
        ("postgres://u:canary@h:5433/d?sslmode=require", "postgres://u@h:5433/d"),
        ("postgresql://h/d?user=u&password=canary", "postgresql://h/d"),
        ("postgresql://:canary@h/d", "postgresql://h/d"),
        ("postgresql://u:canary@a:1,b:2/d", "postgresql://u@a:1,b:2/d"),
    ],
)
def test_the_shown_database_url_has_no_password(loaded: Loaded, url: str, shown: str) -> None:
    assert shown == loaded(DATABASE_URL=url).shown_database_url


@pytest.mark.parametrize(
    ("written", "origins"),
    [
        ("http://a,https://b:8443", ("http://a", "https://b:8443")),
        ('["http://a", "https://b"]', ("http://a", "https://b")),
        (" http://a/ , http://a ,", ("http://a",)),
        ("HTTPS://App.Example.com:443", ("https://app.example.com",)),
        ("http://[::1]:3000", ("http://[::1]:3000",)),
        ("https://bücher.example", ("https://xn--bcher-kva.example",)),
        ("capacitor://localhost", ("capacitor://localhost",)),
        ("*", ("*",)),
        ("http://a,*", ("*",)),
    ],
)
def test_origins_are_read_as_browsers_send_them(
    loaded: Loaded, written: str, origins: tuple[str, ...]
) -> None:
    assert origins == loaded(CORS_ORIGINS=written).cors_origins


@pytest.mark.parametrize(
    "written",
    [
        "localhost:3000",
        "app.example.com",
        "http://",
        "null",
        "http://a/path",
        "http://a?b",
        "http://a#b",
        "http://a:b",
        "https://*.example.com",
        '["http://a"',
        "[1]",
    ],
)
def test_an_origin_no_browser_sends_is_refused(mistakes: Mistakes, written: str) -> None:
    [line] = mistakes(CORS_ORIGINS=written)
    assert line.startswith("CORS_ORIGINS: ")


def test_better_auths_origin_is_allowed_too(loaded: Loaded) -> None:
    settings = loaded(BETTER_AUTH_URL="https://App.example.com/api/auth", CORS_ORIGINS="http://a")
    assert ("http://a", "https://app.example.com") == settings.cors_origins


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"DATABASE_URL": "postgresql://u@pooler:6432/d"}, "postgresql://u@pooler:6432/d"),
        (
            {
                "DATABASE_URL": "postgresql://u@pooler:6432/d",
                "DATABASE_DIRECT_URL": "postgresql://u@server/d",
            },
            "postgresql://u@server/d",
        ),
        (
            {
                "DATABASE_URL": "postgresql://u@pooler:6432/d",
                "DATABASE_URL_UNPOOLED": "postgresql://u@server/d",
            },
            "postgresql://u@server/d",
        ),
    ],
)
def test_migrations_go_past_the_pooler_where_the_way_is_told(
    loaded: Loaded, environment: dict[str, str], expected: str
) -> None:
    assert expected == loaded(**environment).migration_url


@pytest.mark.parametrize(
    ("url", "direct"),
    [("sqlite:///file.db", "postgresql://u@server/d"), ("postgresql://u@pooler/d", "sqlite:///file.db")],
)
def test_there_is_a_way_past_a_pooler_of_postgresql_alone(mistakes: Mistakes, url: str, direct: str) -> None:
    [line] = mistakes(DATABASE_URL=url, DATABASE_DIRECT_URL=direct)
    assert "DATABASE_DIRECT_URL: is for PostgreSQL behind a pooler; leave it out with SQLite" == line
