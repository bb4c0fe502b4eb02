"""The harness's command line."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks import (
    breakdown,
    events,
    latency,
    ledger,
    load,
    profiling,
    report,
    scale,
    scale_report,
    tokens,
)
from benchmarks.compare import compare, open_lanes
from benchmarks.contenders.registry import COMPARED, CONTENDERS
from benchmarks.load import Pressure
from benchmarks.machine import facts
from benchmarks.processes import BenchmarkError
from benchmarks.workbench import Workbench
from benchmarks.workloads import WORKLOADS, named

RESULTS = Path(__file__).with_name("results")
Measure = Callable[[Workbench, scale.Effort], Iterator[scale_report.Measured]]
SECTIONS: Mapping[str, Measure] = {
    "tasks": scale.tasks_per_user,
    "rows": scale.rows,
    "concurrency": scale.concurrency,
    "starts": scale.starts,
}


def main(arguments: list[str] | None = None) -> None:
    """Run one of the benchmark's commands; exit with 1 and a sentence when it cannot go on."""
    options = _parser().parse_args(arguments)
    # A benchmark that is told to end still ends the servers it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        load.require_wrk()
        options.command(options)
    except (BenchmarkError, ValueError) as error:
        print(f"benchmark: {error}", file=sys.stderr)
        raise SystemExit(1) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--out", type=Path, default=RESULTS, help="where the results go")
    common.add_argument("--keep", action="store_true", help="keep SQLite files and servers' logs")
    commands = parser.add_subparsers(required=True)

    comparing = commands.add_parser("compare", parents=[common], help="Donebook and its peers side by side")
    comparing.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default 3)")
    comparing.add_argument("--seconds", type=float, default=4.0, help="of load per cell (default 4)")
    comparing.add_argument("--connections", type=int, default=32, help="keep-alive (default 32)")
    comparing.add_argument(
        "--repeats", type=int, default=2, help="of a cell that others disturbed (default 2)"
    )
    comparing.add_argument("--quick", action="store_true", help="one round of one second: a look, no result")
    comparing.add_argument("--only", default="", help=f"contenders, of {', '.join(CONTENDERS)}")
    comparing.add_argument("--workloads", default="", help=f"of {', '.join(each.name for each in WORKLOADS)}")
    comparing.set_defaults(command=_compare)

    checking = commands.add_parser("latency", parents=[common], help="p95 with 100 connections, two workers")
    checking.add_argument("--seconds", type=float, default=5.0, help="of load per cell (default 5)")
    checking.set_defaults(command=_latency)

    verifying = commands.add_parser("tokens", parents=[common], help="what verifying a token costs")
    verifying.set_defaults(command=_tokens)

    keeping = commands.add_parser("ledger", parents=[common], help="what the ledger adds to a creation")
    keeping.set_defaults(command=_ledger)

    splitting = commands.add_parser(
        "breakdown", parents=[common], help="where PostgreSQL's time goes, statement by statement"
    )
    splitting.set_defaults(command=_breakdown)

    watching = commands.add_parser("profile", parents=[common], help="where a worker's time goes under load")
    watching.add_argument("--seconds", type=float, default=8.0, help="of load per workload (default 8)")
    watching.set_defaults(command=_profile)

    following = commands.add_parser("events", parents=[common], help="what following events costs")
    following.set_defaults(command=_events)

    scaling = commands.add_parser("scale", parents=[common], help="what a request costs as the work grows")
    scaling.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default 3)")
    scaling.add_argument("--seconds", type=float, default=3.0, help="of load per cell (default 3)")
    scaling.add_argument("--sections", default="", help=f"of {', '.join(SECTIONS)}")
    scaling.set_defaults(command=_scale)
    return parser


def _compare(options: argparse.Namespace) -> None:
    rounds, repeats, seconds = options.rounds, options.repeats, options.seconds
    if options.quick:
        rounds, repeats, seconds = 1, 0, 1.0
    workloads = named(_words(options.workloads))
    names = _words(options.only) or [kind.name for kind in COMPARED]
    unknown = [name for name in names if name not in CONTENDERS]
    if unknown:
        raise ValueError(f"no contender {', '.join(unknown)}; there are {', '.join(CONTENDERS)}")
    with Workbench(keep=options.keep) as bench:
        lanes = open_lanes(bench, [CONTENDERS[name] for name in names])
        if not lanes:
            raise BenchmarkError("there is nobody to measure")
        machine = facts()
        pressure = Pressure(seconds, options.connections)
        cells = compare(lanes, workloads, pressure, bench.directory, rounds=rounds, repeats=repeats)
        settings = {"rounds": rounds, "seconds": seconds, "connections": options.connections}
        result = report.Comparison(lanes, workloads, cells, bench.left_out, machine, settings)
        print(report.write(result, options.out).read_text())


def _latency(options: argparse.Namespace) -> None:
    with Workbench(keep=options.keep) as bench:
        found = latency.check(bench, options.seconds)
        print(latency.write(found, options.out).read_text())


def _tokens(options: argparse.Namespace) -> None:
    print(tokens.write(options.out).read_text())


def _ledger(options: argparse.Namespace) -> None:
    print(ledger.write(ledger.measure(), options.out).read_text())


def _breakdown(options: argparse.Namespace) -> None:
    with Workbench(keep=options.keep) as bench:
        print(breakdown.write(breakdown.measure(bench), options.out).read_text())


def _profile(options: argparse.Namespace) -> None:
    with Workbench(keep=options.keep) as bench:
        print(profiling.write(profiling.profile(bench, options.seconds), options.out).read_text())


def _events(options: argparse.Namespace) -> None:
    with Workbench(keep=options.keep) as bench:
        idle, seen = events.measure(bench)
        print(events.write(idle, seen, options.out).read_text())


def _scale(options: argparse.Namespace) -> None:
    effort = scale.Effort(options.seconds, options.rounds)
    names = _words(options.sections) or list(SECTIONS)
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        raise ValueError(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    with Workbench(keep=options.keep) as bench:
        found = [each for name in names for each in SECTIONS[name](bench, effort)]
        print(scale_report.write(found, bench.left_out, options.out).read_text())


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]
