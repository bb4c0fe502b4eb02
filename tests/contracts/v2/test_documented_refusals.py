"""docs/sync.md lists the refusals of the contract: all there are, with their status."""

import re
from pathlib import Path

from taskledger.contracts.v2.voice import ProblemVoice
from taskledger.http.failures import _RULES

DOCUMENT = Path(__file__).parents[3] / "docs" / "sync.md"
OF_ACCOUNTS = {"wrong_credentials", "email_taken", "forbidden"}
"""Refusals of endpoints that this contract has not."""


def test_every_code_is_documented_with_its_status() -> None:
    table = DOCUMENT.read_text().partition("## Refusals")[2]
    rows = re.findall(r"^\| (\d{3}) \| (.+?) \|", table, re.MULTILINE)
    documented = {code: int(status) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}

    spoken = {
        code: next(status for rule, status, _ in _RULES if issubclass(kind, rule))
        for kind, (code, _) in ProblemVoice._WORDS.items()
        if code not in OF_ACCOUNTS
    }
    assert spoken == documented
