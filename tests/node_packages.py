"""Packages from npm for the tests: installed once per lock file, outside the source tree."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

_FILES = ("package.json", "package-lock.json", ".npmrc")


def install_packages(name: str, source: Path, programs: Sequence[str] = ()) -> Path:
    """A directory with the ``node_modules`` that the lock file in ``source`` names, and with ``programs``."""
    files = (*_FILES, *programs)
    digest = hashlib.sha256(b"\0".join((source / file).read_bytes() for file in files)).hexdigest()[:16]
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "donebook"
    installed = caches / f"{name}-{digest}"
    if not installed.exists():
        caches.mkdir(parents=True, exist_ok=True)
        # Installed aside and moved: several test runs may start at once, and one may be interrupted.
        unfinished = Path(tempfile.mkdtemp(dir=caches, prefix="installing-"))
        try:
            for file in files:
                shutil.copy(source / file, unfinished)
            _run_npm(unfinished)
            _move_unless_there(unfinished, installed)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return installed


def _run_npm(directory: Path) -> None:
    command = ["npm", "ci", "--ignore-scripts"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"npm ci failed:\n{done.stderr}")


def _move_unless_there(unfinished: Path, installed: Path) -> None:
    try:
        unfinished.rename(installed)
    except OSError:
        if not installed.exists():
            raise
