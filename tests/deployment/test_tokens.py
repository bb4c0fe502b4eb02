"""Who may sign tokens where Compose or Kubernetes runs the replicas and their migration."""

from collections.abc import Callable

import pytest

from donebook.settings import Settings, SettingsMistakes, load_settings
from donebook.settings.load import setting_names
from tests.deployment.platforms import SECRETS, compose_settings, image_settings, kubernetes_settings

KEYS = {"BETTER_AUTH_URL": "https://auth.example.com", "CONTRACTS": "v2,flat"}
SECRET = {"JWT_SECRET": SECRETS["JWT_SECRET"]}
DATABASE = {"DATABASE_URL": SECRETS["DATABASE_URL"]}

Given = Callable[[dict[str, str], dict[str, str]], dict[str, str]]
"""A container's environment for what is kept secret and for what is not."""

CONTAINERS: dict[str, Given] = {
    "a replica of compose.yaml": lambda secret, open_: compose_settings("replica-a", **secret, **open_),
    "its migration": lambda secret, open_: compose_settings("migrate", **secret, **open_),
    "a pod": lambda secret, open_: kubernetes_settings("Deployment", DATABASE | secret, **open_),
    "the migration's pod": lambda secret, open_: kubernetes_settings("Job", DATABASE | secret, **open_),
}


@pytest.fixture(params=CONTAINERS)
def load(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, str], dict[str, str]], Settings]:
    """What loads the settings in such a container."""

    def load(secret: dict[str, str], open_: dict[str, str]) -> Settings:
        for name in {name for field in Settings.model_fields for name in setting_names(field)}:
            monkeypatch.delenv(name, raising=False)
        for name, value in (image_settings() | CONTAINERS[request.param](secret, open_)).items():
            monkeypatch.setenv(name, value)
        return load_settings(env_file=None)

    return load


def test_better_auth_alone_may(load: Callable[..., Settings]) -> None:
    settings = load({}, KEYS)

    assert settings.production
    assert settings.jwt_secret is None
    assert ["v2", "flat"] == [mount.name for mount in settings.contracts]


def test_whoever_has_the_secret_may_and_all_contracts_are_served(load: Callable[..., Settings]) -> None:
    settings = load(SECRET, {})

    assert settings.jwt_secret is not None
    assert settings.better_auth_url is None
    assert Settings.model_fields["contracts"].default == settings.contracts


def test_with_neither_it_does_not_start_and_says_so(load: Callable[..., Settings]) -> None:
    with pytest.raises(
        SettingsMistakes, match="JWT_SECRET: is required in production without BETTER_AUTH_URL"
    ):
        load({}, {})
