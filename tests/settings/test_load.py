from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from pydantic import SecretStr, ValidationError

from donebook.settings import Mount, Rate, Settings, SettingsMistakes, load_settings, setting_names
from tests.settings.conftest import STRONG, Loaded, Mistakes

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_nothing_needs_to_be_set(loaded: Loaded) -> None:
    settings = loaded()
    assert Settings() == settings
    assert "sqlite:///donebook.db" == settings.database_url.get_secret_value()
    assert ("http://localhost:3000",) == settings.cors_origins
    assert None is settings.jwt_secret
    assert ("127.0.0.1", 8000, "development") == (settings.host, settings.port, settings.environment)
    assert (
        Mount("v2"),
        Mount("versioned"),
        Mount("flat"),
        Mount("scoped"),
        Mount("auth"),
        Mount("enveloped", "/enveloped"),
    ) == settings.contracts


def test_settings_built_from_arguments_do_not_look_at_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORT", "9000")
    Path(".env").write_text("PORT=9001\n")
    assert 8000 == Settings().port
    assert 9002 == Settings(port=9002).port


def test_an_override_wins_over_the_environment_which_wins_over_the_file() -> None:
    Path(".env").write_text("PORT=1\nHOST=file\nLOG_LEVEL=debug\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORT", "2")
        patch.setenv("HOST", "environment")
        settings = load_settings(port=3)
    assert (3, "environment", "debug") == (settings.port, settings.host, settings.log_level)


def test_an_override_wins_over_both_names_of_a_setting() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", "sqlite:///a.db")
        patch.setenv("NEON_DATABASE_URL", "sqlite:///b.db")
        settings = load_settings(database_url="sqlite:///c.db")
    assert "sqlite:///c.db" == settings.shown_database_url


def test_another_file_can_be_named_or_none() -> None:
    Path(".env").write_text("PORT=1\n")
    Path("other").write_text("PORT=2\n")
    assert 2 == load_settings(env_file=Path("other")).port
    assert 8000 == load_settings(env_file=None).port


def test_names_of_other_programs_in_the_file_are_ignored() -> None:
    Path(".env").write_text("NEXT_PUBLIC_API_URL=http://x\nPORT=1\n")
    assert 1 == load_settings().port


def test_a_file_that_is_not_text_is_one_clear_line() -> None:
    Path(".env").write_bytes(b"PORT=\xff\xfe\n")
    with pytest.raises(SettingsMistakes, match=r"^\.env: cannot be read: it is not UTF-8 text$"):
        load_settings()


@pytest.mark.parametrize("empty", ["", "  ", "\t"])
def test_an_empty_value_counts_as_unset(loaded: Loaded, empty: str) -> None:
    names = [name for field in Settings.model_fields for name in setting_names(field)]
    assert Settings() == loaded(**dict.fromkeys(names, empty))


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("DATABASE_URL", "sqlite:///a.db", "database_url", SecretStr("sqlite:///a.db")),
        ("NEON_DATABASE_URL", "sqlite:///a.db", "database_url", SecretStr("sqlite:///a.db")),
        ("JWT_SECRET", STRONG, "jwt_secret", SecretStr(STRONG)),
        ("BETTER_AUTH_SECRET", STRONG, "jwt_secret", SecretStr(STRONG)),
        ("JWT_ALGORITHM", "HS512", "jwt_algorithm", "HS512"),
        ("BETTER_AUTH_URL", "http://localhost:3000", "better_auth_url", "http://localhost:3000"),
        ("JWT_ISSUER", "me", "jwt_issuer", "me"),
        ("JWT_AUDIENCE", "you", "jwt_audience", "you"),
        ("CORS_ORIGINS", "http://a", "cors_origins", ("http://a",)),
        ("ALLOWED_ORIGINS", "http://a", "cors_origins", ("http://a",)),
        ("ENVIRONMENT", "Development", "environment", "development"),
        ("DEBUG", "true", "debug", True),
        ("CONTRACTS", "flat", "contracts", (Mount("flat"),)),
        ("PORT", "7860", "port", 7860),
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("RATE_LIMIT_AUTH", "7/hour", "rate_limit_auth", Rate(7, 3600)),
        ("RATE_LIMIT_API", "600/minute", "rate_limit_api", Rate(600, 60)),
        ("RATE_LIMIT_STORAGE", "redis://h", "rate_limit_storage", SecretStr("redis://h")),
        ("LOG_LEVEL", "WARNING", "log_level", "warning"),
        ("LOG_FORMAT", "json", "log_format", "json"),
        ("LOG_REQUESTS", "off", "log_requests", False),
    ],
)
def test_every_published_name_is_read_from_the_environment_and_the_file(
    loaded: Loaded, name: str, value: str, field: str, expected: object
) -> None:
    assert expected == getattr(loaded(**{name: value}), field)
    Path(".env").write_text(f"{name}={value}\n")
    assert expected == getattr(load_settings(), field)


