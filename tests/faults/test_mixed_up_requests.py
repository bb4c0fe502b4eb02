"""Case 51: nobody's request is answered as another's, behind a proxy whose connections are shared.

The attacker writes a body that begins a request and leaves it unfinished: where a server takes the body for a
request, the next client's own request, token and all, becomes a part of it.
"""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.faults.conftest import Serve
from tests.faults.programme import Tries
from tests.faults.server import SECRET, token_for
from tests.process.program import ROOT, run_program
from tests.servers.daemon import Daemon
from tests.servers.nginx import run_nginx
from tests.servers.ports import free_port

pytestmark = pytest.mark.nginx

ATTACKER, VICTIM = (f"Bearer {token_for(user)}" for user in ("mallory", "victim"))
EVENTS = {
    # The victim's request becomes the value of a field, and its body is stored where mallory says.
    "its task is stored elsewhere": f"POST /api/tasks HTTP/1.1\r\nAuthorization: {ATTACKER}\r\nX: ",
    # Its own token logs it out.
    "it is logged out": "POST /api/auth/logout HTTP/1.1\r\nX: ",
    "its task is not stored": "GET /health HTTP/1.1\r\nX: ",
}
PADDING = "\r\n" * 9000
"""So that the unfinished request reaches the server in a packet of its own."""
WISHES = ["h2c", "websocket", "foo"]


def attack(event: str, wish: str, *, chunked: bool) -> bytes:
    body = PADDING + EVENTS[event]
    framing = f"Content-Length: {len(body)}"
    if chunked:
        framing, body = "Transfer-Encoding: chunked", f"{len(body):x}\r\n{body}\r\n0\r\n\r\n"
    wish = f"Connection: Upgrade\r\nUpgrade: {wish}\r\n"
    return f"POST /api/tasks HTTP/1.1\r\nHost: a\r\n{wish}{framing}\r\n\r\n{body}".encode()


async def send_attack(proxy: Daemon, request: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.split(b" ")[1] in {b"400", b"401", b"422", b"502"}
    writer.close()


async def assert_kept_apart(proxy: Daemon, event: str, *, tries: int) -> None:
    """Fail if a request of the victim's comes to be anything else, in any of so many tries."""
    url = f"http://127.0.0.1:{proxy.port}/api/tasks"
    sent = []
    async with httpx.AsyncClient() as client:
        for number in range(tries):
            await send_attack(proxy, attack(event, WISHES[number % 3], chunked=number % 2 == 1))
            sent.append(f"{event}, {number}")
            answer = await client.post(url, json={"title": sent[-1]}, headers={"Authorization": VICTIM})
            assert 201 == answer.status_code, f"try {number}: answered as another request"
            assert sent[-1] == answer.json()["title"]
        mine, theirs = [
            [
                task["title"]
                for task in (await client.get(url, headers={"Authorization": token})).json()["items"]
            ]
            for token in (VICTIM, ATTACKER)
        ]
    assert [] == theirs
    assert set(sent) <= set(mine)


@pytest.fixture(
    scope="module",
    params=["donebook serve", "uvicorn main:app --http httptools", "uvicorn main:app --http h11"],
)
def proxy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """nginx before each kind of server."""
    directory, port = tmp_path_factory.mktemp("proxied"), free_port()
    command = [*request.param.split(), "--port", str(port)]
    command += ["--app-dir", str(ROOT)] if command[0] == "uvicorn" else []
    with run_program(command, port, directory, {"JWT_SECRET": SECRET}), run_nginx(port) as proxy:
        yield proxy


@pytest.mark.parametrize("event", EVENTS)
async def test_nobodys_request_becomes_anothers(proxy: Daemon, event: str, tries: Tries) -> None:
    tries(20, "attacks")
    await assert_kept_apart(proxy, event, tries=20)


@pytest.mark.parametrize("event", EVENTS)
async def test_a_server_that_takes_bodies_for_requests_is_caught(
    sqlite_url: str, serve: Serve, event: str
) -> None:
    with serve(sqlite_url, broken="take_bodies_for_requests") as server, run_nginx(server.port) as proxy:
        await server.ready()
        with pytest.raises(AssertionError, match="answered as another request"):
            await assert_kept_apart(proxy, event, tries=20)
        await server.leave()
