"""The composition root: settings in, an application out. Nothing else wires."""

import ctypes
import gc
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.types import Lifespan

import donebook.kinds  # noqa: F401 - declares what the ledger keeps
from donebook import __version__
from donebook.accounts.hashing import PasswordHashing
from donebook.accounts.recorder import EventRecorder
from donebook.accounts.revocations import RevocationWatch, TokenMemories, admit
from donebook.contracts.registry import mount_contracts
from donebook.contracts.v2.events import render_event
from donebook.contracts.v2.fields import Task
from donebook.http.authentication import Authenticator
from donebook.http.bounds.answers import AnswerRoom
from donebook.http.bounds.bodies import BodyMemory
from donebook.http.bounds.turns import UserTurns
from donebook.http.call import Services
from donebook.http.client_address import ClientAddresses
from donebook.http.cors import ExactCors, origin_rule
from donebook.http.dispatch import Dispatch
from donebook.http.documentation.examples import add_examples
from donebook.http.documentation.pages import add_pages
from donebook.http.edge import Edge
from donebook.http.farewell import Farewell
from donebook.http.health import health_routes
from donebook.http.identity import Identity
from donebook.http.lines import divert_output
from donebook.http.logs import configure_logs
from donebook.http.observation import Observation
from donebook.http.rate_limit import MemoryLimit, UserLimit
from donebook.http.route import ContractRoute
from donebook.http.schema import finish_responses
from donebook.http.security_txt import add_security_txt
from donebook.http.stopping import on_stop_signal, outlive_signals
from donebook.http.tracing import telemetry_config
from donebook.ledger.events.admission import FollowerAdmission
from donebook.ledger.events.feed import Feed
from donebook.ledger.keys import ServiceKeys
from donebook.ledger.upkeep.maintenance import Maintainer, retention_of
from donebook.settings import Mount, Settings, SettingsMistakes, load_settings
from donebook.spaces.quotas import Quotas
from donebook.storage.connect import announcements_for, database_for
from donebook.storage.database import Database
from donebook.storage.readiness import Readiness
from donebook.storage.urls import SqliteAddress, parse_database_url
from donebook.tasks.kind import TASKS
from donebook.tokens.configure import shared_secrets_from, verifier_from
from donebook.tokens.secret_file import FILE_NAME, SecretUnusable, load_or_make_secret, read_secret
from donebook.tokens.shared import SharedSecrets

NAME = "Donebook"
EXPOSED_HEADERS = (
    "ETag",
    "Idempotent-Replayed",
    "Location",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "X-Request-ID",
    "WWW-Authenticate",
)
_WRITES = {"postgresql": 2, "sqlite": 8}
"""Writes of one user at once: on PostgreSQL the next waits while one is done, SQLite commits a group."""
_LISTS = {"postgresql": 2, "sqlite": 1}
"""Lists of one user at once: SQLite reads on the event loop, which serves nobody else meanwhile."""

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""Of glibc's malloc.h."""

_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