def test_jwks_url_is_read_with_its_issuer_and_audience(loaded: Loaded) -> None:
    settings = loaded(JWKS_URL="https://id/keys", JWT_ISSUER="me", JWT_AUDIENCE="you")
    assert ("https://id/keys", "me", "you") == (
        settings.keys_url,
        settings.keys_issuer,
        settings.keys_audience,
    )


def test_our_own_name_wins_over_the_borrowed_one(loaded: Loaded) -> None:
    settings = loaded(JWT_SECRET=STRONG, BETTER_AUTH_SECRET="other")
    assert SecretStr(STRONG) == settings.jwt_secret


def test_the_example_file_explains_every_setting_in_one_line_and_nothing_else() -> None:
    lines = EXAMPLE.read_text().splitlines()
    explained = {
        line.partition("=")[0]: comment
        for comment, line in pairwise(lines)
        if line and not line.startswith("#")
    }
    expected = {}
    for field, info in Settings.model_fields.items():
        first, *others = setting_names(field)
        also = "".join(f" Also read from {name}." for name in others)
        expected[first] = f"# {info.description}{also}"
    assert expected == explained
    assert list(expected) == list(dotenv_values(EXAMPLE))


def test_the_example_file_copied_unchanged_gives_the_defaults() -> None:
    Path(".env").write_text(EXAMPLE.read_text())
    assert Settings() == load_settings()


def test_each_mistake_is_one_line_and_all_are_told_at_once(mistakes: Mistakes) -> None:
    assert [
        "ENVIRONMENT: \"staging\" is not one of 'development' or 'production'",
        'DEBUG: "release" is neither true nor false',
        'PORT: "8o" is not a whole number',
        'DATABASE_URL: "mysql://…" is not a database this server speaks; use sqlite:///file or postgresql://…',
        'DATABASE_POOL_TIMEOUT: "0" is too small; it must be more than 0',
        'CORS_ORIGINS: "localhost:3000" is not an origin; write for example https://app.example.com',
        'CORS_ORIGINS: "http://a/path" is more than an origin; leave only http://a',
        'MAX_BODY_SIZE: "1zib" has an unknown unit; write bytes or for example 1MiB',
        'METRICS_PORT: "70000" is too large; the most is 65535',
    ] == mistakes(
        ENVIRONMENT="staging",
        DEBUG="release",
        PORT="8o",
        DATABASE_URL="mysql://root:pw@db/x",
        DATABASE_POOL_TIMEOUT="0",
        CORS_ORIGINS="localhost:3000,http://a/path",
        MAX_BODY_SIZE="1zib",
        METRICS_PORT="70000",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("LOG_REQUESTS", "maybe"),
        ("JWT_ALGORITHM", "none"),
        ("JWT_ALGORITHM", "RS256"),
        ("PASSWORD_SCHEME", "md5"),
        ("SQLITE_SYNCHRONOUS", "OFF"),
        ("DATABASE_POOLER", "maybe"),
        ("DATABASE_POOL_SIZE", "0"),
        ("DATABASE_STATEMENT_TIMEOUT", "soon"),
        ("BODY_TIMEOUT", "-1"),
        ("BODY_TIMEOUT", "nan"),
        ("MAX_BODY_SIZE", "10"),
        ("TRASH_DAYS", "0"),
        ("AUTO_MIGRATE", "perhaps"),
        ("RATE_LIMIT_AUTH", "5"),
        ("RATE_LIMIT_AUTH", "0/minute"),
        ("RATE_LIMIT_AUTH", "off"),
        ("RATE_LIMIT_API", "5/fortnight"),
        ("RATE_LIMIT_STORAGE", "memcached://h"),
        ("BETTER_AUTH_URL", "localhost:3000"),
        ("BETTER_AUTH_URL", "ftp://host"),
        ("BETTER_AUTH_URL", "http://host:port"),
        ("BETTER_AUTH_URL", "http://host/?a=b"),
        ("TRUSTED_PROXIES", "*"),
        ("TRUSTED_PROXIES", "proxy.local"),
        ("TRUSTED_PROXIES", "0.0.0.0/0"),
        ("TRUSTED_PROXIES", "::/0"),
        ("SECURITY_TXT_CONTACT", "me@example.com"),
    ],
)
def test_a_value_out_of_its_range_is_refused_by_name(mistakes: Mistakes, name: str, value: str) -> None:
    [line] = mistakes(**{name: value})
    assert line.startswith(f"{name}: ")


def test_tombstones_must_outlive_the_trash(mistakes: Mistakes) -> None:
    assert [
        "TOMBSTONE_DAYS: 5 is less than TRASH_DAYS; a deletion must be remembered at least as long"
    ] == mistakes(TRASH_DAYS="6", TOMBSTONE_DAYS="5")


def test_settings_cannot_be_changed() -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # type: ignore[misc] # the point of the test


def test_a_misspelt_argument_is_refused() -> None:
    unknown: dict[str, Any] = {"prot": 1}
    with pytest.raises(ValidationError, match="prot"):
        Settings(**unknown)
