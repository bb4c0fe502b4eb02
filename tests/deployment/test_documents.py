"""What the documents for operators name is there: commands with their options, settings, targets of Make."""

import re
from typing import Any

import pytest
from typer.main import get_command

from donebook.cli import app
from donebook.settings import Settings
from donebook.settings.load import setting_names
from tests.deployment.image import ROOT

DOCUMENTS = ["docs/deployment.md", "docs/operations.md"]
SETTINGS = {name for field in Settings.model_fields for name in setting_names(field)}
# Of OpenTelemetry, of compose.yaml, of HTTP and of a process.
OTHERS = {"OTEL_EXPORTER_OTLP_ENDPOINT", "POSTGRES_PASSWORD", "SIGTERM", "SIGINT", "USER"}


@pytest.fixture(params=DOCUMENTS)
def document(request: pytest.FixtureRequest) -> str:
    path: str = request.param
    return (ROOT / path).read_text()


def code(document: str) -> str:
    """All that is set as code, in blocks and in lines."""
    text = re.sub(r"```.*?```", "", document, flags=re.DOTALL)
    return "\n".join(
        [*re.findall(r"```sh\n(.*?)```", document, re.DOTALL), *re.findall(r"`([^`\n]+)`", text)]
    )


def commands(document: str) -> list[str]:
    """What stands behind ``donebook`` where that is a program."""
    others = ("hf ", "docker build", "docker run", "kubectl")
    lines = [line.strip().rpartition(" -- ")[2] for line in code(document).splitlines()]
    ours = [line for line in lines if not line.startswith(others)]
    found = [re.search(r'(?:^|[\s/"])donebook ([a-z][^"#]*)', line) for line in ours]
    return [each[1].strip() for each in found if each is not None]


def test_every_command_is_there_with_its_options(document: str) -> None:
    assert {"doctor", "migrate"} < set(commands(document))
    for line in commands(document):
        command: Any = get_command(app)
        words = line.split()
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        assert not getattr(command, "commands", {}), line
        known = {option for each in command.params for option in each.opts}
        assert set() == {word for word in words if word.startswith("--")} - known, line


def test_every_setting_is_one(document: str) -> None:
    named = set(re.findall(r"(?<![\w/.$'{])([A-Z][A-Z]+(?:_[A-Z]+)+)\b", code(document)))

    assert named
    assert set() == named - SETTINGS - OTHERS


def test_every_target_of_make_is_there(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set() == set(re.findall(r"`make ([a-z-]+)`", document)) - targets
