"""``docs/better-auth.md`` does what it says: its code and its settings, against a running service."""

import json
import re
import shlex
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.better_auth.server import announced_port, installed_packages, node_environment
from tests.clients.package import copy_package
from tests.process.program import PATIENCE, ROOT, serve
from tests.servers.ports import free_port

pytestmark = pytest.mark.node

DOCUMENT = ROOT / "docs" / "better-auth.md"
ORIGIN = "http://localhost:3000"
"""The front end in the document; the tests move it to a free port."""

FRESH_TOKEN = re.compile(r"^async function freshToken\(\).*?^}\n", re.DOTALL | re.MULTILINE)


@dataclass
class Way:
    """One way of the document: the files of the front end by path, its settings, and those here."""

    files: dict[str, str] = field(default_factory=dict)
    front_end: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)


def read_document(front_end: str) -> dict[str, Way]:
    """The ways by their letters, for a front end at the origin."""
    text = DOCUMENT.read_text().replace(ORIGIN, front_end)
    ways = {}
    for letter, section in re.findall(r"^## \((.)\) (.*?)(?=^## )", text, re.DOTALL | re.MULTILINE):
        way = ways[letter] = Way()
        for before, language, code in re.findall(r"([^\n]+)\n\n```(\w+)\n(.*?)```", section, re.DOTALL):
            match language:
                case "ts":
                    (path,) = re.findall(r"`([^` ]+\.ts)`", before)
                    way.files[path] = code
                case "ini":
                    assert before.endswith("`.env.local`:")
                    way.front_end |= variables(code)
                case "sh":
                    assert "Settings here:" == before
                    way.settings |= variables(code)
                case _:
                    assert "npm install " in code
    for shared in ("instrumentation.ts", "app/api/auth/[...all]/route.ts"):
        ways["b"].files[shared] = ways["a"].files[shared]
    # The wrapper of the second way is that of the first with another function in it.
    whole, other = ways["a"].files["lib/api.ts"], ways["b"].files["lib/api.ts"]
    assert FRESH_TOKEN.fullmatch(other)
    ways["b"].files["lib/api.ts"], replaced = FRESH_TOKEN.subn(other.replace("\\", r"\\"), whole)
    assert 1 == replaced
    return ways


def variables(code: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in shlex.split(code, comments=True))


@contextmanager
def running_front_end(project: Path, port: int, secret: str) -> Iterator[None]:
    process = subprocess.Popen(
        ["node", str(installed_packages() / "front_end.mjs"), str(project), str(port)],
        cwd=project,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=node_environment(BETTER_AUTH_SECRET=secret),
    )
    try:
        assert port == announced_port(process)
        yield
    finally:
        process.kill()
        process.communicate()


def use_in_a_browser(project: Path, front_end: str, api: str) -> dict[str, Any]:
    """What two people see who use the page one after the other."""
    done = subprocess.run(
        ["node", "browser.mjs", str(project), front_end],
        cwd=installed_packages(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=node_environment(NEXT_PUBLIC_API_URL=api),
    )
    assert 0 == done.returncode, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's package, built."""
    package = copy_package(tmp_path_factory.mktemp("client"))
    subprocess.run(["npm", "run", "build"], cwd=package, check=True, capture_output=True)
    return package


def write_project(directory: Path, way: Way, client: Path) -> Path:
    """The front end's directory, with what the document has one install."""
    for path, code in way.files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(code)
    packages = directory / "node_modules"
    packages.mkdir()
    for package in (installed_packages() / "node_modules").iterdir():
        (packages / package.name).symlink_to(package)
    (packages / "donebook-client").symlink_to(client)
    return directory


def use_the_old_database(project: Path) -> None:
    """Leave the database of a front end that had no tokens yet: all tables but that of the keys."""
    program = """
        import Database from "better-sqlite3";
        import { betterAuth } from "better-auth";
        import { getMigrations } from "better-auth/db/migration";
        const database = new Database("auth.db");
        await (await getMigrations({ database, emailAndPassword: { enabled: true } })).runMigrations();
    """
    (project / "before.mjs").write_text(program)
    subprocess.run(["node", "before.mjs"], cwd=project, check=True, env=node_environment())
    assert "jwks" not in tables(project)


def tables(project: Path) -> set[str]:
    with closing(sqlite3.connect(project / "auth.db")) as database:
        return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


@pytest.mark.parametrize(("letter", "new"), [("a", True), ("a", False), ("b", True)])
def test_a_front_end_made_of_the_documents_code_works(
    letter: str, new: bool, tmp_path: Path, sqlite_url: str, client: Path
) -> None:
    port = free_port()
    front_end = f"http://localhost:{port}"
    ways = read_document(front_end)
    way = ways[letter]
    project = write_project(tmp_path / "front_end", way, client)
    if not new:
        use_the_old_database(project)
    secret = way.settings.get("BETTER_AUTH_SECRET", ways["a"].front_end["BETTER_AUTH_SECRET"])
    assert {"BETTER_AUTH_SECRET", "NEXT_PUBLIC_API_URL"} == ways["a"].front_end.keys()

    with (
        serve(tmp_path, DATABASE_URL=sqlite_url, JWT_SECRET="", **way.settings) as service,
        running_front_end(project, port, secret),
    ):
        report = use_in_a_browser(project, front_end, service.url)

    assert {"user", "session", "account"} <= tables(project)
    assert ("jwks" in tables(project)) == (letter == "a")
    assert {
        "nobody": "not signed in",
        "ada": [201, 201, ["Buy groceries", "Call Zoë"]],
        "tokensAtFirst": 1,
        "afterItRanOut": ["Buy groceries", "Call Zoë"],
        "tokensAfterItRanOut": 2,
        "afterSignOut": "not signed in",
        "bob": [[], 201, ["Bob's own"]],
        **({"client": [["Bob's own"], ["Bob's own", "By the client"]]} if letter == "a" else {}),
    } == report


def test_the_document_names_the_package_that_packing_the_client_makes() -> None:
    package = json.loads((ROOT / "clients" / "typescript" / "package.json").read_text())
    assert f"npm install ../donebook/clients/typescript/{package['name']}-{package['version']}.tgz" in (
        DOCUMENT.read_text()
    )
