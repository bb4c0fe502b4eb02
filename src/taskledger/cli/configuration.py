"""Settings for a command, or an exit that lists every mistake in them."""

from typing import Any

import typer

from taskledger.settings import Settings, SettingsMistakes, load_settings


def settings_or_exit(**overrides: Any) -> Settings:
    """The settings; on mistakes prints one line for each and ends with status 2."""
    try:
        return load_settings(**{name: value for name, value in overrides.items() if value is not None})
    except SettingsMistakes as mistakes:
        for line in mistakes.lines:
            typer.echo(line, err=True)
        raise typer.Exit(2) from None
