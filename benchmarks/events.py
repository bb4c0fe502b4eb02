"""What followers of the events cost, and how soon they see a change.

Idle followers: their memory and the CPU of their heartbeats. Then one change for each user, and one change of
a user whom everybody follows. Then, with two workers, changes through another contract, seen by followers of
both.
"""

import asyncio
import http.client
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.accounting import Meter, memory
from benchmarks.contenders.contender import Contender
from benchmarks.contenders.donebook import DonebookPostgres, DonebookSqliteFull
from benchmarks.machine import facts, words
from benchmarks.population import Group, Population, sign_tokens
from benchmarks.report import markdown
from benchmarks.workbench import Workbench

FOLLOWED = Group("followed", users=200, tasks=1)
FOLLOWERS = 2000
IDLE_SECONDS = 20.0
CHANGES = 100
PACE_SECONDS = 0.05
LIMIT_MS = {"each user": 1000.0, "one user": 1000.0, "two workers": 300.0}
_AT_ONCE = 50
_PATIENCE = 60.0


@dataclass(frozen=True)
class Idle:
    """What followers cost while nothing happens."""

    lane: str
    followers: int
    kilobytes_each: float
    cpu_percent: float
    elsewhere: float


@dataclass(frozen=True)
class Seen:
    """How long it took from before the write until the event was here."""

    lane: str
    what: str
    events: int
    median_ms: float
    p95_ms: float
    last_ms: float

    @property
    def met(self) -> bool:
        """Two workers are judged by the median, many followers by the last of them."""
        return (self.median_ms if self.what == "two workers" else self.last_ms) < LIMIT_MS[self.what]


