"""The harness's command line."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks import load, report
from benchmarks.compare import compare, open_lanes
from benchmarks.contenders.registry import CONTENDERS
from benchmarks.machine import facts
from benchmarks.population import Population
from benchmarks.processes import BenchmarkError
from benchmarks.workloads import WORKLOADS, named

RESULTS = Path(__file__).with_name("results")


def main(arguments: list[str] | None = None) -> None:
    """Run one of the benchmark's commands; exit with 1 and a sentence when it cannot go on."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except (BenchmarkError, ValueError) as error:
        print(f"benchmark: {error}", file=sys.stderr)
        raise SystemExit(1) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(required=True)
    comparing = commands.add_parser("compare", help="measure Taskledger and its peers side by side")
    comparing.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default 3)")
    comparing.add_argument("--seconds", type=float, default=4.0, help="seconds of load per cell (default 4)")
    comparing.add_argument("--connections", type=int, default=32, help="keep-alive connections (default 32)")
    comparing.add_argument(
        "--repeats", type=int, default=2, help="times to repeat a cell that others disturbed (default 2)"
    )
    comparing.add_argument(
        "--quick", action="store_true", help="one round of one second: a look, not a result"
    )
    comparing.add_argument("--only", default="", help=f"contenders, of {', '.join(CONTENDERS)}")
    comparing.add_argument("--workloads", default="", help=f"of {', '.join(each.name for each in WORKLOADS)}")
    comparing.add_argument("--out", type=Path, default=RESULTS, help="where the table, JSON and picture go")
    comparing.add_argument("--keep", action="store_true", help="keep the databases and logs of the run")
    comparing.set_defaults(command=_compare)
    return parser


def _compare(options: argparse.Namespace) -> None:
    load.require_wrk()
    rounds, seconds = (1, 1.0) if options.quick else (options.rounds, options.seconds)
    workloads = named(_words(options.workloads))
    names = _words(options.only) or list(CONTENDERS)
    unknown = [name for name in names if name not in CONTENDERS]
    if unknown:
        raise ValueError(f"no contender {', '.join(unknown)}; there are {', '.join(CONTENDERS)}")
    workdir = new_workdir()
    contenders = [CONTENDERS[name](workdir) for name in names]
    try:
        lanes, left_out = open_lanes(contenders, Population())
        for line in left_out:
            print(f"  left out: {line}")
        if not lanes:
            raise BenchmarkError("there is nobody to measure")
        before = facts()
        settings = {"rounds": rounds, "seconds": seconds, "connections": options.connections}
        repeats = 0 if options.quick else options.repeats
        cells = compare(lanes, workloads, workdir, **settings, repeats=repeats)
        result = report.Comparison(lanes, workloads, cells, left_out, before, settings)
        print(report.write(result, options.out).read_text())
    finally:
        for contender in contenders:
            contender.stop()
        discard_workdir(workdir, keep=options.keep)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def new_workdir() -> Path:
    """Make a directory for databases and logs that PostgreSQL's unprivileged account can enter."""
    workdir = Path(tempfile.mkdtemp(prefix="taskledger-benchmark-"))
    workdir.chmod(0o755)
    return workdir


def discard_workdir(workdir: Path, *, keep: bool) -> None:
    """Remove a run's databases and logs, unless something failed or they are wanted."""
    if keep or sys.exc_info()[0] is not None:
        print(f"  databases and logs are in {workdir}")
    else:
        shutil.rmtree(workdir, ignore_errors=True)
