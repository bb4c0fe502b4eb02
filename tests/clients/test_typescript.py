"""The TypeScript client: its types, its package, its own tests, and those against a running server."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from donebook.ledger.upkeep.maintenance import Retention, maintain
from tests.clients.package import DOCUMENT, SOURCE, build, copy_package, run, run_suite
from tests.databases import open_database
from tests.process.program import Program, serve
from tests.service import SECRET, bearer

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package in a copy of the project, with what it is developed with."""
    return copy_package(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def built(package: Path) -> Path:
    """The package, built, and its tests."""
    build(package)
    return package


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Program]:
    with serve(tmp_path, DATABASE_URL=database_url) as running:
        yield running


async def sweep_tombstones(server: Program, database_url: str) -> None:
    """Give the user "swept" a task that is kept, and one whose deletion is forgotten."""
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v2", headers=bearer("swept")) as client:
        gone, _ = [
            (await client.post("/tasks", json={"title": title})).json()["id"] for title in ("gone", "kept")
        ]
        await client.delete(f"/tasks/{gone}")
        await client.delete(f"/trash/{gone}")
    long, none = timedelta(days=30), timedelta(0)
    async with open_database(database_url) as database:
        later = datetime.now(UTC) + timedelta(minutes=1)
        swept = await maintain(database, Retention(trash=long, tombstones=none, history=long), later)
    assert 1 == swept.tombstones


def test_the_types_are_those_of_the_document(package: Path) -> None:
    run(package, "npm", "run", "check")

    document = package.parents[1] / DOCUMENT
    before = document.read_text()
    document.write_text(before.replace('"completed_at"', '"finished_at"'))
    run(package, "npm", "run", "check", status=1)
    document.write_text(before)


def test_the_package_has_what_it_is_made_of_and_depends_on_nothing(built: Path) -> None:
    described = json.loads((built / "package.json").read_text())
    assert not {"dependencies", "peerDependencies", "optionalDependencies"} & described.keys()

    [packed] = json.loads(run(built, "npm", "pack", "--dry-run", "--ignore-scripts", "--json").stdout)
    files = {file["path"] for file in packed["files"]}
    assert {"README.md", "package.json", "dist/index.js", "dist/index.d.ts", "dist/schema.d.ts"} <= files
    assert {"README.md", "package.json"} == {file for file in files if not file.startswith("dist/")}


def test_it_passes_its_own_tests(built: Path) -> None:
    run_suite(built, "unit")


async def test_it_works_with_a_server_on_a_bad_line(built: Path, server: Program, database_url: str) -> None:
    await sweep_tombstones(server, database_url)
    run_suite(built, "integration", DONEBOOK_URL=server.url, DONEBOOK_SECRET=SECRET)


def test_the_readme_begins_with_ten_lines_that_work(built: Path, tmp_path: Path) -> None:
    found = re.search(r"```ts\n(.*?)```", (SOURCE / "README.md").read_text(), re.DOTALL)
    assert found is not None
    code = found[1]
    assert 10 == len([line for line in code.splitlines() if line])

    directory = built / "build" / "readme"
    directory.mkdir(parents=True)
    options = {"rootDir": ".", "outDir": "."}
    (directory / "tsconfig.json").write_text(
        json.dumps(
            {
                "extends": "../../tsconfig.json",
                "compilerOptions": options,
                "files": ["readme.ts"],
                "include": [],
            }
        )
    )
    headers = bearer("reader")
    with serve(tmp_path) as server:
        code = code.replace("http://127.0.0.1:8000", server.url)
        (directory / "readme.ts").write_text(f"{code}replica.stop();\n")
        run(built, "npx", "tsc", "--project", str(directory))
        storage = f"globalThis.sessionStorage={{getItem:()=>'{headers['Authorization'].split()[1]}'}}"
        told = run(directory, "node", "--import", f"data:text/javascript,{storage}", "readme.js").stdout
        tasks = httpx.get(f"{server.url}/api/v2/tasks", headers=headers).json()
        changes = httpx.get(f"{server.url}/api/v2/changes", headers=headers).json()

    assert "[ 'Buy groceries' ]" in told.splitlines()
    assert [("high", False)] == [(task["priority"], task["completed"]) for task in tasks["items"]]
    assert 4 == len(changes["items"])
