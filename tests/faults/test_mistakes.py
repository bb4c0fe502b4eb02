"""Each case can fail: a mistake that the run makes, in its own process and its servers', fails a test."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.breaks import VARIABLE
from tests.faults.catalogue import CASES, Mistake

ROOT = Path(__file__).parents[2]
MADE = [each for case in CASES for each in case.mistakes if each.is_made_by_the_run]


@pytest.mark.slow_faults
@pytest.mark.parametrize("mistake", MADE, ids=lambda mistake: f"{mistake.case}-{mistake.name}")
def test_a_mistake_is_noticed(mistake: Mistake) -> None:
    command = [sys.executable, "-m", "pytest", "--faults", "-x", "-q", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        [*command, f"tests/{mistake.test}"],
        cwd=ROOT,
        env=os.environ | {VARIABLE: mistake.name},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )

    # Failed, and not for want of the test or of what it needs.
    assert 1 == ended.returncode, ended.stdout + ended.stderr
    assert re.search(r"^FAILED tests/", ended.stdout, re.MULTILINE), ended.stdout
    assert not re.search(r"^ERROR ", ended.stdout, re.MULTILINE), ended.stdout
