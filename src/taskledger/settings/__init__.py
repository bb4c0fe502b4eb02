"""What an operator can configure: read once at start-up, checked, then passed as an argument."""

from taskledger.settings.load import SettingsMistakes, load_settings, setting_names
from taskledger.settings.model import Settings
from taskledger.settings.mounts import Mount
from taskledger.settings.rates import Rate

__all__ = ["Mount", "Rate", "Settings", "SettingsMistakes", "load_settings", "setting_names"]
