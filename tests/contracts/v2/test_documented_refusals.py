"""docs/sync.md lists the refusals of the contract: all there are, with their status."""

import re
from pathlib import Path

import pytest

from donebook import errors
from donebook.contracts.v2.voice import _SCHEMAS, Problem, ProblemVoice
from donebook.http.failures import _RULES, status_of

DOCUMENT = Path(__file__).parents[3] / "docs" / "sync.md"
OF_ACCOUNTS = {
    "wrong_credentials",
    "session_ended",
    "email_taken",
    "forbidden",
    "foreign_origin",
    "sign_up_closed",
    "invitation_missing",
}
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


@pytest.mark.parametrize(
    "failure",
    [
        errors.TaskNotFound(),
        errors.RevisionAhead(8),
        errors.EditConflict([errors.FieldConflict("title", "a", "b")]),
        errors.UndoConflict([errors.UndoObstacle(1, None, ("title",))]),
        errors.PreconditionFailed(None, 8),
        errors.KeyReused(),
        errors.OperationFailed(2, errors.TaskNotFound()),
        errors.OperationFailed(2, errors.RevisionAhead(8)),
        errors.OperationFailed(2, errors.PreconditionFailed(None, 8)),
    ],
    ids=repr,
)
def test_what_a_refusal_carries_is_in_the_schema_of_its_status(failure: errors.Failure) -> None:
    schema = _SCHEMAS.get(status_of(failure), Problem).model_json_schema()

    spoken = ProblemVoice().word(failure, "1")

    assert set() == set(spoken) - set(schema["properties"])
    assert set() == set(schema["required"]) - set(spoken)
