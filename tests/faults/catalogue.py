"""The catalogue of faults, read from ``cases/``: what is done, what has to come of it, which tests prove it.

Most cases are proved twice or thrice: by the part that is responsible and by real servers. A test is named
as pytest does, without ``tests/``; without parameters all of them are meant, and in parameters ``*`` stands
for anything. A mistake is one of `tests.faults.breaks`, or is told in words. The test of a ``seen`` mistake
makes it itself and shows that it is noticed. A ``made`` mistake is made by the run, and the test has to fail
of it.
"""

import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.breaks import find_mistake


class Mistake(NamedTuple):
    """A mistake that a case notices by a test, which makes it itself unless the run is to make it."""

    case: int
    name: str
    test: str
    is_made_by_the_run: bool

    @property
    def told(self) -> str:
        """What it is, in a sentence."""
        if not self.name.isidentifier():
            return self.name
        return (find_mistake(self.name).__doc__ or "").splitlines()[0]

    @property
    def id(self) -> str:
        """Names it among all mistakes: several tests of a case may have to notice the same one."""
        file = Path(self.test.partition("::")[0])
        return f"{self.case}-{self.name}-{file.with_suffix('')}"

    @property
    def shown_by(self) -> str:
        """The test that fails where the mistake is not noticed."""
        if self.is_made_by_the_run:
            return f"faults/test_mistakes.py::test_a_mistake_is_noticed[{self.id}]"
        return self.test


class Case(NamedTuple):
    """One row of the catalogue. ``tests`` prove it, ``mistakes`` show that they can fail."""

    number: int
    what: str
    expected: str
    tests: tuple[str, ...]
    mistakes: tuple[Mistake, ...]


def _read() -> tuple[Case, ...]:
    files = (Path(__file__).parent / "cases").glob("*.toml")
    given = (each for file in files for each in tomllib.loads(file.read_text())["case"])
    return tuple(sorted(map(_case, given), key=lambda case: case.number))


def _case(given: dict[str, Any]) -> Case:
    number = given["number"]
    mistakes = tuple(
        Mistake(number, each.get("made") or each["seen"], each["by"], "made" in each)
        for each in given["mistakes"]
    )
    return Case(number, given["what"], given["expected"], tuple(given["tests"]), mistakes)


CASES = _read()

AWAITING = range(51, 73)
"""Cases that are newer than the last run of the whole programme; the report says so of each."""


def pattern_of(test: str) -> re.Pattern[str]:
    """Recognises the node ids that a name of a test stands for."""
    text = re.escape(f"tests/{test}").replace(r"\*", ".*")
    return re.compile(text if text.endswith(r"\]") else rf"{text}(\[.*\])?", re.DOTALL)


def files() -> list[str]:
    """The test files of the programme."""
    names = {name for case in CASES for name in (*case.tests, *(each.shown_by for each in case.mistakes))}
    return sorted({f"tests/{name.partition('::')[0]}" for name in names})
