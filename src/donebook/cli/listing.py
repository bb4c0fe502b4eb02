"""What a command lists: as a table for people, or as JSON for programs."""

import json
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
"""The option of every command that lists something."""


def print_json(value: Any) -> None:
    """Print a value as JSON, indented; text beyond ASCII and control characters are escaped."""
    print(json.dumps(value, indent=2))
