"""The comparison: every contender, every workload, in interleaved rounds."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import load
from benchmarks.accounting import Meter, settle
from benchmarks.contenders.contender import Accounts, Contender
from benchmarks.dialects import Dialect, Operation
from benchmarks.load import Outcome
from benchmarks.population import Population
from benchmarks.processes import BenchmarkError, Missing
from benchmarks.verify import Verification, serves
from benchmarks.workloads import Workload

WARM_UP_SECONDS = 0.5
DISTURBED = 0.05
"""The share of the machine above which other processes make a cell worth repeating."""


@dataclass(frozen=True)
class Lane:
    """A running contender in one of its contracts."""

    contender: Contender
    dialect: Dialect
    accounts: Accounts

    @property
    def name(self) -> str:
        """How results name it."""
        return f"{self.contender.name}/{self.dialect.name}"


@dataclass(frozen=True)
class Cell:
    """One workload on one lane in one round; CPU in µs per completed request.

    ``elsewhere`` is the share of the machine that others took meanwhile.
    """

    lane: str
    workload: str
    round: int
    server_us: float
    database_us: float
    elsewhere: float
    outcome: Outcome

    @property
    def cpu_us(self) -> float:
        """The figure that counts: server and database together."""
        return self.server_us + self.database_us


@dataclass(frozen=True)
class Figures:
    """The medians of a cell's rounds, and the range of the CPU figure over them.

    ``elsewhere`` is the worst of the rounds.
    """

    server_us: float
    database_us: float
    cpu_us: float
    cpu_range_us: tuple[float, float]
    requests_per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    elsewhere: float


def open_lanes(contenders: Sequence[Contender], population: Population) -> tuple[list[Lane], list[str]]:
    """Prepare, start and verify everyone; also say who could not be had and why."""
    lanes: list[Lane] = []
    left_out: list[str] = []
    for contender in contenders:
        print(
            f"  {contender.name}: seeding {population.size:,} tasks, starting, checking its answers",
            flush=True,
        )
        try:
            contender.prepare(population)
            contender.start()
        except Missing as missing:
            left_out.append(f"{contender.name}: {missing}")
            continue
        for dialect in contender.dialects():
            if not serves(contender, dialect, contender.accounts(dialect)):
                left_out.append(f"{contender.name}/{dialect.name}: answers 404, so it is not served yet")
                continue
            lanes.append(Lane(contender, dialect, Verification(contender, dialect, population).run()))
    return lanes, left_out


def measure(
    lane: Lane, workload: Workload, number: int, workdir: Path, *, seconds: float, connections: int, seed: int
) -> Cell | None:
    """Measure one cell; None when the lane's contract has no such request."""
    plan = workdir / f"{lane.contender.name}-{lane.dialect.name}-{workload.name}.lua"
    contender = lane.contender
    if not load.write_plan(plan, lane.dialect, workload, lane.accounts, contender.port):
        return None
    warm_up = load.run(
        plan, contender.port, seconds=min(WARM_UP_SECONDS, seconds), connections=connections, seed=2 * seed
    )
    creates = {step.operation for step in workload.steps} == {Operation.CREATE}
    rows = contender.count_tasks() if creates else 0
    settle((*contender.server_pids(), *contender.database_pids()))
    with Meter(contender.server_pids(), contender.database_pids()) as meter:
        outcome = load.run(plan, contender.port, seconds=seconds, connections=connections, seed=2 * seed + 1)
    where = f"{lane.name}, {workload.name}"
    for result in (warm_up, outcome):
        if result.failed or not result.completed:
            raise BenchmarkError(f"{where}: requests failed: {result}; see the logs in {workdir}")
    added = contender.count_tasks() - rows if creates else outcome.completed
    if added != outcome.completed:
        raise BenchmarkError(f"{where}: {outcome.completed} creations were answered, {added} rows were added")
    per_request = 1e6 / outcome.completed
    return Cell(
        lane.name,
        workload.name,
        number,
        meter.server_seconds * per_request,
        meter.database_seconds * per_request,
        meter.elsewhere,
        outcome,
    )


def compare(
    lanes: Sequence[Lane],
    workloads: Sequence[Workload],
    workdir: Path,
    *,
    rounds: int,
    seconds: float,
    connections: int,
    repeats: int,
) -> list[Cell]:
    """Measure every workload on every lane, ``rounds`` times, the lanes taking turns at each workload.

    A cell that others on the machine disturbed is measured again up to ``repeats`` times, and the least
    disturbed counts.
    """
    print("  warming up", flush=True)
    for lane in lanes:
        for workload in workloads:
            measure(lane, workload, 0, workdir, seconds=min(seconds, 1.0), connections=connections, seed=0)
    cells = []
    for number in range(rounds):
        start = number % len(lanes)
        for workload in workloads:
            print(f"  round {number + 1} of {rounds}: {workload.title}", flush=True)
            for lane in (*lanes[start:], *lanes[:start]):
                tries: list[Cell] = []
                while len(tries) <= repeats and (not tries or tries[-1].elsewhere > DISTURBED):
                    seed = number + rounds * (len(tries) + 1)
                    cell = measure(
                        lane, workload, number, workdir, seconds=seconds, connections=connections, seed=seed
                    )
                    if cell is None:
                        break
                    tries.append(cell)
                if tries:
                    cells.append(min(tries, key=lambda cell: cell.elsewhere))
        for contender in {id(lane.contender): lane.contender for lane in lanes}.values():
            contender.tidy()
    return cells


def medians(cells: Sequence[Cell]) -> Mapping[tuple[str, str], Figures]:
    """Summarise the rounds by lane and workload."""
    grouped: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        grouped.setdefault((cell.lane, cell.workload), []).append(cell)
    return {key: _figures(members) for key, members in grouped.items()}


def _figures(cells: Sequence[Cell]) -> Figures:
    costs = [cell.cpu_us for cell in cells]
    outcomes = [cell.outcome for cell in cells]
    return Figures(
        server_us=statistics.median(cell.server_us for cell in cells),
        database_us=statistics.median(cell.database_us for cell in cells),
        cpu_us=statistics.median(costs),
        cpu_range_us=(min(costs), max(costs)),
        requests_per_second=statistics.median(outcome.requests_per_second for outcome in outcomes),
        p50_ms=statistics.median(outcome.p50_ms for outcome in outcomes),
        p95_ms=statistics.median(outcome.p95_ms for outcome in outcomes),
        p99_ms=statistics.median(outcome.p99_ms for outcome in outcomes),
        elsewhere=max(cell.elsewhere for cell in cells),
    )
