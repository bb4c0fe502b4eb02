from pathlib import Path

import pytest

SUITE = """
import pytest

@pytest.mark.redis
def test_one(): pass

@pytest.mark.redis
def test_two(): pass

@pytest.mark.proxy
def test_three(): pass

def test_without_a_tool(): pass
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A suite on a machine on which no program is found."""
    monkeypatch.setattr("tests.external_tools.find_program", lambda name: None)
    monkeypatch.delenv("DONEBOOK_REQUIRE_ALL", raising=False)
    pytester.makepyfile(SUITE)
    pytester.makeini(
        "[pytest]\nmarkers =\n redis: r\n proxy: p\nasyncio_default_fixture_loop_scope = function"
    )
    return pytester


def test_tests_without_their_tool_are_left_out_in_one_line(suite: pytest.Pytester) -> None:
    result = suite.runpytest_inprocess("-p", "tests.external_tools")

    result.assert_outcomes(passed=1, deselected=3)
    assert [line for line in result.outlines if "left out" in line] == [
        "left out: 2 tests marked redis (install Redis); 1 test marked proxy (install HAProxy)"
    ]


def test_a_missing_tool_is_an_error_where_every_test_must_run(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DONEBOOK_REQUIRE_ALL", "1")

    result = suite.runpytest_inprocess("-p", "tests.external_tools")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*every test must run, but cannot: 2 tests marked redis (install Redis)*"])


def test_nothing_is_said_when_no_test_needs_the_missing_tool(suite: pytest.Pytester) -> None:
    result = suite.runpytest_inprocess("-p", "tests.external_tools", "-k", "without_a_tool")

    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.no_fnmatch_line("*left out*")


@pytest.mark.parametrize("program", ["haproxy", "pgbouncer"])
def test_a_server_off_the_users_path_is_found(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests import external_tools

    (tmp_path / program).touch(mode=0o755)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(external_tools, "SYSTEM_DIRECTORIES", [str(tmp_path)])

    assert str(tmp_path / program) == external_tools.find_program(program)
