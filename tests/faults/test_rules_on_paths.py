"""Case 52: a path that a proxy keeps its clients from is not reached in disguise."""

import asyncio

import pytest

from tests.faults.conftest import Serve
from tests.faults.programme import Tries
from tests.faults.server import Server, token_for
from tests.faults.wire import Connection
from tests.servers.daemon import Daemon
from tests.servers.nginx import run_nginx

pytestmark = pytest.mark.nginx

# Rules on the path as it was sent, as proxies have them that decode nothing.
RULES = r"""
if ($request_uri ~ "^/api/(auth|v1)(/|$)") { return 403; }
if ($request_uri ~ "^/docs") { return 403; }
"""
OPEN = ["/api/tasks", "/health"]
KEPT = ["/api/v1/tasks", "/api/v1/tasks/", "/api/auth/me", "/docs"]
DISGUISES = [
    "/api%2Fv1/tasks",
    "/api%2fv1%2ftasks",
    "/%2Fapi/v1/tasks",
    "/api/%761/tasks",
    "/%61pi/v1/tasks",
    "/api/x/../v1/tasks",
    "/api/x/%2e%2e/v1/tasks",
    "/api/x/..;/v1/tasks",
    "/api/./v1/tasks",
    "/api//v1/tasks",
    "//api/v1/tasks",
    "/api%5Cv1/tasks",
    "/api\\v1/tasks",
    "/api/%61uth/me",
    "/api/auth%2Fme",
    "/api%2Fauth/me",
    "/%64ocs",
    "/%2Fdocs",
]


async def statuses(proxy: Daemon, paths: list[str]) -> dict[str, int]:
    """What a signed-in user is answered there."""
    found = {}
    for path in paths:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        async with Connection(reader, writer) as connection:
            found[path] = (await connection.request("GET", path, token=token_for("ada"))).status
    return found


async def assert_kept(server: Server) -> None:
    """Fail if a disguised path leads anywhere."""
    await server.ready()
    with run_nginx(server.port, RULES) as proxy:
        assert dict.fromkeys(OPEN, 200) == await statuses(proxy, OPEN)
        assert dict.fromkeys(KEPT, 403) == await statuses(proxy, KEPT)
        found = await statuses(proxy, DISGUISES)
    reached = [path for path, status in found.items() if status not in {403, 404}]
    assert [] == reached, "a rule was walked around"


async def test_a_rule_of_a_proxy_is_not_walked_around(sqlite_url: str, serve: Serve, tries: Tries) -> None:
    tries(len(DISGUISES), "disguised paths")
    with serve(sqlite_url) as server:
        await assert_kept(server)
        await server.leave()


async def test_a_server_that_decodes_paths_first_is_caught(sqlite_url: str, serve: Serve) -> None:
    with serve(sqlite_url, broken="decode_paths_first") as server:
        with pytest.raises(AssertionError, match="a rule was walked around"):
            await assert_kept(server)
        await server.leave()
