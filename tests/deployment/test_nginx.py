"""The nginx file that docs/deployment.md names, in a real nginx before a real server."""

import gzip
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.process.program import ROOT, serve
from tests.servers.daemon import run_daemon
from tests.service import bearer

pytestmark = pytest.mark.nginx

CONFIGURATION = (ROOT / "deploy" / "nginx" / "donebook.conf").read_text()
_AROUND = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include donebook.conf;
}
"""
LONG = {"title": "Long", "description": "milk " * 100}


def run_nginx(upstream: int, configuration: str) -> Any:
    def configure(directory: Path, port: int) -> Sequence[str]:
        text = configuration.replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
        text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
        (directory / "donebook.conf").write_text(text)
        (directory / "nginx.conf").write_text(_AROUND)
        return ["-p", str(directory), "-e", "stderr", "-c", "nginx.conf"]

    return run_daemon("nginx", configure)


@contextmanager
def behind_nginx(directory: Path, configuration: str = CONFIGURATION) -> Iterator[httpx.Client]:
    with (
        serve(directory, TRUSTED_PROXIES="127.0.0.1") as program,
        run_nginx(program.port, configuration) as proxy,
        httpx.Client(
            base_url=f"http://127.0.0.1:{proxy.port}", headers=bearer("ada") | {"Accept-Encoding": "gzip"}
        ) as client,
    ):
        yield client


def test_a_tag_that_gzip_made_weak_still_matches(tmp_path: Path) -> None:
    with behind_nginx(tmp_path) as client:
        made = client.post("/api/v2/tasks", json=LONG)
        task = client.get(f"/api/v2/tasks/{made.json()['id']}")
        tag = task.headers["etag"]
        unchanged = client.get(task.request.url, headers={"If-None-Match": tag})
        changed = client.patch(task.request.url, json={"title": "Longer"}, headers={"If-Match": tag})
        lost = client.patch(task.request.url, json={"title": "Lost"}, headers={"If-Match": tag})
    assert "gzip" == task.headers["content-encoding"]
    assert tag.startswith('W/"')
    assert [304, 200, 412] == [unchanged.status_code, changed.status_code, lost.status_code]


def test_without_the_lines_about_it_the_tag_never_matches(tmp_path: Path) -> None:
    without, removed = re.subn(r"^.*proxy_set_header If-Match .*\n", "", CONFIGURATION, flags=re.MULTILINE)
    assert 1 == removed
    with behind_nginx(tmp_path, without) as client:
        path = f"/api/v2/tasks/{client.post('/api/v2/tasks', json=LONG).json()['id']}"
        tag = client.get(path).headers["etag"]
        changed = client.patch(path, json={"title": "Longer"}, headers={"If-Match": tag})
    assert tag.startswith('W/"')
    assert 412 == changed.status_code


def test_an_event_goes_through_at_once_and_uncompressed(tmp_path: Path) -> None:
    with behind_nginx(tmp_path) as client, client.stream("GET", "/api/v2/events") as events:
        client.post("/api/v2/tasks", json={"title": "Heard"})
        heard = ""
        deadline = time.monotonic() + 30
        for line in events.iter_lines():
            heard += line
            if "Heard" in heard or time.monotonic() > deadline:
                break
    assert "Heard" in heard
    assert "content-encoding" not in events.headers


def test_the_file_is_without_the_lines_for_websockets() -> None:
    directives = re.sub(r"#.*", "", CONFIGURATION)
    assert "upgrade" not in directives.lower()


def test_what_is_compressed_is_what_the_server_said(tmp_path: Path) -> None:
    with behind_nginx(tmp_path) as client:
        client.post("/api/v2/tasks", json=LONG)
        with client.stream("GET", "/api/v2/tasks") as answer:
            raw = b"".join(answer.iter_raw())
    assert b'"Long"' in gzip.decompress(raw)


def test_a_page_at_another_port_refreshes_its_session(tmp_path: Path) -> None:
    account = {"email": "ada@example.com", "password": "Correct-horse-7", "cookie": True}
    with behind_nginx(tmp_path) as client:
        origin = {"Origin": str(client.base_url)}
        assert 201 == client.post("/api/auth/signup", json=account, headers=origin).status_code
        refreshed = client.post("/api/auth/refresh", json={}, headers=origin)
    assert 200 == refreshed.status_code, refreshed.text
