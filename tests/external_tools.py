"""Leaves out the suites whose external tool is not installed, and says so in one line.

With ``DONEBOOK_REQUIRE_ALL=1`` a missing tool is an error instead.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.servers.postgres_binaries import (
    find_binaries_with_icu,
    find_binaries_with_tls,
    open_to_everyone,
)

# Debian puts servers here, which is not on a user's PATH.
SYSTEM_DIRECTORIES = ["/usr/sbin", "/sbin"]


def find_program(name: str) -> str | None:
    """The path of a program, or None."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_DIRECTORIES]))


def _has_node_20() -> bool:
    node = find_program("node")
    if node is None or find_program("npm") is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = re.match(r"v(\d+)\.", version)
    return major is not None and int(major[1]) >= 20


def _can_trace() -> bool:
    strace = find_program("strace")
    return (
        strace is not None and subprocess.run([strace, "-o", os.devnull, "true"], check=False).returncode == 0
    )


def find_faketime() -> str | None:
    """The path of libfaketime's library, or None."""
    return next((str(path) for path in Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)


def _can_mount() -> bool:
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as directory:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", directory], capture_output=True, check=False
        )
        if mounted.returncode == 0:
            subprocess.run(["umount", directory], check=True)
    return mounted.returncode == 0


def find_public_python() -> Path | None:
    """A Python that can make virtual environments; if we are root, one that any account may run."""
    candidates = [Path(sys.executable).resolve(), *map(Path, ("/usr/local/bin/python3", "/usr/bin/python3"))]
    for candidate in candidates:
        if not candidate.exists() or (os.geteuid() == 0 and not open_to_everyone(candidate.parent)):
            continue
        program = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"
        if subprocess.run([candidate, "-c", program], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


class Tool(NamedTuple):
    """What the tests with one marker need."""

    is_installed: Callable[[], bool]
    remedy: str


TOOLS = {
    "curl": Tool(lambda: find_program("curl") is not None, "install curl"),
    "node": Tool(_has_node_20, "install Node 20 or newer and npm"),
    "pgbouncer": Tool(lambda: find_program("pgbouncer") is not None, "install PgBouncer"),
    "postgres_tls": Tool(
        lambda: find_binaries_with_tls() is not None, "install a PostgreSQL server that speaks TLS"
    ),
    "postgres_icu": Tool(
        lambda: find_binaries_with_icu() is not None, "install a PostgreSQL server that was built with ICU"
    ),
    "redis": Tool(lambda: find_program("redis-server") is not None, "install Redis"),
    "proxy": Tool(lambda: find_program("haproxy") is not None, "install HAProxy"),
    "nginx": Tool(lambda: find_program("nginx") is not None, "install nginx"),
    "java": Tool(lambda: find_program("javac") is not None, "install a Java Development Kit"),
    "strace": Tool(_can_trace, "install strace, and allow ptrace"),
    "faketime": Tool(lambda: find_faketime() is not None, "install libfaketime"),
    "clean_root": Tool(
        lambda: find_public_python() is not None, "install a Python with venv that any account may run"
    ),
    "mount": Tool(_can_mount, "run as root where tmpfs may be mounted"),
}

LEFT_OUT = pytest.StashKey[Counter[str]]()


def _say(left_out: Counter[str]) -> str:
    return "; ".join(
        f"{count} {'test' if count == 1 else 'tests'} marked {marker} ({TOOLS[marker].remedy})"
        for marker, count in left_out.items()
    )


@pytest.hookimpl(trylast=True)  # after -k and -m, so that only tests that were asked for count
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = {marker for marker in TOOLS if any(item.get_closest_marker(marker) for item in items)}
    missing = [marker for marker in TOOLS if marker in wanted and not TOOLS[marker].is_installed()]
    left_out: Counter[str] = Counter()
    kept, deselected = [], []
    for item in items:
        marker = next((marker for marker in missing if item.get_closest_marker(marker)), None)
        if marker is None:
            kept.append(item)
        else:
            deselected.append(item)
            left_out[marker] += 1
    if left_out and os.environ.get("DONEBOOK_REQUIRE_ALL") == "1":
        raise pytest.UsageError(f"every test must run, but cannot: {_say(left_out)}")
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = kept
    config.stash[LEFT_OUT] = left_out


def pytest_sessionfinish(session: pytest.Session) -> None:
    # In a run in several processes, these collect the tests and another one says how it went.
    told: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if told is not None:
        left_out: Counter[str] = session.config.stash.get(LEFT_OUT, Counter())
        told["left_out"] = dict(left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[LEFT_OUT] = Counter(getattr(node, "workeroutput", {}).get("left_out", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = config.stash.get(LEFT_OUT, Counter())
    if left_out:
        terminalreporter.write_line(f"left out: {_say(left_out)}")
