"""The lock files are what ``make lock`` makes of pyproject.toml, as far as that shows without an index."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
# Each lock, and the extra that it adds to what running needs.
LOCKS = {"requirements.txt": None, "requirements-dev.txt": "dev", "requirements-otel.txt": "otel"}
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
    if extra := LOCKS[name]:
        requirements += project["optional-dependencies"][extra]
    return [Requirement(requirement) for requirement in requirements]


@pytest.mark.parametrize("name", LOCKS)
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


@pytest.mark.parametrize("name", [name for name, extra in LOCKS.items() if extra])
def test_the_other_locks_have_the_versions_that_run(name: str) -> None:
    runtime = {str(pin) for pin in locked("requirements.txt")}

    assert set() == runtime - {str(pin) for pin in locked(name)}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_hashes_and_no_index(name: str) -> None:
    text = (ROOT / name).read_text()

    assert len(locked(name)) <= text.count("--hash=sha256:")
    assert re.findall(r"^\s*-(?!-hash).*|.*://.*", text, flags=re.MULTILINE) == []


def test_the_bill_of_materials_lists_what_is_locked(tmp_path: Path) -> None:
    recipe = re.search(
        r"cyclonedx_py (requirements .*?)--output-file", (ROOT / "Makefile").read_text(), re.DOTALL
    )
    assert recipe is not None
    options = recipe[1].replace("\\\n", "").split()
    file = tmp_path / "sbom.json"

    # It validates what it writes against CycloneDX's schema.
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", *options, "--output-file", file],
        cwd=ROOT,
        check=True,
    )

    document = json.loads(file.read_text())
    listed = {(part["name"], part["version"]) for part in document["components"]}
    assert {(pin.name, str(pin.specifier).removeprefix("==")) for pin in locked("requirements.txt")} == listed
    hashes = [part["externalReferences"][0]["hashes"] for part in document["components"]]
    assert all(hashes)
    assert "donebook" == document["metadata"]["component"]["name"]
