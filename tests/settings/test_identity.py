import json
from ipaddress import ip_network

import pytest
from pydantic import SecretStr

from donebook.settings import Rate
from tests.settings.conftest import STRONG, Loaded, Mistakes


@pytest.mark.parametrize(
    ("url", "keys"),
    [
        ("http://localhost:3000/", "http://localhost:3000/api/auth/jwks"),
        ("https://id.example.com/auth", "https://id.example.com/auth/jwks"),
    ],
)
def test_better_auth_gives_keys_issuer_and_audience(loaded: Loaded, url: str, keys: str) -> None:
    settings = loaded(BETTER_AUTH_URL=url)
    origin = url.removesuffix("/").removesuffix("/auth")
    assert (keys, origin, origin) == (settings.keys_url, settings.keys_issuer, settings.keys_audience)


def test_explicit_keys_issuer_and_audience_win_over_better_auths(loaded: Loaded) -> None:
    settings = loaded(
        BETTER_AUTH_URL="http://localhost:3000", JWKS_URL="http://k", JWT_ISSUER="me", JWT_AUDIENCE="you"
    )
    assert ("http://k", "me", "you") == (settings.keys_url, settings.keys_issuer, settings.keys_audience)


def test_without_better_auth_there_are_no_public_keys(loaded: Loaded) -> None:
    settings = loaded()
    assert (None, None, None) == (settings.keys_url, settings.keys_issuer, settings.keys_audience)


def test_public_keys_without_issuer_and_audience_are_refused(mistakes: Mistakes) -> None:
    assert ["JWKS_URL: needs JWT_ISSUER and JWT_AUDIENCE too"] == mistakes(JWKS_URL="https://id/keys")


@pytest.mark.parametrize("written", [f"{STRONG},old", f'["{STRONG}", "old"]'])
def test_previous_secrets_are_a_list(loaded: Loaded, written: str) -> None:
    assert (SecretStr(STRONG), SecretStr("old")) == loaded(JWT_PREVIOUS_SECRETS=written).jwt_previous_secrets


def test_trusted_proxies_are_addresses_and_networks(loaded: Loaded) -> None:
    settings = loaded(TRUSTED_PROXIES="10.0.0.7, 192.168.0.0/16, ::1")
    assert (
        ip_network("10.0.0.7"),
        ip_network("192.168.0.0/16"),
        ip_network("::1"),
    ) == settings.trusted_proxies


@pytest.mark.parametrize(
    ("written", "rate"),
    [
        ("5/minute", Rate(5, 60)),
        ("100 / 15 minutes", Rate(100, 900)),
        ("1/Day", Rate(1, 86400)),
        ("off", None),
    ],
)
def test_rates_are_an_amount_in_a_time(loaded: Loaded, written: str, rate: Rate | None) -> None:
    assert rate == loaded(RATE_LIMIT_API=written).rate_limit_api


def test_a_user_is_limited_in_production_unless_that_is_switched_off(loaded: Loaded) -> None:
    production = {"ENVIRONMENT": "production", "JWT_SECRET": STRONG}
    assert Rate(600, 60) == loaded(**production).rate_limit_api
    assert Rate(600, 60) == loaded(**production, RATE_LIMIT_API="").rate_limit_api
    assert Rate(20, 60) == loaded(**production, RATE_LIMIT_API="20/minute").rate_limit_api
    assert loaded(**production, RATE_LIMIT_API="off").rate_limit_api is None
    assert loaded().rate_limit_api is None


def test_a_body_size_may_carry_a_unit(loaded: Loaded) -> None:
    assert 2 * 1024 * 1024 == loaded(MAX_BODY_SIZE="2MiB").max_body_size


def test_production_needs_a_secret(mistakes: Mistakes) -> None:
    [line] = mistakes(ENVIRONMENT="production")
    assert line.startswith("JWT_SECRET: is required in production")


@pytest.mark.parametrize("name", ["JWT_SECRET", "BETTER_AUTH_SECRET", "JWT_PREVIOUS_SECRETS"])
def test_production_refuses_a_short_secret(mistakes: Mistakes, name: str) -> None:
    environment = {"JWT_SECRET": STRONG, name: "x" * 31}
    if name == "BETTER_AUTH_SECRET":
        del environment["JWT_SECRET"]
    [line] = mistakes(ENVIRONMENT="production", **environment)
    assert "is shorter than 32 characters" in line
    assert "xxx" not in line


@pytest.mark.parametrize("name", ["JWT_SECRET", "BETTER_AUTH_SECRET", "JWT_PREVIOUS_SECRETS"])
@pytest.mark.parametrize(
    "key",
    [
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAcanary\n-----END PUBLIC KEY-----",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5canary ada@example.com",
        '{"kty": "OKP", "crv": "Ed25519", "x": "canary"}',
    ],
)
def test_a_public_key_is_refused_as_a_secret(mistakes: Mistakes, name: str, key: str) -> None:
    written = json.dumps([key]) if name == "JWT_PREVIOUS_SECRETS" else key
    [line] = mistakes(**{name: written})
    assert "is the key of a key pair and no secret" in line
    assert "canary" not in line


def test_production_refuses_a_short_secret_beside_better_auth_too(mistakes: Mistakes) -> None:
    [line] = mistakes(ENVIRONMENT="production", BETTER_AUTH_URL="https://id", JWT_SECRET="short")
    assert "is shorter than 32 characters" in line


@pytest.mark.parametrize(
    "keys",
    [
        {"CONTRACTS": "flat", "BETTER_AUTH_URL": "https://id"},
        {"CONTRACTS": "flat", "JWKS_URL": "https://id/keys", "JWT_ISSUER": "me", "JWT_AUDIENCE": "you"},
        {"JWT_SECRET": STRONG},
    ],
)
def test_production_starts_with_public_keys_or_a_long_secret(loaded: Loaded, keys: dict[str, str]) -> None:
    assert loaded(ENVIRONMENT="production", **keys).production


def test_production_with_local_accounts_needs_a_secret_beside_public_keys(mistakes: Mistakes) -> None:
    [line] = mistakes(ENVIRONMENT="production", CONTRACTS="auth,flat", BETTER_AUTH_URL="https://id")
    assert line == (
        "JWT_SECRET: is required in production while CONTRACTS has auth, whose tokens it signs; set it (make"
        " one with: openssl rand -base64 48) or leave auth out of CONTRACTS"
    )


def test_an_exact_limit_has_a_largest_amount(loaded: Loaded, mistakes: Mistakes) -> None:
    assert Rate(1000, 3600) == loaded(RATE_LIMIT_AUTH="1000/hour").rate_limit_auth
    assert ["RATE_LIMIT_AUTH: 1001 is too many; the most is 1000"] == mistakes(RATE_LIMIT_AUTH="1001/hour")


def test_production_refuses_the_origin_of_everybody(mistakes: Mistakes) -> None:
    [line] = mistakes(ENVIRONMENT="production", JWT_SECRET=STRONG, CORS_ORIGINS="*")
    assert line.startswith('CORS_ORIGINS: "*" lets every site act for a signed-in user')


def test_one_mistake_does_not_make_another_up(mistakes: Mistakes) -> None:
    [line] = mistakes(ENVIRONMENT="production", CONTRACTS="flat", BETTER_AUTH_URL="nonsense")
    assert line.startswith("BETTER_AUTH_URL: ")
