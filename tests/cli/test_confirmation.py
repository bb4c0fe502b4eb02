"""Asking before something that cannot be taken back."""

import pytest
import typer
from typer.testing import CliRunner

from donebook.cli.confirmation import Yes, confirm

app = typer.Typer()


@app.command()
def demolish(yes: Yes = False) -> None:
    confirm("Demolish the house?", yes=yes)
    typer.echo("Demolished")


@pytest.mark.parametrize("answer", ["y\n", "yes\n"])
def test_a_yes_goes_on(answer: str) -> None:
    result = CliRunner().invoke(app, [], input=answer)
    assert 0 == result.exit_code
    assert "Demolished" in result.stdout


@pytest.mark.parametrize("option", ["--yes", "-y"])
def test_the_option_does_not_ask(option: str) -> None:
    result = CliRunner().invoke(app, [option])
    assert (0, "Demolished\n") == (result.exit_code, result.stdout)


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_anything_else_does_nothing(answer: str) -> None:
    result = CliRunner().invoke(app, [], input=answer)
    assert 1 == result.exit_code
    assert "Nothing was done" in result.stderr
    assert "Demolished" not in result.output


def test_where_nobody_answers_the_option_is_named() -> None:
    result = CliRunner().invoke(app, [], input="")
    assert 1 == result.exit_code
    assert "--yes" in result.stderr
    assert "Demolished" not in result.output
