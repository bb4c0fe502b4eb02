from collections.abc import Callable
from pathlib import Path

import pytest

from donebook.settings import Settings, SettingsMistakes, load_settings, setting_names

STRONG = "k" * 32

Loaded = Callable[..., Settings]
Mistakes = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields:
        for name in setting_names(field):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """The settings this environment gives."""

    def load(**environment: str) -> Settings:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return load


@pytest.fixture
def mistakes(loaded: Loaded) -> Mistakes:
    """The lines this environment is refused with."""

    def refuse(**environment: str) -> list[str]:
        with pytest.raises(SettingsMistakes) as refused:
            loaded(**environment)
        return list(refused.value.lines)

    return refuse
