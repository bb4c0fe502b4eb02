"""The check that a busy service stays quick: 100 connections, each user with 1000 tasks, two cores.

Twice: with every connection always busy, which shows what the machine can take, and with connections that
rest between requests, as clients do.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.cells import Cell, Lane, measure
from benchmarks.contenders.contender import Contender
from benchmarks.contenders.donebook import DonebookPostgres, DonebookSqliteFull
from benchmarks.dialects import Operation
from benchmarks.load import Pressure
from benchmarks.machine import facts, words
from benchmarks.population import READING, WRITING, Group, Population
from benchmarks.report import markdown
from benchmarks.workbench import Workbench
from benchmarks.workloads import Step, Workload

LIMIT_MS = 200.0
CONNECTIONS = 100
WORKERS = 2
PAUSE_MS = 500
WORKLOADS = (
    Workload("list", "list 1000", (Step(Operation.LIST, READING),)),
    Workload("get", "get one", (Step(Operation.GET, READING),)),
    Workload("create", "create", (Step(Operation.CREATE, WRITING),)),
    Workload(
        "thirds",
        "a third each",
        (Step(Operation.LIST, READING), Step(Operation.GET, READING), Step(Operation.CREATE, WRITING)),
    ),
)
# The living contract lists a page at a time, however much the user has.
PAGES = (Workload("page", "page of 50", (Step(Operation.LIST, Group(READING.name, READING.users, 50)),)),)
CONTENDERS: tuple[type[Contender], ...] = (DonebookPostgres, DonebookSqliteFull)


@dataclass(frozen=True)
class Latency:
    """One workload under one kind of pressure."""

    cell: Cell
    pause_ms: int

    @property
    def met(self) -> bool:
        """Whether 95 of 100 requests were quick enough."""
        return self.cell.outcome.p95_ms < LIMIT_MS


def check(bench: Workbench, seconds: float) -> list[Latency]:
    """Measure every workload on both databases, with one worker per core."""
    population = Population((READING, WRITING))
    found = []
    for kind in CONTENDERS:
        contender = bench.prepare(kind, population)
        if contender is None:
            continue
        for lane in bench.open_lanes(contender, population, workers=WORKERS):
            workloads = PAGES if lane.dialect.name == "v2" else WORKLOADS
            found += _check(lane, workloads, bench.directory, seconds)
        contender.stop()
    return found


def _check(lane: Lane, workloads: Sequence[Workload], directory: Path, seconds: float) -> list[Latency]:
    found = []
    for pause_ms in (0, PAUSE_MS):
        pressure = Pressure(seconds, CONNECTIONS, pause_ms)
        for workload in workloads:
            cell = measure(lane, workload, pressure, directory, number=pause_ms, repeats=1)
            if cell is not None:
                found.append(Latency(cell, pause_ms))
    return found


def write(found: Sequence[Latency], directory: Path) -> Path:
    """Write `latency.md` and `latency.json`; return the table's path."""
    directory.mkdir(parents=True, exist_ok=True)
    record = {
        "machine": facts(), "connections": CONNECTIONS, "workers": WORKERS, "limit_ms": LIMIT_MS,
        "rows": [{**asdict(latency), "met": latency.met} for latency in found],
    }  # fmt: skip
    (directory / "latency.json").write_text(json.dumps(record, indent=1) + "\n")
    titles = {workload.name: workload.title for workload in (*WORKLOADS, *PAGES)}
    head = ["", "workload", "pause", "requests/s", "p50 ms", "p95 ms", "p99 ms", f"p95 < {LIMIT_MS:.0f} ms"]
    rows = [
        [
            latency.cell.lane,
            titles[latency.cell.workload],
            f"{latency.pause_ms} ms" if latency.pause_ms else "none",
            f"{latency.cell.outcome.requests_per_second:,.0f}",
            f"{latency.cell.outcome.p50_ms:.1f}",
            f"{latency.cell.outcome.p95_ms:.1f}",
            f"{latency.cell.outcome.p99_ms:.1f}",
            "✓" if latency.met else "✗ missed",
        ]
        for latency in found
    ]
    table = directory / "latency.md"
    title = f"# Latency with {CONNECTIONS} connections and {WORKERS} workers"
    table.write_text("\n\n".join([title, words(facts()), markdown([head, *rows])]) + "\n")
    return table
