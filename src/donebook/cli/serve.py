"""``donebook serve``."""

import logging
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from donebook import __version__
from donebook.cli.configuration import secrets_or_exit, settings_or_exit
from donebook.settings import Settings

if TYPE_CHECKING:
    import uvicorn

log = logging.getLogger("donebook.serve")


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; default: HOST or 127.0.0.1.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default: PORT or 8000.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the port.")] = 1,
    reload: Annotated[bool, typer.Option("--reload", help="Start anew when the code changes.")] = False,
) -> None:
    """Migrate the database, then serve."""
    import uvicorn

    from donebook.errors import DatabaseUnavailable
    from donebook.http.lines import divert_output
    from donebook.http.logs import configure_logs, is_json
    from donebook.storage.migrate import MigrationRefused, migrate

    divert_output()
    settings = settings_or_exit(host=host, port=port)
    secrets_or_exit(settings)  # here, so that what stops every worker is told once
    configure_logs(settings)
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
        log.info("starting %s on %s:%d", __version__, settings.host, settings.port)
    else:
        _greet(settings)
    _allow_many_connections()
    # Uvicorn raises the signal again when it has stopped in good order: that is a success.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    # Workers read the settings anew: what the command line says goes to them by the environment.
    os.environ |= {"HOST": settings.host, "PORT": str(settings.port)}
    options: dict[str, Any] = {
        "app": "donebook.app:create_app_from_environment",
        "factory": True,
        "host": settings.host,
        "port": settings.port,
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
        uvicorn.run(**options, reload=True)
    elif workers == 1:
        uvicorn.run(**options)
    else:
        _run_workers(uvicorn.Config(**options, workers=workers))


def _run_workers(config: "uvicorn.Config") -> None:
    from uvicorn.supervisors import Multiprocess

    from donebook.cli.shared_port import SharedPort

    class Supervisor(Multiprocess):
        def handle_quit(self) -> None:
            """Stop, as one worker alone does; Uvicorn's own passes over this signal."""
            self.handle_term()

    # Not shared yet, so that a port which another server has is refused.
    bound = config.bind_socket()
    if sys.platform != "linux":
        # Elsewhere the system does not spread connections over those who share a port.
        Supervisor(config, sockets=[bound]).run()
        return
    family, address = bound.family, bound.getsockname()
    bound.close()
    with SharedPort.at(family, address) as shared:
        Supervisor(config, sockets=[shared]).run()


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


def _greet(settings: Settings) -> None:
    shown = "localhost" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - compared, not bound
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{settings.port}"
    program = Path(sys.argv[0])
    command = (
        f"{program.parent}/donebook" if program.name == "donebook" and "/" in sys.argv[0] else "donebook"
    )
    if program.is_absolute() and program.is_relative_to(Path.cwd()):
        command = str(program.relative_to(Path.cwd()))
    print(f"Donebook {__version__}")
    print(f"  address    {address}")
    print(f"  docs       {address}/docs")
    print(f"  database   {settings.shown_database_url}")
    print(f"  contracts  {', '.join(str(mount) for mount in settings.contracts)}")
    print(f"  a token    {command} token --user demo --email demo@example.com", flush=True)
