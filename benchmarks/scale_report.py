"""The pages of `bench-scale`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.machine import facts, words
from benchmarks.report import markdown
from benchmarks.scale import Footprint, Reading, Start

Measured = Reading | Footprint | Start


def write(found: Sequence[Measured], left_out: Sequence[str], directory: Path) -> Path:
    """Write `scale.md` and `scale.json`; return the table's path."""
    directory.mkdir(parents=True, exist_ok=True)
    readings = [each for each in found if isinstance(each, Reading)]
    footprints = [each for each in found if isinstance(each, Footprint)]
    starts = [each for each in found if isinstance(each, Start)]
    record = {
        "machine": facts(),
        "left_out": sorted(set(left_out)),
        "readings": [{**asdict(each), "flat": each.flat} for each in readings],
        "memory": [asdict(each) for each in footprints],
        "starts": [asdict(each) for each in starts],
    }
    (directory / "scale.json").write_text(json.dumps(record, indent=1) + "\n")
    parts = ["# As the work grows", words(facts())]
    parts += [f"Left out: {line}." for line in sorted(set(left_out))]
    for section in dict.fromkeys(each.section for each in readings):
        rows = [each for each in readings if each.section == section]
        growing = any(each.growth != 1.0 for each in rows)
        parts += [f"## {section.capitalize()}", _readings(rows, growing=growing)]
    parts += ["## Memory per worker", _footprints(footprints)] if footprints else []
    parts += ["## From process start to the first healthy answer", _starts(starts)] if starts else []
    table = directory / "scale.md"
    table.write_text("\n\n".join(parts) + "\n")
    return table


def _readings(readings: Sequence[Reading], *, growing: bool) -> str:
    head = ["", "workload", "setting", "CPU µs: server + database", "requests/s", "p50 ms", "p99 ms"]
    rows = [head + (["growth", "flat"] if growing else [])]
    for each in readings:
        figures = each.figures
        rows.append(
            [
                each.lane,
                each.workload,
                each.setting,
                f"{figures.server_us:,.0f} + {figures.database_us:,.0f}",
                f"{figures.requests_per_second:,.0f}",
                f"{figures.p50_ms:.1f}",
                f"{figures.p99_ms:.1f}",
            ]
            + ([f"{each.growth:.2f}", "✓" if each.flat else "✗"] if growing else [])
        )
    return markdown(rows)


def _footprints(footprints: Sequence[Footprint]) -> str:
    rows = [["", "workers", "MiB at rest", "MiB after load"]]
    rows += [
        [each.lane, str(each.workers), f"{each.at_rest_mib:.0f}", f"{each.after_load_mib:.0f}"]
        for each in footprints
    ]
    return markdown(rows)


def _starts(starts: Sequence[Start]) -> str:
    rows = [["", "database", "median s", "worst s"]]
    rows += [
        [each.contender, each.database, f"{each.median_seconds:.2f}", f"{each.worst_seconds:.2f}"]
        for each in starts
    ]
    return markdown(rows)
