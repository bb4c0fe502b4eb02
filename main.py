"""For ASGI servers that take an import path: ``uvicorn main:app``."""

import sys

from taskledger.app import create_app
from taskledger.settings import SettingsMistakes, load_settings

try:
    app = create_app(load_settings())
except SettingsMistakes as mistakes:
    sys.exit(str(mistakes))
