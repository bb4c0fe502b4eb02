"""The pytest plugin of the fault programme: the seed, the long cases, the report.

Without ``--faults`` the tests marked ``slow_faults`` are left out. With it the run is the programme:
every test that the catalogue names, long or short, and at its end the report.
"""

import os
import random
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

SEED = pytest.StashKey[int]()
Tries = Callable[..., None]
REPORT = Path(__file__).parents[2] / "docs" / "reliability.md"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--faults", action="store_true", help="run the whole fault programme and write its report"
    )


def pytest_configure(config: pytest.Config) -> None:
    given = os.environ.get("TASKLEDGER_FAULT_SEED")
    config.stash[SEED] = int(given) if given else secrets.randbelow(2**32)


def pytest_report_header(config: pytest.Config) -> str:
    return _say(config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--faults") or any(
        "tests/faults/" in each.nodeid for each in terminalreporter.stats.get("failed", [])
    ):
        terminalreporter.write_line(_say(config))


def _say(config: pytest.Config) -> str:
    return f"faults: seed {config.stash[SEED]} (repeat with TASKLEDGER_FAULT_SEED={config.stash[SEED]})"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--faults"):
        return
    slow = [item for item in items if item.get_closest_marker("slow_faults")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Random choices that the run's seed and the test's name decide."""
    return random.Random(f"{request.config.stash[SEED]} {request.node.nodeid}")


@pytest.fixture
def tries(record_property: Callable[[str, object], None]) -> Tries:
    """Say for the report how often the test tried, at what, and what it measured: ``tries(3, "kills")``."""

    def record(count: int, what: str, measured: str = "") -> None:
        record_property("tries", (count, what, measured))

    return record
