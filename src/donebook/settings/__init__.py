"""What an operator can configure: read once at start-up, checked, then passed as an argument."""

from donebook.settings.load import SettingsMistakes, load_settings, setting_names
from donebook.settings.model import Settings
from donebook.settings.mounts import Mount
from donebook.settings.rates import Rate
from donebook.settings.unknown import unknown_variables

__all__ = [
    "Mount",
    "Rate",
    "Settings",
    "SettingsMistakes",
    "load_settings",
    "setting_names",
    "unknown_variables",
]
