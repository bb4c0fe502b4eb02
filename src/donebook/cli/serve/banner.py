"""What a server says of itself when it has its port."""

import sys
from pathlib import Path

from donebook import __version__
from donebook.settings import Settings


def print_banner(settings: Settings, port: int) -> None:
    """Print where the server is, and what a front end and its developer have to know."""
    shown = "localhost" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - compared, not bound
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    lines = (
        ("address", address),
        ("docs", f"{address}/docs"),
        ("database", settings.shown_database_url),
        ("contracts", ", ".join(str(mount) for mount in settings.contracts)),
        ("origins", _origins(settings)),
        ("issuer", _issuer(settings)),
        ("a token", _token_command(settings)),
    )
    print(f"Donebook {__version__} ({settings.environment})")
    for name, value in lines:
        print(f"  {name:<10} {value}")
    sys.stdout.flush()


def _origins(settings: Settings) -> str:
    told = [*settings.cors_origins]
    if settings.origin_pattern is not None:
        told += ["and any port of localhost and 127.0.0.1"]
    return ", ".join(told) or "none"


def _issuer(settings: Settings) -> str:
    if settings.keys_url is None:
        return "this server, by the shared secret"
    also = " and this server, by the shared secret" if settings.jwt_secret or settings.has_accounts else ""
    return f"{settings.keys_issuer}, keys at {settings.keys_url}{also}"


def _token_command(settings: Settings) -> str:
    if settings.keys_url is not None and settings.jwt_secret is None and not settings.has_accounts:
        return f"from {settings.keys_issuer}"
    program = Path(sys.argv[0])
    command = (
        f"{program.parent}/donebook" if program.name == "donebook" and "/" in sys.argv[0] else "donebook"
    )
    if program.is_absolute() and program.is_relative_to(Path.cwd()):
        command = str(program.relative_to(Path.cwd()))
    return f"{command} token --user demo --email demo@example.com"
