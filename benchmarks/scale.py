"""What a request costs as the work grows: more tasks, more rows, more workers, more connections."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.accounting import memory, settle
from benchmarks.cells import Cell, Figures, Lane, figures_of, measure
from benchmarks.contenders.contender import Contender
from benchmarks.contenders.donebook import DonebookPostgres, DonebookSqliteFull
from benchmarks.dialects import Operation
from benchmarks.load import Pressure
from benchmarks.population import Group, Population
from benchmarks.workbench import Workbench
from benchmarks.workloads import Step, Workload

KINDS: tuple[type[Contender], ...] = (DonebookPostgres, DonebookSqliteFull)
TASKS_PER_USER = (
    Group("tasks-10", 1000, 10),
    Group("tasks-1000", 100, 1000),
    Group("tasks-10000", 20, 10_000),
)
# The users who are asked for are as many in each: meeting a token for the first time has a cost of its own.
ROWS = (
    (Group("rows-1k", 20, 50), Group("others", 0, 50)),
    (Group("rows-100k", 20, 50), Group("others", 1980, 50)),
    (Group("rows-1m", 20, 50), Group("others", 19_980, 50)),
)
WORKERS = (1, 2, 4)
CONNECTIONS = (32, 100, 500)
FLAT = 1.25
"""What is flat costs at most this many times what it costs with the least work."""
PAGE = 50


@dataclass(frozen=True)
class Reading:
    """What one workload cost in one setting, and how that compares with the first setting of its kind."""

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


READS = (Operation.GET, Operation.LIST, Operation.SYNC)


def _workload(operation: Operation, group: Group) -> Workload:
    # A list that is paged is read one page at a time, whatever the user holds.
    asked = Group(group.name, group.users, PAGE) if operation is Operation.LIST else group
    return Workload(operation, operation, (Step(operation, asked),))


def tasks_per_user(bench: Workbench, effort: Effort) -> Iterator[Reading]:
    """Vary how many tasks a user has, in one database."""
    population = Population(TASKS_PER_USER)
    for kind in KINDS:
        contender = bench.prepare(kind, population)
        if contender is not None:
            lanes = bench.open_lanes(contender, population)
            settings = [[(group, lane) for group in TASKS_PER_USER] for lane in lanes]
            yield from _growth(bench, "tasks per user", settings, effort)
            contender.stop()


def rows(bench: Workbench, effort: Effort) -> Iterator[Reading]:
    """Vary how many tasks the database has; the sizes take turns, each on a server of its own."""
    for kind in KINDS:
        opened: dict[str, list[tuple[Group, Lane]]] = {}
        contenders = []
        for group, others in ROWS:
            population = Population((group, others))
            contender = bench.prepare(kind, population)
            if contender is None:
                continue
            contenders.append(contender)
            for lane in bench.open_lanes(contender, population):
                opened.setdefault(lane.name, []).append((group, lane))
        yield from _growth(bench, "tasks in the database", list(opened.values()), effort)
        for contender in contenders:
            contender.stop()


def _growth(
    bench: Workbench, section: str, contracts: Sequence[Sequence[tuple[Group, Lane]]], effort: Effort
) -> Iterator[Reading]:
    # Creations come last, after every contract's reads: they change what the users hold.
    for operation in (*READS, Operation.CREATE):
        for settings in contracts:
            if all(_served(lane, operation, group) for group, lane in settings):
                yield from _turns(bench, section, operation, settings, effort)


def _served(lane: Lane, operation: Operation, group: Group) -> bool:
    paged = lane.dialect.name == "v2"
    whole = operation is Operation.LIST and not paged and group.tasks != PAGE
    return not whole and lane.dialect.template(operation, PAGE) is not None


def _turns(
    bench: Workbench,
    section: str,
    operation: Operation,
    settings: Sequence[tuple[Group, Lane]],
    effort: Effort,
) -> Iterator[Reading]:
    name = settings[0][1].name
    print(f"  {section}, {name}: {operation}", flush=True)
    cells: dict[str, list[Cell]] = {group.name: [] for group, _ in settings}
    for number in range(-1, effort.rounds):
        warming = number < 0
        pressure = Pressure(min(effort.seconds, 1.0) if warming else effort.seconds, 32)
        for group, lane in settings:
            workload = _workload(operation, group)
            cell = measure(lane, workload, pressure, bench.directory, number=number + 1, repeats=2)
            if cell is not None and not warming:
                cells[group.name].append(cell)
    # A page that is not full is less work: lists are compared with the first that is.
    comparable = [
        group.name for group, _ in settings if operation is not Operation.LIST or group.tasks >= PAGE
    ]
    figures = {setting: figures_of(members) for setting, members in cells.items() if members}
    base = next((figures[setting] for setting in comparable if setting in figures), None)
    for setting, figure in figures.items():
        growth = figure.cpu_us / base.cpu_us if base is not None else 1.0
        yield Reading(section, name, operation, setting, figure, growth)


def concurrency(bench: Workbench, effort: Effort) -> Iterator[Reading | Footprint]:
    """Vary workers and connections, and see what memory the workers take."""
    read, written = Group("read", 100, PAGE), Group("written", 100, PAGE)
    workloads = [*(_workload(operation, read) for operation in READS), _workload(Operation.CREATE, written)]
    population = Population((read, written))
    for kind in KINDS:
        contender = bench.prepare(kind, population)
        if contender is None:
            continue
        # The newest contract that is served stands for all.
        lane = bench.open_lanes(contender, population)[-1]
        for workers in WORKERS:
            contender.stop_server()
            contender.start(workers)
            settle(contender.server_pids())
            at_rest = memory(contender.server_pids()).total
            for connections in CONNECTIONS:
                print(f"  {lane.name}: {workers} workers, {connections} connections", flush=True)
                setting = f"{workers} workers, {connections} connections"
                pressure = Pressure(effort.seconds, connections)
                yield from _pressed(bench, lane, workloads, pressure, rounds=effort.rounds, setting=setting)
            after_load = memory(contender.server_pids()).total
            yield Footprint(lane.name, workers, at_rest / workers / 2**20, after_load / workers / 2**20)
        contender.stop()


def _pressed(
    bench: Workbench,
    lane: Lane,
    workloads: Sequence[Workload],
    pressure: Pressure,
    *,
    rounds: int,
    setting: str,
) -> Iterator[Reading]:
    for workload in workloads:
        cells = [
            cell
            for number in range(rounds)
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
