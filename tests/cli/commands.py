"""Running commands of ``donebook`` on a database, within the test's own process."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from donebook.cli import app
from donebook.http.lines import LINES
from tests.servers.postgres import call_in_thread
from tests.service import SECRET


class CommandLine:
    """The command line, under settings of the environment alone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
        # Where no .env is.
        monkeypatch.chdir(Path(__file__).parent)
        for name, value in ({"JWT_SECRET": SECRET} | environment).items():
            monkeypatch.setenv(name, value)

    def run(self, *arguments: str, typed: str = "") -> Result:
        """What a command did, however it ended."""
        # What a service in this process still has to log goes to its own standard error.
        assert LINES.flush()
        runner = CliRunner()
        # In a thread, because a command runs an event loop of its own.
        result: Any = call_in_thread(runner.invoke, app, list(arguments), input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result  # type: ignore[no-any-return]

    def lines(self, *arguments: str, typed: str = "") -> list[str]:
        """What a command that succeeds prints."""
        result = self.run(*arguments, typed=typed)
        assert 0 == result.exit_code, result.output
        return result.stdout.splitlines()
