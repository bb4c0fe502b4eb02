"""For ASGI servers that take an import path: ``uvicorn main:app``."""

import sys

from taskledger.app import create_app_from_environment
from taskledger.settings import SettingsMistakes

try:
    app = create_app_from_environment()
except SettingsMistakes as mistakes:
    sys.exit(str(mistakes))
