"""The TypeScript client's package: copied, built, and run."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.node_packages import install_packages
from tests.process.program import ROOT

SOURCE = ROOT / "clients" / "typescript"
DOCUMENT = Path("docs", "contracts", "v2.openapi.json")
NODE = ("node", "--test", "--test-timeout=60000")


def run(
    directory: Path, *command: str, status: int = 0, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command in the package, and show what it wrote if it does not end as expected."""
    variables = {**os.environ, "NO_COLOR": "1", **(environment or {})}
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, env=variables)
    assert status == done.returncode, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"
    return done


def run_suite(directory: Path, name: str, **environment: str) -> None:
    """Run all test files of one kind; they pass."""
    tests = sorted(str(path) for path in (directory / "build" / "test" / name).glob("*.test.js"))
    assert tests
    run(directory, *NODE, *tests, environment=environment)


def copy_package(project: Path) -> Path:
    """The package in a copy of the project, with what it is developed with."""
    directory = project / "clients" / "typescript"
    shutil.copytree(SOURCE, directory, ignore=shutil.ignore_patterns("node_modules", "dist", "build"))
    (project / DOCUMENT).parent.mkdir(parents=True)
    shutil.copy(ROOT / DOCUMENT, project / DOCUMENT)
    packages = install_packages("typescript-client", SOURCE) / "node_modules"
    (directory / "node_modules").symlink_to(packages, target_is_directory=True)
    return directory


def build(directory: Path) -> None:
    """Build the package, and its tests."""
    run(directory, "npm", "run", "build")
    run(directory, "npm", "run", "build:test")
