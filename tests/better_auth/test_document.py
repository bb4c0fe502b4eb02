"""``docs/better-auth.md`` does what it says: its code and its settings, against a running service."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.better_auth.server import announced_port, installed_packages, node_environment
from tests.process.program import PATIENCE, ROOT, serve
from tests.servers.ports import free_port

pytestmark = pytest.mark.node

DOCUMENT = ROOT / "docs" / "better-auth.md"
ORIGIN = "http://localhost:3000"
"""The front end in the document; the tests move it to a free port."""

FRESH_TOKEN = re.compile(r"^async function freshToken\(\).*?^}\n", re.DOTALL | re.MULTILINE)


@dataclass
class Way:
    """One way of the document: files by their paths in the front end's project, and settings here."""

    files: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)


def read_document(front_end: str) -> dict[str, Way]:
    """The ways by their letters, for a front end at the origin."""
    text = DOCUMENT.read_text().replace(ORIGIN, front_end)
    ways = {}
    for letter, section in re.findall(r"^## \((.)\) (.*?)(?=^## )", text, re.DOTALL | re.MULTILINE):
        way = ways[letter] = Way()
        for before, language, code in re.findall(r"([^\n]+)\n\n```(\w+)\n(.*?)```", section, re.DOTALL):
            if language == "ts":
                (path,) = re.findall(r"`([^`]+\.ts)`", before)
                way.files[path] = code
            else:
                assert "sh" == language
                assert "Settings here:" == before
                way.settings |= dict(pair.split("=", 1) for pair in shlex.split(code, comments=True))
    # The wrapper of the second way is that of the first with another function in it.
    whole, other = ways["a"].files["lib/api.ts"], ways["b"].files["lib/api.ts"]
    assert FRESH_TOKEN.fullmatch(other)
    ways["b"].files["lib/api.ts"], replaced = FRESH_TOKEN.subn(other.replace("\\", r"\\"), whole)
    assert 1 == replaced
    return ways


@contextmanager
def running_front_end(project: Path, port: int, secret: str) -> Iterator[None]:
    process = subprocess.Popen(
        ["node", "front_end.mjs", str(project), str(port)],
        cwd=installed_packages(),
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


@pytest.mark.parametrize("letter", ["a", "b"])
def test_a_front_end_made_of_the_documents_code_works(letter: str, tmp_path: Path, sqlite_url: str) -> None:
    port = free_port()
    front_end = f"http://localhost:{port}"
    way = read_document(front_end)[letter]
    project = tmp_path / "front_end"
    for path, code in way.files.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(code)
    (project / "node_modules").symlink_to(installed_packages() / "node_modules")
    secret = way.settings.get("BETTER_AUTH_SECRET", "the front end's own secret, which nobody else knows")
    # Without its address, only a front end on port 3000 is allowed in browsers: so the document says too.
    settings = {"CORS_ORIGINS": front_end} if letter == "b" else {}

    with (
        serve(tmp_path, DATABASE_URL=sqlite_url, JWT_SECRET="", **(settings | way.settings)) as service,
        running_front_end(project, port, secret),
    ):
        report = use_in_a_browser(project, front_end, service.url)

    assert {
        "nobody": "not signed in",
        "ada": [201, 201, ["Buy groceries", "Call Zoë"]],
        "tokensAtFirst": 1,
        "afterItRanOut": ["Buy groceries", "Call Zoë"],
        "tokensAfterItRanOut": 2,
        "afterSignOut": "not signed in",
        "bob": [[], 201, ["Bob's own"]],
    } == report
