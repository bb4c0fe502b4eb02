"""URLs an operator writes: databases, origins, issuers."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from donebook.settings.lists import parse_list, raise_mistakes

_SQLITE = frozenset({"sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"})
_POSTGRESQL = frozenset({"postgres", "postgresql", "postgresql+asyncpg"})
TARGETS = ("any", "primary", "read-write")
"""What ``target_session_attrs`` may be: all mean the server that takes writes."""
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_DEFAULT_PORTS = {"http": 80, "https": 443}
LOCAL_ORIGINS = r"http://(localhost|127\.0\.0\.1)(:\d{1,5})?"
"""A pattern of every origin on this machine, whatever its port."""
_SPEAKS = "use sqlite:///file or postgresql://…"


def check_database_url(secret: SecretStr) -> SecretStr:
    """The URL as given, trimmed; ``ValueError`` says what is wrong without showing more than its scheme."""
    url = secret.get_secret_value().strip()
    scheme, separator, rest = url.partition("://")
    if url.lower().startswith("psql ") or url[:1] in {"'", '"'}:
        raise ValueError("is a command or is quoted; keep only the part that begins with postgresql://")
    if not separator or not re.fullmatch(r"[A-Za-z][\w+.-]*", scheme):
        raise ValueError(f"is not a database URL; {_SPEAKS}")
    if scheme.lower() in _SQLITE:
        _check_sqlite(rest)
    elif scheme.lower() in _POSTGRESQL:
        _check_postgresql(url)
    else:
        raise ValueError(f'"{scheme}://…" is not a database this server speaks; {_SPEAKS}')
    return SecretStr(url)


def named_servers(parts: SplitResult, options: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The hosts and the ports, as written, of the servers that a PostgreSQL URL names; one port is for all.

    Raises ``ValueError``, which may quote the URL.
    """
    named = [urlsplit(f"//{each}") for each in parts.netloc.rpartition("@")[2].split(",")]
    hosts = options["host"].split(",") if options.get("host") else [each.hostname or "" for each in named]
    ports = options["port"].split(",") if options.get("port") else [str(each.port or 5432) for each in named]
    return hosts, ports * len(hosts) if len(ports) == 1 else ports


def _check_sqlite(rest: str) -> None:
    path = rest.partition("?")[0]
    if path in {"", "/", "/:memory:"}:
        # Every worker and every connection opens the database by itself: memory would be one each.
        raise ValueError("names no file; use sqlite:///donebook.db or sqlite:////absolute/path.db")
    if not path.startswith("/"):
        raise ValueError("has too few slashes; use sqlite:///file or sqlite:////absolute/path.db")
    file = Path(unquote(path.removeprefix("/")))
    if file.is_dir():
        raise ValueError(f'names the directory "{file}"; name a file in it')
    if not file.parent.is_dir():
        raise ValueError(f'names a file in "{file.parent}", which is no directory here; make it first')


def _check_postgresql(url: str) -> None:
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=True) if parts.query else ())
        hosts, ports = named_servers(parts, options)
    except ValueError:
        # Its message may quote a piece of the password.
        parts, hosts, ports, options = None, [], [], {}
    if parts is None or "@" in parts.path or parts.fragment:
        raise ValueError(
            "cannot be read; percent-encode special characters in the password (@ %40, / %2F, # %23, ? %3F) "
            "and write postgresql://user:password@host:5432/name"
        )
    if not all(hosts) or not (parts.path.strip("/") or options.get("dbname")):
        raise ValueError("lacks a host or a database name; write postgresql://user:password@host:5432/name")
    mode = options.get("sslmode", "prefer")
    if mode not in _SSL_MODES:
        raise ValueError(f'has an unknown sslmode "{mode}"; use one of {", ".join(_SSL_MODES)}')
    if not all(port.isdecimal() for port in ports):
        raise ValueError("has a port that is no number")
    if len(ports) != len(hosts):
        raise ValueError(f"names {len(hosts)} hosts and {len(ports)} ports; give each host its port")
    target = options.get("target_session_attrs", "any")
    if target not in TARGETS:
        raise ValueError(
            f'has target_session_attrs "{target}", which is for reading; use read-write or leave it out'
        )
    root = options.get("sslrootcert", "system")
    if mode.startswith("verify-") and root != "system" and not Path(root).is_file():
        raise ValueError(f'names the certificates "{root}", which is no file here')


def without_password(url: str) -> str:
    """A checked database URL fit for a log: no password and no options."""
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    return f"{parts.scheme}://{user}{parts.netloc.rpartition('@')[2]}{parts.path}"


def check_redis_url(secret: SecretStr) -> SecretStr:
    """The URL as given; the machines' shared memory must be a Redis."""
    if not secret.get_secret_value().startswith(("redis://", "rediss://")):
        raise ValueError("is not a Redis address; write redis://host:6379/0 or leave it empty for memory")
    return secret


def check_contact(link: str) -> str:
    """A link for ``security.txt`` (RFC 9116, section 2.5.3)."""
    if not link.startswith(("mailto:", "https://", "tel:")) or not link.isprintable():
        raise ValueError(f'"{link}" is not a contact; write mailto:security@example.com or https://…')
    return link


def check_http_url(url: str) -> str:
    """An absolute http(s) URL without its trailing slash."""
    url = url.strip().rstrip("/")
    parts = _split(url)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f'"{_shown(url)}" is not a web address; write for example http://localhost:3000')
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(f'"{_shown(url)}" carries more than an address; leave out user, password, ? and #')
    return url


def origin_of(url: str) -> str:
    """The origin of an absolute URL as browsers write it: lower case, ASCII, no default port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host.encode("idna").decode()
    port = "" if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def parse_origins(value: object) -> object:
    """Origins from a list, normalised, without repeats; ``*`` swallows the rest."""
    mistakes: list[str] = []
    origins: list[str] = []
    for item in parse_list(value):
        parts = _split(item.rstrip("/"))
        if item == "*":
            origins.append(item)
        elif "*" in item:
            mistakes.append(f'"{item}" has a wildcard; list every origin by itself')
        elif parts is None or not re.search(r"^[A-Za-z][\w+.-]*://", item) or not parts.hostname:
            mistakes.append(f'"{_shown(item)}" is not an origin; write for example https://app.example.com')
        elif parts.path or parts.query or parts.fragment or "@" in parts.netloc:
            mistakes.append(
                f'"{_shown(item)}" is more than an origin; leave only {parts.scheme}://{parts.hostname}'
                + (f":{parts.port}" if parts.port else "")
            )
        else:
            origins.append(origin_of(item))
    raise_mistakes(mistakes)
    return ("*",) if "*" in origins else tuple(dict.fromkeys(origins))


def parse_networks(value: object) -> object:
    """Networks from addresses and CIDR ranges; one that holds every address is refused."""
    if isinstance(value, tuple) and all(isinstance(item, IPv4Network | IPv6Network) for item in value):
        return value
    mistakes: list[str] = []
    networks: list[IPv4Network | IPv6Network] = []
    for item in parse_list(value):
        try:
            network = ip_network(item)
        except ValueError:
            mistakes.append(
                f'"{item}" is not an address or a network; write for example 10.0.0.7 or 10.0.0.0/8'
            )
            continue
        if network.prefixlen == 0:
            mistakes.append(f'"{item}" trusts every client to name its own address; list your proxies only')
        networks.append(network)
    raise_mistakes(mistakes)
    return tuple(networks)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError:
        return None
    return parts


def _shown(url: str) -> str:
    return re.sub(r"//.*@", "//…@", url)
