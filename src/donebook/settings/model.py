"""Every setting, its meaning, its default and its rules."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, BeforeValidator, ByteSize, Field, SecretStr, ValidationInfo
from pydantic import field_validator as check
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from donebook.settings.lists import parse_list
from donebook.settings.mounts import DEFAULT_CONTRACTS, Mount, parse_mounts
from donebook.settings.rates import Rate, check_exact_rate, parse_rate
from donebook.settings.secrets import Secret, check_length
from donebook.settings.urls import (
    LOCAL_ORIGINS,
    check_contact,
    check_database_url,
    check_http_url,
    check_redis_url,
    origin_of,
    parse_networks,
    parse_origins,
    without_password,
)


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


_PRODUCTION_RATE = Rate(600, 60)
"""Ten requests a second for a minute on end: several times what a person with some tabs and devices makes,
and a tenth of what a worker answers."""


def _rate_or_off(value: object, info: ValidationInfo) -> object:
    if value is None and info.data.get("environment") == "production":
        return _PRODUCTION_RATE
    return None if value == "off" else value


Seconds = Annotated[float, Field(gt=0, le=3600)]
Days = Annotated[int, Field(ge=1, le=3650)]
SignUp = Literal["open", "invite", "closed"]
Port = Annotated[int, Field(ge=0, le=65535)]
HttpUrl = Annotated[str, AfterValidator(check_http_url)]
OptionalRate = Annotated[Annotated[Rate, BeforeValidator(parse_rate)] | None, BeforeValidator(_rate_or_off)]


class Settings(BaseSettings):
    """A checked configuration. Built from its arguments alone; only ``load_settings`` reads the environment.

    Each field's docstring is its line in ``.env.example``. A rule that needs another field reads one
    declared before it, so that every mistake is found in one pass.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        validate_default=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        enable_decoding=False,
        env_ignore_empty=True,
        dotenv_filtering="only_existing",
    )

    environment: Annotated[Literal["development", "production"], BeforeValidator(_lower)] = "development"
    """development or production; production refuses a missing or short secret and the origin *."""
    debug: bool = False
    """Log at debug level; adds nothing to any answer."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """The address to listen on; 0.0.0.0 for every network."""
    port: Port = 8000
    """The port to listen on."""
    contracts: Annotated[tuple[Mount, ...], BeforeValidator(parse_mounts)] = parse_mounts(DEFAULT_CONTRACTS)
    """The contracts to serve: name or name@/base, comma-separated."""

    database_url: Annotated[SecretStr, AfterValidator(check_database_url)] = Field(
        SecretStr("sqlite:///donebook.db"),
        validation_alias=AliasChoices("DATABASE_URL", "NEON_DATABASE_URL"),
    )
    """postgresql://user:password@host:5432/name or sqlite:///file; by default sqlite:///donebook.db."""
    database_direct_url: Annotated[SecretStr, AfterValidator(check_database_url)] | None = Field(
        None, validation_alias=AliasChoices("DATABASE_DIRECT_URL", "DATABASE_URL_UNPOOLED")
    )
    """The same PostgreSQL past its pooler, to migrate and to hear of commits; Neon's is known without it."""
    auto_migrate: bool = True
    """Bring the database schema up to date at start-up."""
    database_pool_size: Annotated[int, Field(ge=1, le=1000)] = 10
    """PostgreSQL connections of each worker, at most."""
    database_pool_timeout: Seconds = 5
    """Seconds a request waits for a free connection, or for room to make one, before it is answered 503."""
    database_connect_timeout: Seconds = 10
    """Seconds to make a new connection, on top of that; a suspended database needs some to wake."""
    database_statement_timeout: Seconds = 10
    """Seconds a statement may run."""
    database_pooler: Annotated[Literal["auto", "on", "off"], BeforeValidator(_lower)] = "auto"
    """Whether a transaction-mode pooler stands before PostgreSQL: on, off or auto (by host and port)."""
    database_row_security: bool = False
    """Run each request on PostgreSQL under a role that row-level security binds."""
    sqlite_synchronous: Annotated[Literal["FULL", "NORMAL"], BeforeValidator(_upper)] = "FULL"
    """FULL keeps every answered write through a power cut; NORMAL is faster and may lose the last ones."""

    better_auth_url: HttpUrl | None = None
    """Where Better Auth runs: gives the keys, issuer, audience and one allowed origin."""
    jwt_issuer: str | None = None
    """The issuer tokens must name; by default Better Auth's."""
    jwt_audience: str | None = None
    """The audience tokens must be for; by default Better Auth's."""
    jwks_url: HttpUrl | None = None
    """Where the keys of other issuers are published; by default Better Auth's."""
    jwt_secret: Secret | None = Field(None, validation_alias=AliasChoices("JWT_SECRET", "BETTER_AUTH_SECRET"))
    """The shared secret of tokens, 32 characters or more; by default a random one beside the database."""
    jwt_previous_secrets: Annotated[tuple[Secret, ...], BeforeValidator(parse_list)] = ()
    """Secrets that still verify after a change of JWT_SECRET: a JSON array or comma-separated."""
    jwt_algorithm: Annotated[Literal["HS256", "HS384", "HS512"], BeforeValidator(_upper)] = "HS256"
    """The algorithm of the shared secret: HS256, HS384 or HS512."""
    signup: Annotated[SignUp, BeforeValidator(_lower)] = "open"
    """Who may make an account here: open, invite (see donebook users invite) or closed."""
    password_scheme: Annotated[Literal["argon2", "bcrypt"], BeforeValidator(_lower)] = "argon2"  # noqa: S105 - a name
    """How new passwords of local accounts are hashed: argon2 or bcrypt."""

    cors_origins: Annotated[tuple[str, ...], BeforeValidator(parse_origins)] = Field(
        ("http://localhost:3000",), validation_alias=AliasChoices("CORS_ORIGINS", "ALLOWED_ORIGINS")
    )
    """Origins of front ends, JSON array or comma-separated; in development every port of localhost too."""
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(parse_networks)] = ()
    """Addresses or networks of proxies whose X-Forwarded-For is believed."""
    rate_limit_auth: Annotated[Rate, BeforeValidator(parse_rate), AfterValidator(check_exact_rate)] = Rate(
        5, 60
    )
    """Sign-up and log-in attempts of one client address."""
    rate_limit_api: OptionalRate = None
    """Requests of one user, or off; by default 600/minute in production, off in development."""
    rate_limit_storage: Annotated[SecretStr, AfterValidator(check_redis_url)] | None = None
    """redis://host:6379/0 to share the limit between machines; empty for memory."""
    event_streams_per_user: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Event streams that one user may have open on each worker; one more is answered 429."""
    max_body_size: Annotated[ByteSize, Field(ge=1024)] = ByteSize(1024 * 1024)
    """The largest request body, in bytes or as 1MiB."""
    spool_size: Annotated[ByteSize, Field(ge=1024 * 1024)] = ByteSize(1024**3)
    """Bytes on disk, in TMPDIR, that long answers of a worker take until they are sent; a user has half."""
    header_timeout: Seconds = 10
    """Seconds a client has to send its request's head."""
    body_timeout: Seconds = 15
    """Seconds a client has to send its request's body, and each time to take some kilobytes of an answer."""
    shutdown_delay: Annotated[float, Field(ge=0, le=3600)] = 0
    """Seconds to go on serving after the signal to stop, for load balancers to see that it is not ready."""
    shutdown_timeout: Seconds = 20
    """Seconds running requests have to finish when the server stops."""

    auth_event_days: Days = 90
    """Days that sign-ups, log-ins, refused tokens and the like stay on record."""
    trash_days: Days = 30
    """Days a deleted task stays in the trash."""
    tombstone_days: Days = 90
    """Days a task deleted for good is remembered, for clients that synchronise."""
    history_days: Days = 365
    """Days a change can be looked up and undone."""
    quota_tasks: Annotated[int, Field(ge=1)] = 100_000
    """Tasks of one user, those in the trash too, at most; then 403."""
    quota_history: Annotated[ByteSize, Field(ge=100_000)] = ByteSize(256 * 1024 * 1024)
    """Bytes of one user's history, as 256MiB; beyond, its oldest is forgotten before HISTORY_DAYS."""
    quota_answers: Annotated[ByteSize, Field(ge=100_000)] = ByteSize(64 * 1024 * 1024)
    """Bytes of one user's stored answers to requests with an Idempotency-Key, at most; then 403."""

    log_level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(_lower)
    ] = "info"
    """debug, info, warning, error or critical."""
    log_format: Annotated[Literal["auto", "console", "json"], BeforeValidator(_lower)] = "auto"
    """console, json, or auto: json in production."""
    log_requests: bool = True
    """One line in the log for each request."""
    metrics_port: Port | None = None
    """A port of its own for Prometheus metrics; empty for none."""
    metrics_host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """The address the metrics port listens on."""
    security_txt_contact: Annotated[str, AfterValidator(check_contact)] | None = None
    """The contact in /.well-known/security.txt: mailto:… or https://…; empty for no such page."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing but the arguments, so that a test's settings do not depend on its machine."""
        return (init_settings,)

    @check("database_direct_url")
    @classmethod
    def _direct_url_is_of_the_same_kind(
        cls, value: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        url = info.data.get("database_url")
        if value is not None and url is not None:
            kinds = {each.get_secret_value().startswith("sqlite") for each in (value, url)}
            if kinds != {False}:
                raise ValueError("is for PostgreSQL behind a pooler; leave it out with SQLite")
        return value

    @check("jwks_url")
    @classmethod
    def _keys_have_issuer_and_audience(cls, value: str | None, info: ValidationInfo) -> str | None:
        # Without them a token the same issuer made for another service would pass here.
        if value and not info.data.get("better_auth_url", "mistaken"):
            missing = [name for name in ("jwt_issuer", "jwt_audience") if not info.data.get(name)]
            if missing:
                raise ValueError(f"needs {' and '.join(name.upper() for name in missing)} too")
        return value

    @check("jwt_secret")
    @classmethod
    def _secret_is_strong_in_production(
        cls, value: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        if info.data.get("environment") != "production":
            return value
        if value is not None:
            check_length(value)
        elif not any(info.data.get(name, "mistaken") for name in ("better_auth_url", "jwks_url")):
            raise ValueError(
                "is required in production without BETTER_AUTH_URL; make one with: openssl rand -base64 48"
            )
        elif any(mount.name == "auth" for mount in info.data.get("contracts", ())):
            raise ValueError(
                "is required in production while CONTRACTS has auth, whose tokens it signs; set it (make one"
                " with: openssl rand -base64 48) or leave auth out of CONTRACTS"
            )
        return value

    @check("jwt_previous_secrets")
    @classmethod
    def _previous_secrets_are_strong_in_production(
        cls, value: tuple[SecretStr, ...], info: ValidationInfo
    ) -> tuple[SecretStr, ...]:
        if info.data.get("environment") == "production":
            for secret in value:
                check_length(secret)
        return value

    @check("cors_origins")
    @classmethod
    def _origins_include_better_auth(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if "*" in value:
            if info.data.get("environment") == "production":
                raise ValueError(
                    '"*" lets every site act for a signed-in user; list your origins in production'
                )
            return value
        url = info.data.get("better_auth_url")
        return tuple(dict.fromkeys((*value, origin_of(url)))) if url else value

    @check("tombstone_days")
    @classmethod
    def _tombstones_outlive_the_trash(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("trash_days", 0):
            raise ValueError(
                f"{value} is less than TRASH_DAYS; a deletion must be remembered at least as long"
            )
        return value

    @property
    def production(self) -> bool:
        """Whether the strict rules hold."""
        return self.environment == "production"

    @property
    def has_accounts(self) -> bool:
        """Whether users can sign up here."""
        return any(mount.name == "auth" for mount in self.contracts)

    @property
    def origin_pattern(self) -> str | None:
        """Which origins are allowed besides ``cors_origins``: in development, every port of this machine."""
        return None if self.production or "*" in self.cors_origins else LOCAL_ORIGINS

    @property
    def migration_url(self) -> str:
        """Where the database is migrated: past its pooler, if it has one."""
        return (self.database_direct_url or self.database_url).get_secret_value()

    @property
    def shown_database_url(self) -> str:
        """``database_url`` for people: no password, no options."""
        return without_password(self.database_url.get_secret_value())

    @property
    def keys_url(self) -> str | None:
        """Where the public keys are: ``jwks_url``, else Better Auth's (its base path is ``/api/auth``)."""
        if self.jwks_url or not self.better_auth_url:
            return self.jwks_url
        path = "" if urlsplit(self.better_auth_url).path else "/api/auth"
        return f"{self.better_auth_url}{path}/jwks"

    @property
    def keys_issuer(self) -> str | None:
        """The ``iss`` that tokens verified by public keys must carry."""
        return self.jwt_issuer or (origin_of(self.better_auth_url) if self.better_auth_url else None)

    @property
    def keys_audience(self) -> str | None:
        """The ``aud`` that tokens verified by public keys must carry."""
        return self.jwt_audience or (origin_of(self.better_auth_url) if self.better_auth_url else None)