def create_app(settings: Settings) -> FastAPI:
    """The application. It opens its database when it is started, not before."""
    paths, routes = mount_contracts(settings.contracts)
    database = database_for(settings)
    readiness = Readiness(
        database,
        settings.migration_url,
        auto_migrate=settings.auto_migrate,
        row_security=settings.database_row_security,
    )
    secrets = shared_secrets(settings)
    admission = partial(admit, database)
    verifier = verifier_from(settings, shared=secrets, admit=admission)
    announcements = announcements_for(database, settings)
    feed = Feed(
        database,
        announcements,
        TASKS,
        into=Task,
        render=render_event,
        limit_per_user=settings.event_streams_per_user,
    )
    followers = FollowerAdmission(feed, admission)
    verifier.call_on_withdrawal(followers.end_all)
    keep_events = timedelta(days=settings.auth_event_days)
    memory = TokenMemories(verifier, followers)
    watch = RevocationWatch(database, memory, now=_now, keep_events=keep_events)
    identity = _identity(settings, database, secrets)
    services = Services(
        database=database,
        authenticator=Authenticator(verifier, watch, database, _now),
        identity=identity,
        keys=ServiceKeys(database),
        now=_now,
        body_limit=int(settings.max_body_size),
        body_seconds=settings.body_timeout,
        feed=feed,
        quotas=Quotas(settings.quota_tasks, int(settings.quota_history), int(settings.quota_answers)),
        bodies=BodyMemory(int(settings.max_body_size)),
        writes=UserTurns(at_once=_WRITES[database.dialect], patience=settings.database_pool_timeout),
        answers=AnswerRoom(
            disk=int(settings.spool_size),
            patience=settings.database_pool_timeout,
            at_once=_LISTS[database.dialect],
        ),
    )
    observation = Observation(settings, database, lambda: feed.followers)
    maintainer = Maintainer(database, retention_of(settings), _now)
    farewell = Farewell(settings.shutdown_delay, readiness.leave)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await database.open()
        await readiness.start()
        observation.start()
        maintainer.start()
        watch.start()
        try:
            # In this order, so that streams go on for as long as the rest of the service.
            with on_stop_signal(feed.stop), farewell:
                yield
        finally:
            await watch.stop()
            await followers.aclose()
            await feed.close()
            await announcements.close()
            await maintainer.stop()
            await verifier.aclose()
            await identity.aclose()
            await readiness.stop()
            await database.close()
            await observation.stop()

    app = _api(routes, readiness.check, lifespan)
    add_pages(
        app,
        name=NAME,
        version=__version__,
        contracts=settings.contracts,
        document=partial(_contract_document, routes),
    )
    if settings.security_txt_contact is not None:
        add_security_txt(app, settings.security_txt_contact)
    app.add_middleware(Dispatch, paths=paths, services=services)
    # Around the contracts, so that refusals and faults carry the headers a browser needs to show them.
    app.add_middleware(
        ExactCors,
        allow_origins=settings.cors_origins,
        allow_origin_regex=settings.origin_pattern,
        allow_credentials="*" not in settings.cors_origins,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["*"],
        expose_headers=EXPOSED_HEADERS,
        max_age=600,
    )
    # Outermost: every answer, a preflight's too, has an id and a line in the log.
    headers = (*_HEADERS, _HSTS) if settings.production else _HEADERS
    app.add_middleware(Edge, headers=headers, observers=observation.observers)
    return app


def create_app_from_environment() -> FastAPI:
    """The application under the environment's settings; raises `SettingsMistakes`."""
    settings = load_settings()
    divert_output()
    outlive_signals()
    configure_logs(settings)
    app = create_app(settings)
    _spare_the_collector()
    _give_large_memory_back()
    return app


def _spare_the_collector() -> None:
    """Keep the garbage collector from looking through what stays for as long as the process.

    Requests leave hardly any cycles behind, but a list of a thousand tasks makes as many objects: with
    Python's thresholds the collector took up to a tenth of a request's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _give_large_memory_back() -> None:
    """Have glibc give blocks above a megabyte back to the system as soon as they are free.

    It keeps them, and more of them for each thread, once some have been used: a list of a thousand long
    tasks left a worker larger for good.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_M_MMAP_THRESHOLD, 1024 * 1024)
            mallopt(_M_ARENA_MAX, 2)


def openapi_document(mounts: Sequence[Mount]) -> dict[str, Any]:
    """The OpenAPI document of a service with these contracts; needs no settings and no database."""
    _, routes = mount_contracts(mounts)
    return _api(routes, _always_ready, None).openapi()


def _contract_document(routes: Sequence[ContractRoute], name: str) -> dict[str, Any]:
    """The OpenAPI document of one of the mounted contracts, wherever it is mounted."""
    return _api([route for route in routes if route.contract.name == name], _always_ready, None).openapi()


