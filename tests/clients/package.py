"""The TypeScript client's package in a place of its own, as it is built and published."""

import shutil
from pathlib import Path

from tests.node_packages import install_packages
from tests.process.program import ROOT

SOURCE = ROOT / "clients" / "typescript"
DOCUMENT = Path("docs", "contracts", "v2.openapi.json")


def copy_package(project: Path) -> Path:
    """The package in a copy of the project, with what it is developed with."""
    directory = project / "clients" / "typescript"
    shutil.copytree(SOURCE, directory, ignore=shutil.ignore_patterns("node_modules", "dist", "build"))
    (project / DOCUMENT).parent.mkdir(parents=True)
    shutil.copy(ROOT / DOCUMENT, project / DOCUMENT)
    packages = install_packages("typescript-client", SOURCE) / "node_modules"
    (directory / "node_modules").symlink_to(packages, target_is_directory=True)
    return directory
