"""The directory of a run and everyone who was started in it."""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.cells import Lane
from benchmarks.contenders.contender import Contender
from benchmarks.population import Population
from benchmarks.processes import Missing
from benchmarks.verify import Verification, serves


class Workbench:
    """Ends what it started and removes what it wrote, unless something failed or ``keep`` is set."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._contenders: list[Contender] = []
        self.left_out: list[str] = []
        """Who could not be had, and why."""

    def __enter__(self) -> Self:
        self.directory = Path(tempfile.mkdtemp(prefix="donebook-benchmark-"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as stack:
            # Each is ended, whatever happens when another is.
            for contender in self._contenders:
                stack.callback(contender.stop)
        if self._keep or kind is not None:
            print(f"  SQLite files and servers' logs are in {self.directory}")
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    def add(self, kind: type[Contender]) -> Contender:
        """Take in a contender as it is, with nothing prepared."""
        # One kind may be measured with several populations in one run.
        directory = self.directory / str(len(self._contenders))
        directory.mkdir()
        contender = kind(directory)
        self._contenders.append(contender)
        return contender

    def prepare(self, kind: type[Contender], population: Population) -> Contender | None:
        """Start a contender's database and seed it; None, and a line in ``left_out``, if it is missing."""
        print(f"  {kind.name}: seeding {population.size:,} tasks", flush=True)
        contender = self.add(kind)
        try:
            contender.prepare(population)
        except Missing as missing:
            self._leave_out(f"{kind.name}: {missing}")
            return None
        return contender

    def open_lanes(
        self, contender: Contender, population: Population, *, workers: int = 1, tags: bool = False
    ) -> list[Lane]:
        """Start a prepared contender and check its answers, contract by contract.

        With ``tags`` the accounts hold the entity tags of their lists.
        """
        try:
            contender.start(workers)
        except Missing as missing:
            self._leave_out(f"{contender.name}: {missing}")
            return []
        lanes = []
        for dialect in contender.dialects():
            if serves(contender, dialect, contender.accounts(dialect)):
                verification = Verification(contender, dialect, population)
                accounts = verification.run(tags=tags)
                lanes.append(Lane(contender, dialect, accounts, frozenset(verification.missing)))
                for operation in sorted(verification.missing):
                    self._leave_out(f"{lanes[-1].name}, {operation}: its URL is not served yet")
            else:
                self._leave_out(f"{contender.name}/{dialect.name}: answers 404, so it is not served yet")
        return lanes

    def _leave_out(self, line: str) -> None:
        print(f"  left out: {line}", flush=True)
        self.left_out.append(line)
