"""Packages from npm for the tests: installed once per lock file, outside the source tree."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

_FILES = ("package.json", "package-lock.json", ".npmrc")


def install_packages(
    name: str, source: Path, programs: Sequence[str] = (), compiled: Sequence[str] = ()
) -> Path:
    """A directory with the ``node_modules`` that the lock file in ``source`` names, and with ``programs``.

    ``compiled`` are those of the packages that are partly C or C++; no other package runs a script.
    """
    packages = _cached(name, source, _FILES, lambda made: _install(made, compiled))
    if not programs:
        return packages

    def link(made: Path) -> None:
        (made / "node_modules").symlink_to(packages / "node_modules", target_is_directory=True)

    return _cached(f"{name}-programs", source, (*_FILES, *programs), link)


def _cached(name: str, source: Path, files: Sequence[str], finish: Callable[[Path], None]) -> Path:
    """A directory with copies of the files, finished, made once for each content of theirs."""
    digest = hashlib.sha256(b"\0".join((source / file).read_bytes() for file in files)).hexdigest()[:16]
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "donebook"
    made = caches / f"{name}-{digest}"
    if not made.exists():
        caches.mkdir(parents=True, exist_ok=True)
        # Made aside and moved: several test runs may start at once, and one may be interrupted.
        unfinished = Path(tempfile.mkdtemp(dir=caches, prefix="installing-"))
        try:
            for file in files:
                shutil.copy(source / file, unfinished)
            finish(unfinished)
            _move_unless_there(unfinished, made)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return made


def _install(directory: Path, compiled: Sequence[str]) -> None:
    _run_npm(directory, "ci", "--ignore-scripts")
    if compiled:
        _run_npm(directory, "rebuild", *compiled)


def _run_npm(directory: Path, *command: str) -> None:
    done = subprocess.run(["npm", *command], cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"npm {command[0]} failed:\n{done.stderr}")


def _move_unless_there(unfinished: Path, installed: Path) -> None:
    try:
        unfinished.rename(installed)
    except OSError:
        if not installed.exists():
            raise
