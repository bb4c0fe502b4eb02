"""The lock files are what ``make lock`` makes of pyproject.toml, as far as that shows without an index."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def locked(name: str) -> list[Requirement]:
    text = (ROOT / name).read_text().replace("\\\n", "")
    return [
        Requirement(line.split("--hash=")[0])
        for line in text.splitlines()
        if line and not line.startswith((" ", "#"))
    ]


def declared(name: str) -> list[Requirement]:
    project = PYPROJECT["project"]
    requirements = [*PYPROJECT["build-system"]["requires"], *project["dependencies"]]
    if name == "requirements-dev.txt":
        requirements += project["optional-dependencies"]["dev"]
    return [Requirement(requirement) for requirement in requirements]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_declared_package_is_locked_at_a_version_it_allows(name: str) -> None:
    versions: dict[str, list[str]] = {}
    for pin in locked(name):
        versions.setdefault(canonicalize_name(pin.name), []).append(str(pin.specifier).removeprefix("=="))

    wrong = [
        str(requirement)
        for requirement in declared(name)
        if not (found := versions.get(canonicalize_name(requirement.name)))
        or not all(requirement.specifier.contains(version) for version in found)
    ]

    assert wrong == [], "pyproject.toml has changed: run make lock"


def test_developing_uses_the_versions_that_run() -> None:
    runtime = {str(pin) for pin in locked("requirements.txt")}

    assert set() == runtime - {str(pin) for pin in locked("requirements-dev.txt")}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_names_hashes_and_no_index(name: str) -> None:
    text = (ROOT / name).read_text()

    assert len(locked(name)) <= text.count("--hash=sha256:")
    assert re.findall(r"^\s*-(?!-hash).*|.*://.*", text, flags=re.MULTILINE) == []
