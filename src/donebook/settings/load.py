"""Reading the settings from the environment and ``.env``."""

import json
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from donebook.settings.model import Settings

# Pydantic's own sentences speak to programmers and leave out the value.
_SENTENCES = {
    "int_parsing": "is not a whole number",
    "float_parsing": "is not a number",
    "bool_parsing": "is neither true nor false",
    "byte_size": "is not a size; write bytes or for example 1MiB",
    "byte_size_unit": "has an unknown unit; write bytes or for example 1MiB",
    "literal_error": "is not one of {expected}",
    "greater_than": "is too small; it must be more than {gt:g}",
    "greater_than_equal": "is too small; the least is {ge:g}",
    "less_than_equal": "is too large; the most is {le:g}",
}


class SettingsMistakes(Exception):
    """The configuration cannot be used; ``lines`` has one ``NAME: what is wrong and the mend`` each.

    Free of secrets and database passwords, so it may be printed.
    """

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def setting_names(field: str) -> tuple[str, ...]:
    """The environment names a field is read from; the first is ours and wins."""
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (field.upper(),)


def load_settings(*, env_file: Path | None = Path(".env"), **overrides: Any) -> Settings:
    """Settings from ``overrides`` (by field name), then the environment, then ``env_file`` if it exists.

    An empty value counts as unset. Raises ``SettingsMistakes`` with every mistake at once.
    """
    try:
        written = DotEnvSettingsSource(Settings, env_file=env_file, env_file_encoding="utf-8")()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsMistakes((f"{env_file}: cannot be read: {reason}",)) from None
    values = {**written, **EnvSettingsSource(Settings)()}
    values = {
        name: value for name, value in values.items() if not (isinstance(value, str) and value.isspace())
    }
    for field, value in overrides.items():
        # The environment's spelling of a name would win over the field's.
        for name in setting_names(field):
            values.pop(name, None)
        values[field] = value
    try:
        return Settings(**values)
    except ValidationError as error:
        # The cause holds the values, secrets included: it must not be printed with the traceback.
        raise SettingsMistakes(
            tuple(line for details in error.errors() for line in _lines(details))
        ) from None


def _lines(details: ErrorDetails) -> list[str]:
    location = str(details["loc"][0])
    name = setting_names(location)[0] if location in Settings.model_fields else location
    context = details.get("ctx", {})
    if details["type"] == "value_error":
        return [f"{name}: {line}" for line in str(context["error"]).split("\n")]
    if sentence := _SENTENCES.get(details["type"]):
        shown = json.dumps(details["input"], ensure_ascii=False, default=str)
        return [f"{name}: {shown[:80]} {sentence.format(**context)}"]
    return [f"{name}: {details['msg']}"]
