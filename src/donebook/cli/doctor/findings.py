"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    DOUBTFUL = "doubtful"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: how it ended, what was found, and what mends it or has it checked."""

    state: State
    name: str
    found: str
    mend: str = ""


def ok(name: str, found: str) -> Finding:
    """A check that passed."""
    return Finding(State.OK, name, found)


def failed(name: str, found: str, mend: str = "") -> Finding:
    """A check that did not pass: the installation is not in order."""
    return Finding(State.FAILED, name, found, mend)


def doubtful(name: str, found: str, mend: str = "") -> Finding:
    """Something that is probably a mistake and may be meant."""
    return Finding(State.DOUBTFUL, name, found, mend)


def not_checked(name: str, why: str, how: str = "") -> Finding:
    """Something that was not looked at, why, and how to have it looked at."""
    return Finding(State.NOT_CHECKED, name, why, how)


def judged(name: str, *, good: bool, found: str, mend: str = "") -> Finding:
    """Passed or failed."""
    return Finding(State.OK if good else State.FAILED, name, found, mend)
