"""Whose address the replicas of compose.yaml find behind HAProxy, and behind another proxy before that."""

import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Thread
from typing import Any

import pytest

from donebook.http.client_address import ClientAddresses
from tests.deployment.image import ROOT
from tests.deployment.platforms import read_yaml
from tests.servers.haproxy import CONFIGURATION, run_haproxy

pytestmark = pytest.mark.proxy

COMPOSE = read_yaml(ROOT / "compose.yaml")
TRUSTED = COMPOSE["services"]["replica-a"]["environment"]["TRUSTED_PROXIES"]
MACHINE = COMPOSE["networks"]["inside"]["ipam"]["config"][0]["gateway"]


class _Echo(BaseHTTPRequestHandler):
    """Answers what it is told of the client."""

    def do_GET(self) -> None:
        told = ",".join(self.headers.get_all("X-Forwarded-For", [])).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """Nothing: what is asked for is not of interest."""


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of something in a replica's place."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextmanager
def clients(echo: int, configuration: str) -> Iterator[Any]:
    """What finds the client's address for a request that came from somewhere with a header."""
    with run_haproxy([echo, echo], configuration) as proxy:

        def find(source: str, forwarded: str) -> str:
            connection = http.client.HTTPConnection("127.0.0.1", proxy.port, source_address=(source, 0))
            connection.request("GET", "/", headers={"X-Forwarded-For": forwarded})
            told = connection.getresponse().read()
            connection.close()
            scope = {"client": (TRUSTED, 1), "headers": [(b"x-forwarded-for", told)]}
            return str(ClientAddresses([ip_network(TRUSTED)]).find(scope, _no_message))

        yield find


async def _no_message() -> Any:
    raise AssertionError("nobody asks for the body")


def test_a_client_does_not_choose_its_own_address(echo: int) -> None:
    with clients(echo, CONFIGURATION.read_text()) as find:
        assert "127.0.0.1" == find("127.0.0.1", "198.51.100.7")


def test_behind_the_machines_own_proxy_each_client_has_its_address_as_the_document_says(echo: int) -> None:
    document = (ROOT / "docs/deployment.md").read_text()
    (line,) = re.findall(r"`(http-request set-header X-Forwarded-For .*)`", document)
    committed = CONFIGURATION.read_text()
    (replaced,) = re.findall(r"http-request set-header X-Forwarded-For .*", committed)
    assert line.endswith(f"{{ src {MACHINE} }}")
    here = committed.replace(replaced, line.replace(MACHINE, "127.0.0.1"))

    with clients(echo, here) as find:
        assert "198.51.100.7" == find("127.0.0.1", "198.51.100.7")
        assert "198.51.100.7" == find("127.0.0.1", "203.0.113.9, 198.51.100.7")
        assert "127.0.0.2" == find("127.0.0.2", "198.51.100.7")


def test_the_document_has_the_port_closed_to_all_but_the_machine() -> None:
    (published,) = COMPOSE["services"]["proxy"]["ports"]

    assert f'`ports: ["127.0.0.1:{published}"]`' in (ROOT / "docs/deployment.md").read_text()
