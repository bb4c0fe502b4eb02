"""The SQL of the task core changes only where somebody means it to."""

from tests.ledger.core_statements import FILE, render


def test_the_statements_of_the_task_core_are_those_of_the_file() -> None:
    assert FILE.read_text() == render(), "a change that is meant: python -m tests.ledger.core_statements"
