"""One cell of a table: one workload on one contract of one contender, measured once."""

import itertools
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import load
from benchmarks.accounting import Meter, settle
from benchmarks.contenders.contender import Accounts, Contender
from benchmarks.dialects import Dialect, Operation
from benchmarks.load import Outcome, Pressure
from benchmarks.processes import BenchmarkError
from benchmarks.workloads import Workload

_WRITES = {Operation.CREATE, Operation.UPDATE, Operation.TOGGLE}
_seeds = itertools.count(1)
WARM_UP_SECONDS = 0.5
DISTURBED = 0.1
"""The share of the machine above which other processes make a cell worth repeating."""


@dataclass(frozen=True)
class Lane:
    """A running contender in one of its contracts."""

    contender: Contender
    dialect: Dialect
    accounts: Accounts
    missing: frozenset[Operation] = frozenset()

    @property
    def name(self) -> str:
        """How results name it."""
        return f"{self.contender.name}/{self.dialect.name}"


@dataclass(frozen=True)
class Cell:
    """What was measured; CPU in µs per completed request.

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


def measure(
    lane: Lane, workload: Workload, pressure: Pressure, workdir: Path, *, number: int, repeats: int
) -> Cell | None:
    """Measure round ``number`` of a workload; None when the lane's contract has no such request.

    A cell that others on the machine disturbed is measured again, up to ``repeats`` times, and the least
    disturbed counts.
    """
    if any(step.operation in lane.missing for step in workload.steps):
        return None
    plan = workdir / f"{lane.contender.name}-{lane.dialect.name}-{workload.name}.lua"
    if not load.write_plan(plan, lane.dialect, workload, lane.accounts, lane.contender.port):
        return None
    tries: list[Cell] = []
    while len(tries) <= repeats and (not tries or tries[-1].elsewhere > DISTURBED):
        tries.append(_measure_once(lane, workload, pressure, plan, number=number))
    return min(tries, key=lambda cell: cell.elsewhere)


def _measure_once(lane: Lane, workload: Workload, pressure: Pressure, plan: Path, *, number: int) -> Cell:
    contender = lane.contender
    where = f"{lane.name}, {workload.name}"
    warm_up = load.run(plan, contender.port, pressure.shortened(WARM_UP_SECONDS), seed=next(_seeds))
    _check(warm_up, where)
    operations = {step.operation for step in workload.steps}
    rows = contender.count_tasks() if operations == {Operation.CREATE} else None
    writes = contender.count_writes() if operations <= _WRITES else None
    settle((*contender.server_pids(), *contender.database_pids()))
    with Meter(contender.server_pids(), contender.database_pids()) as meter:
        outcome = load.run(plan, contender.port, pressure, seed=next(_seeds))
    _check(outcome, where)
    if rows is not None and (added := contender.count_tasks() - rows) != outcome.completed:
        raise BenchmarkError(f"{where}: {outcome.completed} creations were answered, {added} rows were added")
    if writes is not None:
        _check_writes((contender.count_writes() or 0) - writes, outcome.completed, where)
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


def _check_writes(wrote: int, completed: int, where: str) -> None:
    # Two connections may meet at one task in the moment in which it is switched on and off again.
    if not 0.995 * completed <= wrote <= completed:
        raise BenchmarkError(f"{where}: {completed} writes were answered, {wrote} of them wrote something")


def _check(outcome: Outcome, where: str) -> None:
    if outcome.failed or not outcome.completed:
        raise BenchmarkError(f"{where}: requests failed: {outcome}; see the server's log (--keep keeps it)")


def medians(cells: Sequence[Cell]) -> Mapping[tuple[str, str], Figures]:
    """Summarise the rounds by lane and workload."""
    grouped: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        grouped.setdefault((cell.lane, cell.workload), []).append(cell)
    return {key: figures_of(members) for key, members in grouped.items()}


def figures_of(cells: Sequence[Cell]) -> Figures:
    """Summarise the rounds of one workload on one lane."""
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
