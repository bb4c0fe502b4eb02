"""Clients that ask for HTTP/2 with what they write, because their users never said otherwise."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.process.program import PATIENCE, Program, serve
from tests.service import bearer

AUTHORIZATION = bearer("ada")["Authorization"]
JAVA = Path(__file__).with_name("Writes.java")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with serve(tmp_path_factory.mktemp("upgrading")) as program:
        yield program


@pytest.mark.curl
@pytest.mark.parametrize(
    "body", ['{"title": "Buy milk"}', json.dumps({"title": "Buy milk", "x": "y" * 100_000})]
)
def test_curl_writes_to_serve_though_it_asks_for_http_2(program: Program, body: str, tmp_path: Path) -> None:
    sent = tmp_path / "body"
    sent.write_text(body)
    command = ["curl", "--silent", "--show-error", "--http2", "--max-time", str(PATIENCE)]
    command += ["--header", f"Authorization: {AUTHORIZATION}", "--header", "Content-Type: application/json"]
    command += ["--data", f"@{sent}", "--write-out", "\n%{http_code} %{http_version}"]
    command += [f"{program.url}/api/v1/tasks"]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    answer, told = done.stdout.rsplit("\n", 1)
    assert "201 1.1" == told
    assert "Buy milk" == json.loads(answer)["title"]


@pytest.mark.java
def test_javas_own_client_writes_to_serve_by_every_method(program: Program) -> None:
    tasks = f"{program.url}/api/v1/tasks"
    task = httpx.post(tasks, headers=bearer("ada"), json={"title": "Buy salt"}).json()
    command = ["java", str(JAVA), tasks, AUTHORIZATION, str(task["id"])]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    answers: dict[str, tuple[int, Any]] = {
        method: (int(status), json.loads(body) if body else None)
        for method, status, body in (line.split(" ", 2) for line in done.stdout.splitlines())
    }
    assert {"GET": 200, "POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204} == {
        method: status for method, (status, _) in answers.items()
    }
    assert "Buy milk" == answers["POST"][1]["title"]
    assert "Buy bread" == answers["PUT"][1]["title"]
    assert answers["PATCH"][1]["completed"]
