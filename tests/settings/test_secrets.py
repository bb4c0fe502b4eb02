import json

import pytest
from pydantic import SecretStr, ValidationError

from donebook.settings import Settings, SettingsMistakes
from tests.settings.conftest import STRONG, Loaded

CANARY = "canary-7f3a91"
SECRETS = {
    "DATABASE_URL": f"postgresql://u:{CANARY}@h/d",
    "JWT_SECRET": CANARY,
    "JWT_PREVIOUS_SECRETS": json.dumps([CANARY]),
    "RATE_LIMIT_STORAGE": f"redis://:{CANARY}@h",
}


def test_no_secret_is_shown_by_the_settings(loaded: Loaded) -> None:
    settings = loaded(**SECRETS)
    assert CANARY not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    assert CANARY not in settings.shown_database_url


@pytest.mark.parametrize(
    "broken",
    [
        {"DATABASE_URL": f"mysql://u:{CANARY}@h/d"},
        {"DATABASE_URL": f"postgresql://u:{CANARY}@h:{CANARY}/d"},
        {"DATABASE_URL": CANARY},
        {"JWT_PREVIOUS_SECRETS": f'["{CANARY}"'},
        {"JWT_PREVIOUS_SECRETS": f'[{{"a": "{CANARY}"}}]'},
        {"RATE_LIMIT_STORAGE": f"http://:{CANARY}@h"},
        {"BETTER_AUTH_URL": f"https://u:{CANARY}@h"},
        {"CORS_ORIGINS": f"https://u:{CANARY}@h"},
        {"ENVIRONMENT": "production", "JWT_SECRET": CANARY},
        {"ENVIRONMENT": "production", "JWT_SECRET": STRONG, "JWT_PREVIOUS_SECRETS": CANARY},
    ],
)
def test_no_secret_is_shown_by_a_refusal_or_its_traceback(loaded: Loaded, broken: dict[str, str]) -> None:
    with pytest.raises(SettingsMistakes) as refused:
        loaded(**{**SECRETS, "JWT_SECRET": STRONG, "PORT": "x", **broken})
    assert CANARY not in str(refused.value)
    assert CANARY not in str(refused.getrepr(chain=True, style="native"))


def test_no_secret_is_shown_when_settings_are_built_wrongly_from_arguments() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(database_url=SecretStr(f"mysql://u:{CANARY}@h/d"), port=-1)
    assert CANARY not in str(refused.value)