class Followers:
    """Connections that follow; each notes when its events arrive."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._tasks: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self.arrived: dict[str, list[float]] = {}

    async def open(self, tokens: Sequence[str]) -> None:
        """Follow as the bearer of each token."""
        opened = [asyncio.get_running_loop().create_future() for _ in tokens]
        self._tasks += [
            asyncio.create_task(self._follow(token, future))
            for token, future in zip(tokens, opened, strict=True)
        ]
        async with asyncio.timeout(_PATIENCE):
            await asyncio.gather(*opened)

    async def _follow(self, token: str, opened: asyncio.Future[None]) -> None:
        async with self._gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            request = f"GET /api/v2/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
            writer.write(request.encode())
            await reader.readuntil(b"retry: ")
            opened.set_result(None)
        try:
            while line := await reader.readline():
                if line.startswith(b"data: "):
                    title = json.loads(line[6:])["task"]["title"]
                    self.arrived.setdefault(title, []).append(time.perf_counter())
                    self._news.set()
        finally:
            writer.close()

    async def expect(self, title: str, count: int) -> list[float]:
        """Wait until so many have the event; return when each got it."""
        async with asyncio.timeout(_PATIENCE):
            while len(self.arrived.get(title, ())) < count:
                self._news.clear()
                await self._news.wait()
        return self.arrived[title]

    async def close(self) -> None:
        """Hang up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _create(port: int, token: str, path: str, title: str) -> float:
    """Write a task; return when that began."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    began = time.perf_counter()
    connection.request("POST", path, json.dumps({"title": title}), headers)
    status = connection.getresponse().status
    connection.close()
    if status != 201:
        raise ValueError(f"{path} answers {status}")
    return began


def _seen(lane: str, what: str, delays: Sequence[float]) -> Seen:
    ordered = sorted(delay * 1000 for delay in delays)
    p95 = ordered[int(len(ordered) * 0.95)]
    return Seen(lane, what, len(ordered), statistics.median(ordered), p95, ordered[-1])


async def _many(contender: Contender, tokens: Sequence[str]) -> tuple[Idle, list[Seen]]:
    """Idle followers, a change for each user, and a change that all followers see."""
    server, port = contender.server_pids(), contender.port
    before = memory(server).total
    followers = Followers(port)
    each = FOLLOWERS // len(tokens)
    await followers.open([token for token in tokens for _ in range(each)])
    await asyncio.sleep(1)
    kilobytes = (memory(server).total - before) / FOLLOWERS / 1024
    with Meter(server, contender.database_pids()) as meter:
        await asyncio.sleep(IDLE_SECONDS)
    percent = 100 * (meter.server_seconds + meter.database_seconds) / IDLE_SECONDS
    idle = Idle(contender.name, FOLLOWERS, kilobytes, percent, meter.elsewhere)

    delays: list[float] = []
    for number, token in enumerate(tokens):
        began = await asyncio.to_thread(_create, port, token, "/api/v1/tasks", f"change {number}")
        delays += [at - began for at in await followers.expect(f"change {number}", each)]
    seen = [_seen(contender.name, "each user", delays)]
    await followers.close()

    followers = Followers(port)
    await followers.open([tokens[0]] * FOLLOWERS)
    began = await asyncio.to_thread(_create, port, tokens[0], "/api/v1/tasks", "for all")
    arrivals = await followers.expect("for all", FOLLOWERS)
    seen.append(_seen(contender.name, "one user", [at - began for at in arrivals]))
    await followers.close()
    return idle, seen


async def _spread(contender: Contender, tokens: Sequence[str]) -> Seen:
    """Changes of users, each with followers that are spread over both workers."""
    followers = Followers(contender.port)
    some = tokens[:10]
    await followers.open([token for token in some for _ in range(10)])
    await asyncio.sleep(1)
    delays: list[float] = []
    for number in range(CHANGES):
        token, path = some[number % len(some)], ("/api/v1/tasks", "/api/tasks")[number % 2]
        began = await asyncio.to_thread(_create, contender.port, token, path, f"spread {number}")
        delays += [at - began for at in await followers.expect(f"spread {number}", 10)]
        await asyncio.sleep(PACE_SECONDS)
    await followers.close()
    return _seen(contender.name, "two workers", delays)


def measure(bench: Workbench) -> tuple[list[Idle], list[Seen]]:
    """Measure on both databases."""
    population = Population((FOLLOWED,))
    tokens = list(sign_tokens(population.users).values())
    idle, seen = [], []
    for kind in (DonebookPostgres, DonebookSqliteFull):
        contender = bench.prepare(kind, population)
        if contender is None:
            continue
        contender.start(1)
        cost, found = asyncio.run(_many(contender, tokens))
        idle.append(cost)
        seen += found
        contender.stop_server()
        contender.start(2)
        seen.append(asyncio.run(_spread(contender, tokens)))
        contender.stop()
    return idle, seen


def write(idle: Sequence[Idle], seen: Sequence[Seen], directory: Path) -> Path:
    """Write `events.md` and `events.json`; return the table's path."""
    directory.mkdir(parents=True, exist_ok=True)
    record = {
        "machine": facts(),
        "idle": [asdict(each) for each in idle],
        "seen": [{**asdict(each), "met": each.met} for each in seen],
    }
    (directory / "events.json").write_text(json.dumps(record, indent=1) + "\n")
    costs = [["idle followers", "", "memory each", "CPU, server + database", "elsewhere"]]
    costs += [
        [
            each.lane, f"{each.followers:,}", f"{each.kilobytes_each:.0f} kB",
            f"{each.cpu_percent:.1f} % of a core", f"{each.elsewhere:.0%}",
        ]
        for each in idle
    ]  # fmt: skip
    delays = [["change", "", "events", "median ms", "p95 ms", "last ms", ""]]
    delays += [
        [
            each.lane, each.what, f"{each.events:,}", f"{each.median_ms:.0f}", f"{each.p95_ms:.0f}",
            f"{each.last_ms:.0f}", "✓" if each.met else "✗ missed",
        ]
        for each in seen
    ]  # fmt: skip
    table = directory / "events.md"
    parts = ["# Following events", words(facts()), markdown(costs), markdown(delays)]
    table.write_text("\n\n".join(parts) + "\n")
    return table
