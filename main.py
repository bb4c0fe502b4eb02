"""For ASGI servers that take an import path: ``uvicorn main:app``."""

import logging
import sys
from pathlib import Path

# ``pip install -r requirements.txt`` installs what we need, and not us.
sys.path.append(str(Path(__file__).parent / "src"))

from donebook.app import create_app_from_environment
from donebook.settings import SettingsMistakes, unknown_variables

try:
    app = create_app_from_environment()
    for line in unknown_variables():
        logging.getLogger("donebook").warning("%s", line)
except SettingsMistakes as mistakes:
    print(mistakes, file=sys.stderr)  # noqa: T201 - there is no log yet
    # What uvicorn calls a failed start-up: it does not start such workers again and again.
    sys.exit(3)
