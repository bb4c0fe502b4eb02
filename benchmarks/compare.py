"""The comparison: every contender, every workload, in interleaved rounds."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.cells import Cell, Lane, measure
from benchmarks.contenders.contender import Contender
from benchmarks.load import Pressure
from benchmarks.population import Population
from benchmarks.workbench import Workbench
from benchmarks.workloads import Workload


def open_lanes(bench: Workbench, kinds: Sequence[type[Contender]]) -> list[Lane]:
    """Prepare, start and verify everyone who can be had."""
    population = Population()
    lanes = []
    for kind in kinds:
        contender = bench.prepare(kind, population)
        if contender is not None:
            lanes += bench.open_lanes(contender, population, tags=True)
    return lanes


def compare(
    lanes: Sequence[Lane],
    workloads: Sequence[Workload],
    pressure: Pressure,
    directory: Path,
    *,
    rounds: int,
    repeats: int,
) -> list[Cell]:
    """Measure every workload on every lane, ``rounds`` times, the lanes taking turns at each workload."""
    print("  warming up", flush=True)
    warming = replace(pressure, seconds=min(pressure.seconds, 1.0))
    for lane in lanes:
        for workload in workloads:
            measure(lane, workload, warming, directory, number=rounds, repeats=0)
    cells = []
    for number in range(rounds):
        start = number % len(lanes)
        for workload in workloads:
            print(f"  round {number + 1} of {rounds}: {workload.title}", flush=True)
            for lane in (*lanes[start:], *lanes[:start]):
                cell = measure(lane, workload, pressure, directory, number=number, repeats=repeats)
                if cell is not None:
                    cells.append(cell)
        for contender in {id(lane.contender): lane.contender for lane in lanes}.values():
            contender.tidy()
    return cells
