"""Variables that look like a setting and are none."""

from pathlib import Path

import pytest

from donebook.settings import unknown_variables


def told(**environment: str) -> tuple[str, ...]:
    return unknown_variables(env_file=None, environment=environment)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CORS_ORIGIN", "CORS_ORIGINS"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("JWKS_URI", "JWKS_URL"),
        ("JWT_SECRETS", "JWT_SECRET"),
        ("TRUSTED_PROXY", "TRUSTED_PROXIES"),
        ("CONTRACT", "CONTRACTS"),
        ("ALLOWED_ORIGIN", "ALLOWED_ORIGINS"),
        ("better_auth_ur", "BETTER_AUTH_URL"),
    ],
)
def test_a_misspelt_setting_is_told_with_the_nearest_name(name: str, meant: str) -> None:
    assert (f"{name.upper()} is no setting and has no effect; is {meant} meant?",) == told(**{name: "x"})


@pytest.mark.parametrize(
    "name",
    [
        # What a machine, a shell, a container and other programs have set.
        *(
            "PATH",
            "HOSTNAME",
            "HOSTTYPE",
            "PORTAL",
            "PORTS",
            "POST",
            "DEBUGGER",
            "HOME",
            "USER",
            "LANG",
            "PWD",
        ),
        *("POSTGRES_URL", "POSTGRES_PASSWORD", "PGHOST", "REDIS_URL", "DATABASE_USER", "DATABASE_HOST"),
        *("DATABASE_PASSWORD", "DATABASE_NAME", "TEST_DATABASE_URL", "DATABASE_URL_TEST", "LOGNAME"),
        *("LOG_FILE", "KUBERNETES_PORT", "KUBERNETES_SERVICE_HOST", "METRICS_PORT_9100_TCP", "NODE_ENV"),
        *("NEXT_PUBLIC_API_URL", "OTEL_EXPORTER_OTLP_ENDPOINT", "SSL_CERT_FILE", "XDG_SESSION_ID"),
    ],
)
def test_other_names_are_nobodys_mistake(name: str) -> None:
    assert () == told(**{name: "x"})


def test_settings_themselves_are_not_told() -> None:
    assert () == told(DATABASE_URL="x", neon_database_url="x", BETTER_AUTH_SECRET="x", PORT="1")


def test_our_own_file_is_read_more_strictly(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("CORS_ALLOWED_ORIGINS=http://a.example\nJWT_SECRET_KEY=x\nPOSTGRES_PASSWORD=x\nPORT=1\n")
    assert (
        f"CORS_ALLOWED_ORIGINS in {file} is no setting and has no effect; is ALLOWED_ORIGINS meant?",
        f"JWT_SECRET_KEY in {file} is no setting and has no effect; is JWT_SECRET meant?",
    ) == unknown_variables(env_file=file, environment={"CORS_ALLOWED_ORIGINS": "x"})


def test_a_value_is_never_told() -> None:
    assert "hunter2" not in str(told(JWT_SECRETT="hunter2"))
