"""``donebook openapi``."""

import json
from pathlib import Path
from typing import Annotated

import typer


def openapi(
    contract: Annotated[
        str | None, typer.Argument(help="One contract's document; without it, all that CONTRACTS mounts.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="A file to write instead of standard output.")] = None,
) -> None:
    """Print the OpenAPI document.

    Example: donebook openapi v2 --output v2.openapi.json
    """
    from donebook.app import openapi_document
    from donebook.cli.configuration import settings_or_exit
    from donebook.contracts.registry import CONTRACTS
    from donebook.settings import Mount

    if contract is None:
        mounts = settings_or_exit().contracts
    elif contract in CONTRACTS:
        mounts = (Mount(contract),)
    else:
        typer.echo(f'"{contract}" is no contract; choose from {", ".join(CONTRACTS)}', err=True)
        raise typer.Exit(2)
    text = json.dumps(openapi_document(mounts), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, "utf-8")
