"""The catalogue of faults, read from ``cases.toml``: what is done, and which tests prove it."""

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
    with (Path(__file__).parent / "cases.toml").open("rb") as file:
        return tuple(_case(each) for each in tomllib.load(file)["case"])


def _case(given: dict[str, Any]) -> Case:
    number = given["number"]
    mistakes = tuple(
        Mistake(number, each.get("made") or each["seen"], each["by"], "made" in each)
        for each in given["mistakes"]
    )
    return Case(number, given["what"], given["expected"], tuple(given["tests"]), mistakes)


CASES = _read()


def pattern_of(test: str) -> re.Pattern[str]:
    """Recognises the node ids that a name of a test stands for."""
    text = re.escape(f"tests/{test}").replace(r"\*", ".*")
    return re.compile(text if text.endswith(r"\]") else rf"{text}(\[.*\])?", re.DOTALL)


def files() -> list[str]:
    """The test files of the programme."""
    names = {name for case in CASES for name in (*case.tests, *(each.shown_by for each in case.mistakes))}
    return sorted({f"tests/{name.partition('::')[0]}" for name in names})
