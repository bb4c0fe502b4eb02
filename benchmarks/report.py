"""What a comparison leaves behind: a table to read, JSON to keep, a picture to show."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from benchmarks import chart
from benchmarks.bars import Verdict, judge
from benchmarks.cells import Cell, Figures, Lane, medians
from benchmarks.contenders.contender import Contender
from benchmarks.machine import words
from benchmarks.workloads import Workload


@dataclass(frozen=True)
class Comparison:
    """Everything a finished comparison knows."""

    lanes: Sequence[Lane]
    workloads: Sequence[Workload]
    cells: Sequence[Cell]
    left_out: Sequence[str]
    machine: Mapping[str, object]
    settings: Mapping[str, object]

    @cached_property
    def summary(self) -> Mapping[tuple[str, str], Figures]:
        """The medians of the rounds."""
        return medians(self.cells)

    @cached_property
    def verdicts(self) -> Sequence[Verdict]:
        """The bars that can be judged."""
        return judge({key: figures.cpu_us for key, figures in self.summary.items()})

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """What each lane is called."""
        return {lane.name: _title(lane, self.lanes) for lane in self.lanes}

    @cached_property
    def contenders(self) -> Sequence[Contender]:
        """Everyone who took part, once."""
        return list({id(lane.contender): lane.contender for lane in self.lanes}.values())


def write(comparison: Comparison, directory: Path) -> Path:
    """Write `compare.md`, `compare.json` and `compare.svg`; return the table's path."""
    directory.mkdir(parents=True, exist_ok=True)
    table = directory / "compare.md"
    table.write_text(_page(comparison))
    (directory / "compare.json").write_text(json.dumps(_record(comparison), indent=1) + "\n")
    picture = chart.draw(comparison.titles, comparison.workloads, comparison.summary)
    (directory / "compare.svg").write_text(picture)
    return table


def _record(comparison: Comparison) -> Mapping[str, object]:
    return {
        "machine": comparison.machine,
        "settings": comparison.settings,
        "versions": {contender.name: contender.versions() for contender in comparison.contenders},
        "left_out": list(comparison.left_out),
        "medians": [
            {"lane": lane, "workload": workload, **asdict(figures)}
            for (lane, workload), figures in comparison.summary.items()
        ],
        "bars": [{**asdict(verdict), "met": verdict.met} for verdict in comparison.verdicts],
        "cells": [asdict(cell) for cell in comparison.cells],
    }


def _title(lane: Lane, lanes: Sequence[Lane]) -> str:
    alone = sum(other.contender is lane.contender for other in lanes) == 1
    ours = lane.contender.name.startswith("donebook")
    return lane.contender.title if alone and not ours else f"{lane.contender.title}, {lane.dialect.name}"


def _page(comparison: Comparison) -> str:
    disturbed = max((figures.elsewhere for figures in comparison.summary.values()), default=0.0)
    parts = [
        "# Comparison",
        words(comparison.machine),
        words(comparison.settings),
        *(f"Left out: {line}." for line in comparison.left_out),
        f"Other processes took at most {disturbed:.0%} of the machine during a cell that counts.",
        "## CPU µs per request: server + database",
        _table(comparison, _cost),
        *(["## The bar", _verdicts(comparison)] if comparison.verdicts else []),
        "## Requests per second",
        _table(comparison, lambda figures: f"{figures.requests_per_second:,.0f}"),
        "## Latency in ms: p50 / p99",
        _table(comparison, lambda figures: f"{figures.p50_ms:.1f} / {figures.p99_ms:.1f}"),
        "## How each was run",
        "\n".join(_configuration(contender) for contender in comparison.contenders),
    ]
    return "\n\n".join(parts) + "\n"


def _configuration(contender: Contender) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in contender.versions().items())
    return f"- {contender.title}: {contender.notes}" + (f" ({versions})" if versions else "")


def _cost(figures: Figures) -> str:
    if figures.database_us < 0.5:
        return f"{figures.server_us:,.0f}"
    return f"{figures.server_us:,.0f} + {figures.database_us:,.0f}"


def _table(comparison: Comparison, show: Callable[[Figures], str]) -> str:
    rows = [["", *comparison.titles.values()]]
    for workload in comparison.workloads:
        found = [comparison.summary.get((lane, workload.name)) for lane in comparison.titles]
        rows.append([workload.title, *("" if figures is None else show(figures) for figures in found)])
    return markdown(rows)


def _verdicts(comparison: Comparison) -> str:
    names = {workload.name: workload.title for workload in comparison.workloads}
    rows = [["", "workload", "measured", "bar", ""]]
    for verdict in comparison.verdicts:
        against = comparison.titles[verdict.bar.peer]
        if verdict.bar.peer_workload != verdict.bar.workload:
            against += f" ({names[verdict.bar.peer_workload]})"
        rows.append(
            [
                f"{comparison.titles[verdict.lane]} ÷ {against}",
                names[verdict.bar.workload],
                f"{verdict.ratio:.2f}",
                f"≤ {verdict.bar.limit:.2f}",
                "✓" if verdict.met else "✗ missed",
            ]
        )
    return markdown(rows)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows, the first of which is the head, as a table."""
    head, *body = rows
    lines = [f"| {' | '.join(head)} |", "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in body)])
