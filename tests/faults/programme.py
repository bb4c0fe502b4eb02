"""The pytest plugin of the fault programme: the seed, the long cases, the mistakes, the report.

Without ``--faults`` the tests marked ``slow_faults`` are left out. With it they run; and where no tests
are named either, the run is the programme: every test that the catalogue names, wherever it lives, and
at its end the report.
"""

import os
import random
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.breaks import chosen_mistake, find_mistake
from tests.faults.report import Recorder

SEED = pytest.StashKey[int]()
RECORDER = pytest.StashKey[Recorder]()
Tries = Callable[..., None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--faults", action="store_true", help="run the long faults too; alone: the programme, with its report"
    )


def pytest_configure(config: pytest.Config) -> None:
    given = os.environ.get("DONEBOOK_FAULT_SEED")
    config.stash[SEED] = int(given) if given else secrets.randbelow(2**32)
    # A run in several processes has one seed: those started from here inherit it.
    os.environ["DONEBOOK_FAULT_SEED"] = str(config.stash[SEED])
    if config.getoption("--faults") and config.args_source is not pytest.Config.ArgsSource.ARGS:
        recorder = config.stash[RECORDER] = Recorder(config.stash[SEED])
        config.args = [str(config.rootpath / file) for file in recorder.files]
    mistake = chosen_mistake()
    if mistake is not None:
        find_mistake(mistake)()


def pytest_report_header(config: pytest.Config) -> str:
    return _say(config)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode, config: pytest.Config
) -> None:
    if config.getoption("--faults") or any(
        "tests/faults/" in each.nodeid for each in terminalreporter.stats.get("failed", [])
    ):
        terminalreporter.write_line(_say(config))
    if (recorder := config.stash.get(RECORDER, None)) is not None:
        terminalreporter.write_line(recorder.conclude(partial=_is_partial(config, exitstatus)))


def _say(config: pytest.Config) -> str:
    return f"faults: seed {config.stash[SEED]} (repeat with DONEBOOK_FAULT_SEED={config.stash[SEED]})"


def _is_partial(config: pytest.Config, status: pytest.ExitCode) -> bool:
    ended = {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    return bool(config.option.keyword or config.option.markexpr or config.option.collectonly) or (
        status not in ended
    )


@pytest.hookimpl(tryfirst=True)  # before those are left out that cannot run, which the report says then
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    recorder = config.stash.get(RECORDER, None)
    if recorder is not None:
        others = [item for item in items if not recorder.expect(item.nodeid)]
    elif config.getoption("--faults"):
        return
    else:
        others = [item for item in items if item.get_closest_marker("slow_faults")]
    if others:
        config.hook.pytest_deselected(items=others)
        left_out = set(others)
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    recorder = item.config.stash.get(RECORDER, None)
    if recorder is not None:
        recorder.note(report)
    return report


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
