"""Cases 48 and 49: what is written to the log, and what is not; and that answers keep secrets too."""

import asyncio
import json
import re
import signal
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.faults.conftest import Serve
from tests.faults.programme import Tries
from tests.faults.server import SECRET, Server, token_for
from tests.faults.wire import Connection

PASSWORD = "Canary-password-4711"
CANARY = "canary-that-nobody-logs"
FORGED = '"}\r\n{"level":"error","event":"forged"}\r\n12:00:00 ERROR forged \x1b[2J\x1b[31m\u2028\u202e\x85'
LEVELS = {"debug", "info", "warning", "error", "critical"}
CONSOLE = re.compile(r"\d\d:\d\d:\d\d (DEBUG|INFO|WARNING|ERROR|CRITICAL) +\S")


def hostile_requests() -> list[dict[str, Any]]:
    """What a client can send that it would like to see in a log; the log-in limit makes some a 429."""
    token = token_for("ada")
    text = f"{CANARY} {FORGED}"
    odd = f"{CANARY}\tforged; x=\x80\xff".encode("latin-1").decode("latin-1")
    account = {"email": f"{CANARY}@example.com", "password": PASSWORD, "name": CANARY}
    return [
        {"method": "POST", "path": "/api/v1/tasks", "token": token, "body": {"title": text}},
        {
            "method": "POST",
            "path": "/api/v2/tasks",
            "token": token,
            "body": {"title": text, "secret": PASSWORD},
        },
        {"method": "POST", "path": "/api/auth/signup", "body": account},
        {"method": "POST", "path": "/api/auth/login", "body": account | {"email": text}},
        {"method": "POST", "path": "/api/auth/login", "body": account | {"password": PASSWORD + "x"}},
        {"method": "POST", "path": "/api/auth/login", "body": account, "headers": {"User-Agent": odd}},
        {"method": "POST", "path": "/api/auth/signup", "content": f'{{"password":"{PASSWORD}",'.encode()},
        {"method": "GET", "path": "/api/tasks", "token": CANARY, "headers": {"User-Agent": odd}},
        {"method": "GET", "path": "/api/tasks", "token": token_for(FORGED, email=text)},
        {
            "method": "GET",
            "path": f"/api/{CANARY}%0d%0aforged/tasks?search={PASSWORD}%0a{CANARY}",
            "token": token,
        },
        {"method": "GET", "path": f"/{CANARY}%1b%5b2J?token={token}"},
        {"method": "GET", "path": "/api/tasks", "token": token, "headers": {"X-Request-ID": odd}},
        {"method": "GET", "path": "/api/tasks", "token": token, "headers": {"traceparent": CANARY}},
        {"method": "FORGED", "path": "/api/tasks", "token": token},
    ]


async def write_to_the_log(server: Server, requests: list[dict[str, Any]]) -> tuple[Counter[int], bytes]:
    """Send them all; the statuses, and everything that was answered."""
    statuses: Counter[int] = Counter()
    answered = b""
    for request in requests:
        async with await server.connect() as connection:
            answer = await ask(connection, request)
            statuses[answer.status] += 1
            if answer.status >= 400:
                answered += answer.raw
    return statuses, answered


async def ask(connection: Connection, request: dict[str, Any]) -> Any:
    sent = dict(request)
    headers = {name: value.encode().decode("latin-1") for name, value in sent.pop("headers", {}).items()}
    method, path = sent.pop("method"), sent.pop("path")
    return await connection.request(method, path, headers=headers, **sent)


def secrets_of(url: str) -> list[str]:
    """What must be found nowhere."""
    tokens = [token_for("ada").split(".")[1], token_for(FORGED).split(".")[2]]
    password = urlsplit(url).password
    hidden = [PASSWORD, CANARY, SECRET, *tokens, url if password is None else password]
    return [each for each in hidden if each]


@pytest.mark.parametrize("form", ["json", "console"])
async def test_whatever_clients_send_is_a_line_for_each_event_and_shows_no_secret(
    database_url: str,
    serve: Serve,
    form: str,
    tries: Tries,
) -> None:
    requests = hostile_requests()
    with serve(database_url, LOG_FORMAT=form, LOG_LEVEL="debug", DEBUG=True) as server:
        await server.ready()
        statuses, answered = await write_to_the_log(server, requests)
        server.signal(signal.SIGINT)
        await asyncio.to_thread(server.wait)
        log = server.log.read_text(errors="surrogateescape")

    assert not [status for status in statuses if status >= 500], statuses
    lines = log.splitlines()
    assert log.count("\n") == len(lines)
    assert [] == [line for line in lines if not line.isprintable()]
    if form == "json":
        events = [json.loads(line) for line in lines]
        assert {"level", "event", "time"} <= set.intersection(*(set(event) for event in events))
        assert LEVELS >= {event["level"] for event in events}
        paths = [event for event in events if event["event"] == "request" and event.get("status") != 503]
    else:
        # Before them is what `serve` tells the operator on standard output, the file's place among it.
        lines = lines[next(number for number, line in enumerate(lines) if CONSOLE.match(line)) :]
        assert [] == [line for line in lines if not CONSOLE.match(line)]
        paths = [line for line in lines if "request_id=" in line]
    assert len(paths) >= len(requests)
    for hidden in secrets_of(database_url):
        assert [] == [line for line in lines if hidden in line], hidden
        assert hidden.encode() not in answered, hidden
    tries(len(requests), "hostile requests")
