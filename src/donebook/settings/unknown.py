"""Variables that nobody reads and that look like a setting of ours: most likely misspelt."""

import os
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher, get_close_matches
from itertools import zip_longest
from pathlib import Path

from pydantic_settings import DotEnvSettingsSource

from donebook.settings.load import setting_names
from donebook.settings.model import Settings

_NEAR = 0.8
_NEAR_WORD = 0.6
_SHORT = 5
"""HOST, PORT and DEBUG are near to too much that is not ours."""


def unknown_variables(
    *, env_file: Path | None = Path(".env"), environment: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """A line for each misspelt setting, with the name that is probably meant.

    ``.env`` is ours, and every name in it that is near to a setting is told. The environment is
    everybody's: there the names must agree word by word.
    """
    ours = [name for field in Settings.model_fields for name in setting_names(field)]
    try:
        written = DotEnvSettingsSource(Settings, env_file=env_file, env_file_encoding="utf-8").env_vars
    except (OSError, UnicodeError):
        written = {}  # reading the settings says so
    lines = [_line(name, meant, f" in {env_file}") for name, meant in _misspelt(written, ours)]
    lines += [
        _line(name, meant, "")
        for name, meant in _misspelt(environment, ours)
        if _agree(name, meant) and name.lower() not in written
    ]
    return tuple(lines)


def _misspelt(variables: Mapping[str, object], ours: list[str]) -> Iterator[tuple[str, str]]:
    candidates = [name for name in ours if len(name) > _SHORT]
    for name in sorted({name.upper() for name in variables} - {*ours}):
        for meant in get_close_matches(name, candidates, n=1, cutoff=_NEAR):
            yield name, meant


def _agree(name: str, meant: str) -> bool:
    return all(
        SequenceMatcher(None, theirs, our).ratio() > _NEAR_WORD
        for theirs, our in zip_longest(name.split("_"), meant.split("_"), fillvalue="")
    )


def _line(name: str, meant: str, place: str) -> str:
    return f"{name}{place} is no setting and has no effect; is {meant} meant?"
