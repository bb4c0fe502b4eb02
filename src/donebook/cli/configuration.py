"""Settings for a command, or an exit that lists every mistake in them."""

from typing import TYPE_CHECKING, Any

import typer

from donebook.settings import Settings, SettingsMistakes, load_settings

if TYPE_CHECKING:
    from donebook.tokens.shared import SharedSecrets


def settings_or_exit(**overrides: Any) -> Settings:
    """The settings; on mistakes prints one line for each and ends with status 2."""
    try:
        return load_settings(**{name: value for name, value in overrides.items() if value is not None})
    except SettingsMistakes as mistakes:
        raise _told(mistakes) from None


def secrets_or_exit(settings: Settings, *, make: bool = True) -> "SharedSecrets | None":
    """The secrets of our own tokens; with none set and none that can be kept, an exit like the above.

    With ``make`` false, one that no service has made yet is such an exit too.
    """
    from donebook.app import shared_secrets

    try:
        return shared_secrets(settings, make=make)
    except SettingsMistakes as mistakes:
        raise _told(mistakes) from None


def _told(mistakes: SettingsMistakes) -> typer.Exit:
    for line in mistakes.lines:
        typer.echo(line, err=True)
    return typer.Exit(2)
