"""The catalogue names tests and mistakes that there are, and the report is of this catalogue."""

import ast
import re
from pathlib import Path

from tests.faults.breaks import find_mistake
from tests.faults.catalogue import AWAITING, CASES, pattern_of
from tests.faults.report import PAGE

TESTS = Path(__file__).parents[1]


def names_in(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text())
    functions = (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return {each.name for each in functions if each.name.startswith("test_")}


def test_the_72_cases_have_tests_and_mistakes_that_they_notice() -> None:
    assert list(range(1, 73)) == [case.number for case in CASES]
    assert all(case.tests and case.mistakes for case in CASES)


def test_every_test_that_is_named_exists() -> None:
    names = {name for case in CASES for name in (*case.tests, *(each.shown_by for each in case.mistakes))}
    missing = [
        name
        for name in names
        if name.rpartition("::")[2].partition("[")[0] not in names_in(name.partition("::")[0])
    ]
    assert [] == missing


def test_every_mistake_that_is_named_exists() -> None:
    for case in CASES:
        for mistake in case.mistakes:
            assert mistake.told.endswith("."), mistake
            if mistake.is_made_by_the_run:
                find_mistake(mistake.name)


def test_each_case_has_a_mistake_that_a_test_with_real_servers_notices() -> None:
    others = [
        case.number
        for case in CASES
        if not any(each.test.startswith(("faults/", "process/")) for each in case.mistakes)
    ]
    assert [] == others


def test_no_two_mistakes_are_one_test() -> None:
    ids = [each.id for case in CASES for each in case.mistakes if each.is_made_by_the_run]
    assert sorted(set(ids)) == sorted(ids)


def test_a_name_stands_for_the_test_with_its_parameters() -> None:
    assert pattern_of("a.py::test_b").fullmatch("tests/a.py::test_b[sqlite-1]")
    assert not pattern_of("a.py::test_b").fullmatch("tests/a.py::test_bc")
    assert pattern_of("a.py::test_b[*-31]").fullmatch("tests/a.py::test_b[sqlite-31]")
    assert not pattern_of("a.py::test_b[*-31]").fullmatch("tests/a.py::test_b[sqlite-131]")


def test_the_report_is_of_these_cases_and_all_have_passed_that_ran() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*?) \| (.*?) \| .*? \| (\w+)", PAGE.read_text(), re.MULTILINE)
    assert [
        (str(case.number), case.what, case.expected, "awaiting" if case.number in AWAITING else "passed")
        for case in CASES
    ] == rows
