"""Case 44: a hundred log in at once, and whoever asks whether the server lives is answered at once."""

import asyncio
import statistics
import time

from tests.faults.conftest import Serve
from tests.faults.memory import forget_peak, memory
from tests.faults.programme import Tries
from tests.faults.server import Server

CROWD = 100
ROOM = 150_000_000
"""Bytes by which the server may grow; a hash takes 19 MiB."""

ADA = {"email": "ada@example.com", "password": "Correct-horse-7"}


async def p99_amid_log_ins(server: Server) -> float:
    """How long liveness takes at most, but for one in a hundred, while all log in."""
    connections = [await server.connect() for _ in range(CROWD)]
    seconds: list[float] = []
    async with await server.connect() as monitor:
        crowd = asyncio.gather(*(each.request("POST", "/api/auth/login", body=ADA) for each in connections))
        while not crowd.done():
            asked = time.perf_counter()
            assert 200 == (await monitor.request("GET", "/health/live")).status
            seconds.append(time.perf_counter() - asked)
            await asyncio.sleep(0.005)
    assert [200] * CROWD == [answer.status for answer in await crowd]
    for each in connections:
        each.abort()
    return statistics.quantiles(seconds, n=100)[98]


async def test_a_hundred_log_ins_at_once_leave_liveness_quick_and_memory_bounded(
    database_url: str, serve: Serve, tries: Tries
) -> None:
    with serve(database_url, RATE_LIMIT_AUTH="1000/second") as server:
        await server.ready()
        assert 201 == (await server.ask("POST", "/api/auth/signup", body=ADA)).status
        before = memory(server, "VmRSS")
        forget_peak(server)
        p99s: list[float] = []
        # The machine that runs this may have something else to do, but hardly three times in a row.
        while not p99s or (p99s[-1] >= 0.1 and len(p99s) < 3):
            p99s.append(await p99_amid_log_ins(server))
        grown = memory(server, "VmHWM") - before

    assert p99s[-1] < 0.1, p99s
    assert grown < ROOM, f"it grew by {grown} bytes"
    tries(CROWD * len(p99s), "log-ins", f"liveness p99 {p99s[-1] * 1000:.0f} ms, {grown >> 20} MiB more")
