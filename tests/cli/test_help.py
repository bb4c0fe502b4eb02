"""What a command says of itself."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from donebook import __version__
from donebook.cli import app


def commands(group: Any, *above: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *above, name)
        else:
            yield (*above, name)


ALL = list(commands(get_command(app)))


def find(words: tuple[str, ...]) -> Any:
    command: Any = get_command(app)
    for word in words:
        command = command.commands[word]
    return command


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_the_help_of_every_command_ends_with_an_example_that_it_would_take(words: tuple[str, ...]) -> None:
    command = find(words)
    *_, last = command.help.strip().split("\n\n")
    name = f"donebook {' '.join(words)}"
    assert last.startswith("Example: ")
    assert name in last

    given = last.partition(name)[2].rstrip(")").split()
    options = {option for each in command.params for option in each.opts}
    assert set() == {word for word in given if word.startswith("--")} - options
    shown = CliRunner().invoke(app, [*words, "--help"])
    assert 0 == shown.exit_code
    assert "Example: " in shown.output


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_a_paragraph_of_a_help_is_as_wide_as_the_terminal(words: tuple[str, ...]) -> None:
    shown = (
        CliRunner()
        .invoke(app, [*words, "--help"], terminal_width=400, env={"COLUMNS": "400"})
        .stdout.splitlines()
    )
    for paragraph in find(words).help.strip().split("\n\n"):
        assert " ".join(paragraph.split()) in [line.strip() for line in shown]


@pytest.mark.parametrize("words", ["version", "--version", "-V"])
def test_the_version_can_be_asked_for_in_every_usual_way(words: str) -> None:
    told = CliRunner().invoke(app, [words])
    assert (0, f"{__version__}\n") == (told.exit_code, told.stdout)
