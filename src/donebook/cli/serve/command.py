"""The command, and how its processes are run."""

import logging
import os
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from donebook import __version__
from donebook.cli.configuration import secrets_or_exit, settings_or_exit
from donebook.cli.serve.banner import print_banner
from donebook.cli.serve.listening import bind_or_exit
from donebook.cli.serve.shared_port import SharedPort
from donebook.settings import Settings, unknown_variables

if TYPE_CHECKING:
    import uvicorn

log = logging.getLogger("donebook.serve")

_START_FAILED = 3
"""Uvicorn's status for it."""


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; default: HOST or 127.0.0.1.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default: PORT or 8000.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the port.")] = 1,
    reload: Annotated[bool, typer.Option("--reload", help="Start anew when the code changes.")] = False,
) -> None:
    """Migrate the database, then serve.

    Example: donebook serve --port 9000 --workers 4
    """
    import uvicorn

    from donebook.errors import DatabaseUnavailable
    from donebook.http.lines import divert_output
    from donebook.http.logs import configure_logs, is_json
    from donebook.storage.migrate import MigrationRefused, migrate

    divert_output()
    settings = settings_or_exit(host=host, port=port)
    # First, so that a server which cannot start has made no file and touched no database.
    sockets = bind_or_exit(settings.host, settings.port)
    bound_port = sockets[0].getsockname()[1]
    secrets_or_exit(settings)  # here, so that what stops every worker is told once
    configure_logs(settings)
    for line in unknown_variables():
        log.warning("%s", line)
    if settings.auto_migrate:
        try:
            migrate(settings.migration_url, row_security=settings.database_row_security)
        except DatabaseUnavailable as failure:
            # Not fatal: the service answers 503 until the database is there, and migrates it then.
            log.warning("the database is not ready yet; starting anyway: %s", failure)
        except MigrationRefused as refusal:
            typer.echo(f"{settings.shown_database_url} cannot be migrated: {refusal}", err=True)
            raise typer.Exit(1) from None
    if is_json(settings):
        log.info("starting %s on %s:%d", __version__, settings.host, bound_port)
    else:
        print_banner(settings, bound_port)
    _allow_many_connections()
    # Uvicorn raises the signal again when it has stopped in good order: that is a success.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    # Workers read the settings anew: what the command line says goes to them by the environment.
    os.environ |= {"HOST": settings.host, "PORT": str(bound_port)}
    options: dict[str, Any] = {
        "app": "donebook.app:create_app_from_environment",
        "factory": True,
        "host": settings.host,
        "port": bound_port,
        "http": _protocol(settings),
        "ws": "none",
        # X-Forwarded-For is believed by TRUSTED_PROXIES alone.
        "proxy_headers": False,
        "server_header": False,
        # Its lines go the way of ours, in their format; its access log would print query strings.
        "log_config": None,
        "access_log": False,
        "log_level": "info" if is_json(settings) else "warning",
        "timeout_keep_alive": 75,
        "timeout_graceful_shutdown": int(settings.shutdown_timeout),
    }
    if reload:
        _run_reloading(uvicorn.Config(**options, reload=True), sockets)
    elif workers == 1:
        _run_one(uvicorn.Config(**options), sockets)
    else:
        _run_workers(uvicorn.Config(**options, workers=workers), sockets)


def _run_one(config: "uvicorn.Config", sockets: list[socket.socket]) -> None:
    import uvicorn

    config.load_app()
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run(sockets)
    if not server.started:
        sys.exit(_START_FAILED)


def _run_reloading(config: "uvicorn.Config", sockets: list[socket.socket]) -> None:
    import uvicorn
    from uvicorn.supervisors import ChangeReload

    with suppress(KeyboardInterrupt):
        ChangeReload(config, target=uvicorn.Server(config).run, sockets=sockets).run()


def _run_workers(config: "uvicorn.Config", sockets: list[socket.socket]) -> None:
    from uvicorn.supervisors import Multiprocess

    if sys.platform != "linux":
        # Elsewhere the system does not spread connections over those who share a port.
        Multiprocess(config, sockets=sockets).run()
        return
    # They were not shared, so that a port which another server has was refused.
    addresses = [(each.family, each.getsockname()) for each in sockets]
    for each in sockets:
        each.close()
    shared = [SharedPort.at(family, address) for family, address in addresses]
    Multiprocess(config, sockets=[*shared]).run()


def _protocol(settings: Settings) -> Any:
    """What speaks HTTP: with limits where there is httptools, which Windows does not have."""
    try:
        from donebook.http.protocol import LimitedProtocol
    except ImportError:
        return "auto"
    return partial(
        LimitedProtocol, header_timeout=settings.header_timeout, drain_timeout=settings.body_timeout
    )


def _allow_many_connections() -> None:
    """Have as many open files as the system lets this user have; the usual 1024 are soon idle clients."""
    try:
        import resource
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
