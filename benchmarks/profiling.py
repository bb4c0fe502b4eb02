"""Where a worker's time goes under load: samples of its stack, by whose code is running.

py-spy looks at the worker a few hundred times a second while wrk presses it, and sees Python's frames alone:
what a frame has called in C (a system call, asyncpg's protocol, a JSON encoder) counts as that frame's. The
share of the samples times the CPU time that was measured without the profiler gives µs per request. It halts
the worker to look, and a process is halted best in a system call: so take those parts for somewhat less.
"""

import json
import subprocess
import sysconfig
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.cells import Lane, measure
from benchmarks.contenders.donebook import DonebookPostgres
from benchmarks.load import Pressure
from benchmarks.machine import facts, words
from benchmarks.population import Population
from benchmarks.processes import BenchmarkError, Missing
from benchmarks.report import markdown
from benchmarks.workbench import Workbench
from benchmarks.workloads import Workload, named

WORKLOADS = ("get", "list-50", "create", "update", "toggle")
_RATE = 400
_LOOP = "Runner.run"

PARTS: tuple[tuple[str, str], ...] = (
    ("/asyncio/runners.py", "the event loop: sockets, asyncpg's decoding, switching between requests"),
    ("/asyncpg/", "asyncpg: encoding, sending"),
    ("/donebook/http/joined_writes.py", "the answer's system call"),
    ("/uvicorn/", "Uvicorn: parsing, the answer's head"),
    ("/fastapi/", "FastAPI's and Starlette's layers"),
    ("/starlette/", "FastAPI's and Starlette's layers"),
    ("/donebook/http/", "Donebook: edge, dispatch, token, body, answer and its JSON, log"),
    ("/donebook/tokens/", "Donebook: edge, dispatch, token, body, answer and its JSON, log"),
    ("/donebook/contracts/", "Donebook: the contract and the use case"),
    ("/donebook/tasks/", "Donebook: the contract and the use case"),
    ("/donebook/accounts/", "Donebook: the contract and the use case"),
    ("/donebook/ledger/", "Donebook: the contract and the use case"),
    ("/donebook/storage/", "Donebook: pool, arguments, rows"),
    ("", "the rest of Python's library"),
)
"""Whose a frame is, by its file: the first that is in the path counts."""


@dataclass(frozen=True)
class Profile:
    """CPU µs of the worker per request, by part."""

    lane: str
    workload: str
    server_us: float
    samples: int
    parts: Mapping[str, float]


def profile(bench: Workbench, seconds: float) -> list[Profile]:
    """Press one worker with each workload, once as it is and once watched."""
    watcher = Path(sysconfig.get_path("scripts")) / "py-spy"
    if not watcher.exists():
        raise Missing("py-spy is not installed: make bench installs it")
    population = Population()
    contender = bench.prepare(DonebookPostgres, population)
    if contender is None:
        return []
    found = []
    for lane in bench.open_lanes(contender, population):
        for workload in named(list(WORKLOADS)):
            print(f"  {lane.name}: {workload.name}", flush=True)
            found.append(_profile(bench, lane, workload, seconds, watcher))
    return found


def _profile(bench: Workbench, lane: Lane, workload: Workload, seconds: float, watcher: Path) -> Profile:
    plain = measure(lane, workload, Pressure(seconds, 32), bench.directory, number=0, repeats=2)
    assert plain is not None
    raw = bench.directory / f"{lane.dialect.name}-{workload.name}.raw"
    command = [
        str(watcher),
        "record",
        "--rate",
        str(_RATE),
        "--duration",
        str(int(seconds)),
        "--format",
        "raw",
    ]
    worker = str(lane.contender.server_pids()[0])
    watching = subprocess.Popen(
        [*command, "--full-filenames", "--output", str(raw), "--pid", worker],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    measure(lane, workload, Pressure(seconds, 32), bench.directory, number=1, repeats=0)
    if watching.wait(timeout=60) != 0:
        raise BenchmarkError("py-spy may not look at the worker: run this as root, or allow ptrace")
    counted = count_parts(raw.read_text().splitlines())
    samples = sum(counted.values())
    parts = {part: plain.server_us * number / samples for part, number in counted.most_common()}
    return Profile(lane.name, workload.name, plain.server_us, samples, parts)


def count_parts(stacks: Sequence[str]) -> Counter[str]:
    """Samples of the event loop's thread by the part whose frame is innermost.

    A line is the frames, outermost first and separated by semicolons, and how often that stack was seen.
    """
    counted: Counter[str] = Counter()
    for line in stacks:
        stack, _, times = line.rpartition(" ")
        frames = stack.split(";")
        if any(frame.startswith(_LOOP) for frame in frames):
            counted[_part_of(frames[-1])] += int(times)
    return counted


def _part_of(frame: str) -> str:
    return next(part for path, part in PARTS if path in frame)


def write(profiles: Sequence[Profile], directory: Path) -> Path:
    """Write `profile.md` and `profile.json`; return the table's path."""
    directory.mkdir(parents=True, exist_ok=True)
    record = {"machine": facts(), "profiles": [asdict(each) for each in profiles]}
    (directory / "profile.json").write_text(json.dumps(record, indent=1) + "\n")
    sections = ["# Where a worker's time goes", words(facts())]
    for lane in dict.fromkeys(each.lane for each in profiles):
        mine = [each for each in profiles if each.lane == lane]
        rows = [["CPU µs in the server", *(each.workload for each in mine)]]
        rows += [
            [part, *(f"{each.parts.get(part, 0):.0f}" for each in mine)]
            for part in dict.fromkeys(part for _, part in PARTS)
        ]
        rows.append(["together", *(f"{each.server_us:.0f}" for each in mine)])
        sections += [f"## {lane}", markdown(rows)]
    table = directory / "profile.md"
    table.write_text("\n\n".join(sections) + "\n")
    return table
