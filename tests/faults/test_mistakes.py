"""Each case can fail: a mistake that the run makes, in its own process and its servers', fails a test."""

import os
import re
from pathlib import Path

import pytest

from tests.faults.breaks import VARIABLE
from tests.faults.catalogue import CASES, Mistake
from tests.faults.nursery import Nursery

MADE = [each for case in CASES for each in case.mistakes if each.is_made_by_the_run]


@pytest.mark.slow_faults
@pytest.mark.parametrize("mistake", MADE, ids=lambda mistake: mistake.id)
def test_a_mistake_is_noticed(mistake: Mistake, nursery: Nursery, tmp_path: Path) -> None:
    log = tmp_path / "log"
    options = ["--faults", "-x", "-q", "-p", "no:cacheprovider"]
    # The nursery has imported what plugins of pytest are made of.
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    status = nursery.test([*options, f"tests/{mistake.test}"], os.environ | {VARIABLE: mistake.name}, log)

    told = log.read_text()
    # Failed, and not for want of the test or of what it needs.
    assert 1 == status, told
    assert re.search(r"^FAILED tests/", told, re.MULTILINE), told
    assert not re.search(r"^ERROR tests/", told, re.MULTILINE), told
