"""What a comparison leaves behind: a table to read, JSON to keep, a picture to show."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import chart
from benchmarks.bars import Verdict, judge
from benchmarks.compare import Cell, Figures, Lane, medians
from benchmarks.workloads import Workload

Summary = Mapping[tuple[str, str], Figures]


def write(
    directory: Path,
    lanes: Sequence[Lane],
    workloads: Sequence[Workload],
    cells: Sequence[Cell],
    left_out: Sequence[str],
    machine: Mapping[str, object],
    settings: Mapping[str, object],
) -> Path:
    """Write `compare.md`, `compare.json` and `compare.svg`; return the table's path."""
    directory.mkdir(parents=True, exist_ok=True)
    summary = medians(cells)
    verdicts = judge({key: figures.cpu_us for key, figures in summary.items()})
    titles = {lane.name: _title(lane, lanes) for lane in lanes}
    table = directory / "compare.md"
    table.write_text(_page(lanes, titles, workloads, summary, verdicts, left_out, machine, settings))
    (directory / "compare.json").write_text(
        json.dumps(
            {
                "machine": machine,
                "settings": settings,
                "versions": {lane.contender.name: lane.contender.versions() for lane in lanes},
                "left_out": list(left_out),
                "medians": [
                    {"lane": lane, "workload": workload, **asdict(figures)}
                    for (lane, workload), figures in summary.items()
                ],
                "bars": [{**asdict(verdict), "met": verdict.met} for verdict in verdicts],
                "cells": [asdict(cell) for cell in cells],
            },
            indent=1,
        )
        + "\n"
    )
    (directory / "compare.svg").write_text(chart.draw(titles, workloads, summary))
    return table


def _title(lane: Lane, lanes: Sequence[Lane]) -> str:
    alone = sum(other.contender is lane.contender for other in lanes) == 1
    ours = lane.contender.name.startswith("taskledger")
    return lane.contender.title if alone and not ours else f"{lane.contender.title}, {lane.dialect.name}"


def _page(
    lanes: Sequence[Lane],
    titles: Mapping[str, str],
    workloads: Sequence[Workload],
    summary: Summary,
    verdicts: Sequence[Verdict],
    left_out: Sequence[str],
    machine: Mapping[str, object],
    settings: Mapping[str, object],
) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in machine.items())
    how = ", ".join(f"{name} {value}" for name, value in settings.items())
    parts = [
        "# Comparison",
        f"{facts}.\n{how}.",
        *(f"Left out: {line}." for line in left_out),
        "## CPU µs per request: server + database",
        _table(titles, workloads, summary, _cost),
        *(["## The bar", _verdicts(titles, workloads, verdicts)] if verdicts else []),
        "## Requests per second",
        _table(titles, workloads, summary, lambda figures: f"{figures.requests_per_second:,.0f}"),
        "## Latency in ms: p50 / p99",
        _table(titles, workloads, summary, lambda figures: f"{figures.p50_ms:.1f} / {figures.p99_ms:.1f}"),
        "## How each was run",
        "\n".join(
            f"- {lane.contender.title}: {lane.contender.notes} "
            f"({', '.join(f'{name} {version}' for name, version in lane.contender.versions().items())})"
            for lane in {id(lane.contender): lane for lane in lanes}.values()
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _cost(figures: Figures) -> str:
    if figures.database_us < 0.5:
        return f"{figures.server_us:,.0f}"
    return f"{figures.server_us:,.0f} + {figures.database_us:,.0f}"


def _table(titles: Mapping[str, str], workloads: Sequence[Workload], summary: Summary, show: object) -> str:
    assert callable(show)
    rows = [["", *(workload.title for workload in workloads)]]
    for lane, title in titles.items():
        found = [summary.get((lane, workload.name)) for workload in workloads]
        rows.append([title, *("" if figures is None else show(figures) for figures in found)])
    return _markdown(rows)


def _verdicts(titles: Mapping[str, str], workloads: Sequence[Workload], verdicts: Sequence[Verdict]) -> str:
    names = {workload.name: workload.title for workload in workloads}
    rows = [["", "workload", "measured", "bar", ""]]
    for verdict in verdicts:
        against = titles[verdict.bar.peer]
        if verdict.bar.peer_workload != verdict.bar.workload:
            against += f" ({names[verdict.bar.peer_workload]})"
        rows.append(
            [
                f"{titles[verdict.lane]} ÷ {against}",
                names[verdict.bar.workload],
                f"{verdict.ratio:.2f}",
                f"≤ {verdict.bar.limit:.2f}",
                "✓" if verdict.met else "✗ missed",
            ]
        )
    return _markdown(rows)


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = [f"| {' | '.join(head)} |", "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in body)])