class _Api(FastAPI):
    """FastAPI, whose document has the media types of each contract's refusals, and examples to send."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            finish_responses(document, self.routes)
            add_examples(document)
        return super().openapi()


def _api(
    routes: Sequence[ContractRoute],
    check_ready: Callable[[], Awaitable[None]],
    lifespan: Lifespan[FastAPI] | None,
) -> FastAPI:
    app = _Api(
        title=NAME,
        version=__version__,
        summary="Multi-user to-do lists: published contracts on one task core.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry=telemetry_config(),
        openapi_tags=_groups(routes),
    )
    app.include_router(health_routes(check_ready))
    app.router.routes.extend(routes)
    return app


def _groups(routes: Sequence[ContractRoute]) -> list[dict[str, Any]]:
    """The groups of operations, in the order in which the contracts are mounted, with a line on each."""
    contracts = {str(tag): route.contract.summary for route in routes for tag in route.tags}
    groups = contracts | {"health": "Whether the service can be used"}
    return [{"name": name, "description": summary} for name, summary in groups.items()]


async def _always_ready() -> None:
    return None


def _identity(settings: Settings, database: Database, secrets: SharedSecrets | None) -> Identity:
    return Identity(
        addresses=ClientAddresses(settings.trusted_proxies),
        events=EventRecorder(database, _now),
        hashing=PasswordHashing(settings.password_scheme),
        secrets=secrets,
        auth_rate=settings.rate_limit_auth,
        user_limit=_user_limit(settings),
        sign_up=settings.signup,
        allows_origin=origin_rule(settings.cors_origins, settings.origin_pattern),
        secure_cookies=settings.production,
    )


def _user_limit(settings: Settings) -> UserLimit | None:
    rate, storage = settings.rate_limit_api, settings.rate_limit_storage
    if rate is None:
        return None
    if storage is None:
        return MemoryLimit(rate)
    # Imported only where it is wanted: it takes a tenth of a second.
    from donebook.http.redis_limit import RedisLimit

    return RedisLimit(rate, storage.get_secret_value())


def shared_secrets(settings: Settings, *, make: bool = True) -> SharedSecrets | None:
    """The secrets that sign and verify our own tokens.

    With none configured, one is made in development (unless ``make`` is false); a service without local
    accounts that verifies another issuer's keys has none. Raises `SettingsMistakes` where there is none
    yet, or where the one made cannot be kept.
    """
    if settings.jwt_secret is not None:
        newest = settings.jwt_secret.get_secret_value()
    elif settings.production or (settings.keys_url is not None and not settings.has_accounts):
        return None
    else:
        newest = _kept_secret(settings, make=make)
    return shared_secrets_from(settings, newest)


def _kept_secret(settings: Settings, *, make: bool) -> str:
    directory = secret_directory(settings).absolute()
    try:
        kept = load_or_make_secret(directory) if make else read_secret(directory)
    except OSError as error:
        line = (
            f"JWT_SECRET: is required where none can be kept in {directory} ({error.strerror}); "
            "make one with: openssl rand -base64 48"
        )
        raise SettingsMistakes((line,)) from error
    except SecretUnusable as unusable:
        line = (
            f"JWT_SECRET: the file {directory / FILE_NAME} {unusable}; put the secret back from a backup, or"
            " delete the file to have another made, which signs everybody out"
        )
        raise SettingsMistakes((line,)) from unusable
    if kept is None:
        raise SettingsMistakes((_why_no_secret(settings, directory),))
    return kept


def _why_no_secret(settings: Settings, directory: Path) -> str:
    address = parse_database_url(settings.database_url.get_secret_value())
    shown = settings.shown_database_url
    missing = isinstance(address, SqliteAddress) and not address.path.exists()
    found = f"there is no database {shown}" if missing else f"no service has kept one for {shown}"
    return (
        f"JWT_SECRET: is not set, and {found} in {directory}; run this where the service was started, or"
        " start it: donebook serve"
    )


def secret_directory(settings: Settings) -> Path:
    """Where the secret of a first start is: beside the database file, else the working directory."""
    address = parse_database_url(settings.database_url.get_secret_value())
    return address.path.parent if isinstance(address, SqliteAddress) else Path()


def _now() -> datetime:
    return datetime.now(UTC)
