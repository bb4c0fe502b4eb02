"""What a request costs as the work grows: more tasks, more rows, more workers, more connections."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.accounting import memory, settle
from benchmarks.cells import Cell, Figures, Lane, figures_of, measure
from benchmarks.contenders.contender import Contender
from benchmarks.contenders.taskledger import TaskledgerPostgres, TaskledgerSqliteFull
from benchmarks.dialects import Operation
from benchmarks.load import Pressure
from benchmarks.population import Group, Population
from benchmarks.workbench import Workbench
from benchmarks.workloads import Step, Workload

KINDS: tuple[type[Contender], ...] = (TaskledgerPostgres, TaskledgerSqliteFull)
TASKS_PER_USER = (
    Group("tasks-10", 1000, 10),
    Group("tasks-1000", 100, 1000),
    Group("tasks-10000", 20, 10_000),
)
ROWS = (Group("rows-1k", 20, 50), Group("rows-100k", 2000, 50), Group("rows-1m", 20_000, 50))
WORKERS = (1, 2, 4)
CONNECTIONS = (32, 100, 500)
FLAT = 1.25
"""What is flat costs at most this many times what it costs with the least work."""
PAGE = 50


@dataclass(frozen=True)
class Reading:
    """What one workload cost in one setting, and how that compares with the section's first setting."""

    section: str
    lane: str
    workload: str
    setting: str
    figures: Figures
    growth: float

    @property
    def flat(self) -> bool:
        """Whether it costs about what it cost with the least work."""
        return self.growth <= FLAT


@dataclass(frozen=True)
class Footprint:
    """A server's memory in MiB per worker, the rest of its processes shared out among the workers."""

    lane: str
    workers: int
    at_rest_mib: float
    after_load_mib: float


@dataclass(frozen=True)
class Start:
    """Seconds from process start to the first healthy answer."""

    contender: str
    database: str
    median_seconds: float
    worst_seconds: float


@dataclass(frozen=True)
class Effort:
    """How long to press, and how often."""

    seconds: float
    rounds: int


def _workloads(group: Group) -> tuple[Workload, ...]:
    # Creations come last: they change what the group holds.
    operations = (Operation.GET, Operation.LIST, Operation.SYNC, Operation.CREATE)
    # A list that is paged is read one page at a time, whatever the user holds.
    paged = Group(group.name, group.users, PAGE)
    return tuple(
        Workload(operation, operation, (Step(operation, paged if operation is Operation.LIST else group),))
        for operation in operations
    )


def tasks_per_user(bench: Workbench, effort: Effort) -> Iterator[Reading]:
    """Vary how many tasks a user has, in one database."""
    population = Population(TASKS_PER_USER)
    for kind in KINDS:
        contender = bench.prepare(kind, population)
        if contender is not None:
            for lane in bench.open_lanes(contender, population):
                settings = [(group, lane) for group in TASKS_PER_USER]
                yield from _growth(bench, "tasks per user", settings, effort, lists=lane.dialect.name == "v2")
            contender.stop()


def rows(bench: Workbench, effort: Effort) -> Iterator[Reading]:
    """Vary how many tasks the database has; the sizes take turns, each on a server of its own."""
    for kind in KINDS:
        opened: dict[str, list[tuple[Group, Lane]]] = {}
        contenders = []
        for group in ROWS:
            population = Population((group,))
            contender = bench.prepare(kind, population)
            if contender is None:
                continue
            contenders.append(contender)
            for lane in bench.open_lanes(contender, population):
                opened.setdefault(lane.name, []).append((group, lane))
        for settings in opened.values():
            yield from _growth(bench, "tasks in the database", settings, effort, lists=True)
        for contender in contenders:
            contender.stop()


def _growth(
    bench: Workbench, section: str, settings: Sequence[tuple[Group, Lane]], effort: Effort, *, lists: bool
) -> Iterator[Reading]:
    per_setting = [_workloads(group) for group, _ in settings]
    for workloads in zip(*per_setting, strict=True):
        if workloads[0].name == Operation.LIST and not lists:
            continue
        print(f"  {section}, {settings[0][1].name}: {workloads[0].title}", flush=True)
        cells: dict[str, list[Cell]] = {group.name: [] for group, _ in settings}
        for number in range(-1, effort.rounds):
            for (group, lane), workload in zip(settings, workloads, strict=True):
                pressure = Pressure(effort.seconds if number >= 0 else min(effort.seconds, 1.0), 32)
                cell = measure(lane, workload, pressure, bench.directory, number=number + 1, repeats=2)
                if cell is not None and number >= 0:
                    cells[group.name].append(cell)
        yield from _readings(section, settings[0][1].name, workloads[0].name, cells)


def _readings(section: str, lane: str, workload: str, cells: Mapping[str, list[Cell]]) -> Iterator[Reading]:
    figures = {setting: figures_of(members) for setting, members in cells.items() if members}
    for setting, figure in figures.items():
        least = next(iter(figures.values()))
        yield Reading(section, lane, workload, setting, figure, figure.cpu_us / least.cpu_us)


def concurrency(bench: Workbench, effort: Effort) -> Iterator[Reading | Footprint]:
    """Vary workers and connections, and see what memory the workers take."""
    group = Group("small", 100, PAGE)
    population = Population((group,))
    for kind in KINDS:
        contender = bench.prepare(kind, population)
        if contender is None:
            continue
        for workers in WORKERS:
            lanes = bench.open_lanes(contender, population, workers=workers)
            settle(contender.server_pids())
            at_rest = memory(contender.server_pids()).total
            # The newest contract that is served stands for all.
            lane = lanes[-1]
            for connections in CONNECTIONS:
                print(f"  {lane.name}: {workers} workers, {connections} connections", flush=True)
                yield from _pressed(bench, lane, group, effort, workers=workers, connections=connections)
            after_load = memory(contender.server_pids()).total
            yield Footprint(lane.name, workers, at_rest / workers / 2**20, after_load / workers / 2**20)
            contender.stop_server()
        contender.stop()


def _pressed(
    bench: Workbench, lane: Lane, group: Group, effort: Effort, *, workers: int, connections: int
) -> Iterator[Reading]:
    setting = f"{workers} workers, {connections} connections"
    for workload in _workloads(group):
        pressure = Pressure(effort.seconds, connections)
        cells = [
            cell
            for number in range(effort.rounds)
            if (cell := measure(lane, workload, pressure, bench.directory, number=number, repeats=2))
        ]
        if cells:
            yield Reading("concurrency", lane.name, workload.name, setting, figures_of(cells), 1.0)


def starts(bench: Workbench, effort: Effort) -> Iterator[Start]:
    """Time starts on a database that is up to date, and first starts on an empty one."""
    population = Population((Group("small", 10, PAGE),))
    for kind in KINDS:
        fresh = []
        for _ in range(effort.rounds):
            contender = bench.add(kind)
            fresh.append(contender.start())
            contender.stop()
        yield _start(kind, "empty", fresh)
        prepared = bench.prepare(kind, population)
        if prepared is not None:
            again = []
            for _ in range(effort.rounds):
                again.append(prepared.start())
                prepared.stop_server()
            prepared.stop()
            yield _start(kind, "up to date", again)


def _start(kind: type[Contender], database: str, seconds: list[float]) -> Start:
    return Start(kind.name, database, statistics.median(seconds), max(seconds))
