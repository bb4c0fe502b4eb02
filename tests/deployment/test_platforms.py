"""The files for each platform are well-formed, and agree with the image and with the code."""

import json
import re
import subprocess
import tomllib
from importlib.resources import files
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from donebook.settings import Mount, Settings, load_settings
from donebook.settings.load import setting_names
from tests.deployment.image import ROOT, read_steps
from tests.deployment.platforms import (
    DEPLOY,
    KUBERNETES,
    PLATFORMS,
    Deployment,
    image_port,
    image_settings,
    manifest,
    manifests,
    read_yaml,
    shell_settings,
)
from tests.deployment.schemas import Fly, Railway, Render, Space
from tests.external_tools import find_program

SETTINGS = {name for field in Settings.model_fields for name in setting_names(field)}


@pytest.fixture(params=PLATFORMS)
def deployment(request: pytest.FixtureRequest) -> Deployment:
    return PLATFORMS[request.param]()


def test_compose_is_as_its_specification_says() -> None:
    schema = files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text()
    jsonschema.Draft7Validator(json.loads(schema)).validate(read_yaml(ROOT / "compose.yaml"))


@pytest.mark.parametrize("version", ["1.29", "1.37"])
def test_the_manifests_are_as_kubernetes_says(version: str) -> None:
    assert {"Deployment", "Service", "Ingress", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Job"} < {
        each["kind"] for each in manifests()
    }
    for each in manifests():
        kubernetes_validate.validate(each, version, strict=True)


def test_a_misspelt_field_of_a_manifest_would_be_seen() -> None:
    wrong = manifest("Deployment")
    wrong["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.37", strict=True)


def test_every_manifest_is_listed() -> None:
    listed = read_yaml(KUBERNETES / "kustomization.yaml")["resources"]

    assert {path.name for path in KUBERNETES.glob("*.yaml")} == {*listed, "kustomization.yaml"}


def test_the_files_of_railway_render_and_fly_have_the_fields_that_these_document() -> None:
    Railway.model_validate_json((DEPLOY / "railway.json").read_text())
    Fly.model_validate(tomllib.loads((DEPLOY / "fly.toml").read_text()))
    Render.model_validate_json(json.dumps(read_yaml(DEPLOY / "render.yaml")))


def test_the_space_has_the_header_that_hugging_face_asks_for() -> None:
    _, header, text = (DEPLOY / "huggingface/README.md").read_text().split("---\n", 2)

    space = Space.model_validate(yaml.safe_load(header))
    assert image_port() == space.app_port
    assert set(shell_settings(text)) <= SETTINGS


def test_what_is_set_is_a_setting_and_a_server_takes_it(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = image_settings() | deployment.settings
    assert set() == given.keys() - SETTINGS

    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(env_file=None)

    assert settings.production
    assert "0.0.0.0" == settings.host
    assert settings.shutdown_delay + settings.shutdown_timeout < deployment.grace
    assert image_port() == settings.port


def test_replicas_do_not_migrate_where_something_else_does(deployment: Deployment) -> None:
    assert ["donebook", "migrate"] == deployment.migration
    assert deployment.settings.get("AUTO_MIGRATE", "false") == "false"


def test_checks_ask_what_the_server_answers_at_its_port(deployment: Deployment) -> None:
    from donebook.app import openapi_document

    paths = openapi_document([Mount("v2", "")])["paths"]
    assert "/health/ready" in deployment.checks
    assert set() == set(deployment.checks) - paths.keys()
    assert {image_port()} == deployment.ports


def test_the_image_checks_its_own_health_at_a_path_there_is() -> None:
    (check,) = (step.value for step in read_steps(ROOT / "Dockerfile") if step.instruction == "HEALTHCHECK")

    assert "'/health/ready'" in check
    assert str(image_port()) in {
        step.value for step in read_steps(ROOT / "Dockerfile") if step.instruction == "EXPOSE"
    }


def test_the_proxy_notices_a_leaving_replica_before_it_has_left() -> None:
    proxy = (DEPLOY / "haproxy/haproxy.cfg").read_text()
    check = re.search(r"check inter (\d+)ms fall (\d+) rise (\d+)", proxy)
    timeout = re.search(r"timeout check (\d+)s", proxy)
    assert check is not None
    assert timeout is not None

    slowest = int(check[1]) / 1000 * int(check[2]) + int(timeout[1])
    assert slowest < float(PLATFORMS["compose"]().settings["SHUTDOWN_DELAY"])
    # A new replica is in before the next one is out, though both begin at the same moment.
    assert int(check[3]) < int(check[2])


def test_the_proxy_trusts_nothing_and_is_alone_trusted() -> None:
    services = read_yaml(ROOT / "compose.yaml")["services"]
    address = services["proxy"]["networks"]["inside"]["ipv4_address"]

    assert address == services["replica-a"]["environment"]["TRUSTED_PROXIES"]
    assert "http-request set-header X-Forwarded-For %[src]" in (DEPLOY / "haproxy/haproxy.cfg").read_text()
    assert [] == [
        name for name in ("replica-a", "replica-b", "postgres", "redis") if "ports" in services[name]
    ]


def test_a_volume_and_a_build_of_compose_are_there() -> None:
    compose = read_yaml(ROOT / "compose.yaml")
    sources = [
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
        if volume.startswith(".")
    ]

    assert sources
    assert [] == [source for source in sources if not (ROOT / source).exists()]
    assert (ROOT / compose["services"]["pgbouncer"]["build"] / "Dockerfile").is_file()


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_pods_run_without_rights_on_a_file_system_that_they_cannot_write(kind: str) -> None:
    pod = manifest(kind)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (user,) = (step.value for step in read_steps(ROOT / "Dockerfile") if step.instruction == "USER")

    assert user == f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    assert {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    } == container["securityContext"]


def test_selectors_find_the_replicas_and_not_the_migration() -> None:
    labels = manifest("Deployment")["spec"]["template"]["metadata"]["labels"]
    migration = manifest("Job")["spec"]["template"]["metadata"]["labels"]
    selectors: list[dict[str, Any]] = [
        manifest("Deployment")["spec"]["selector"]["matchLabels"],
        manifest("Service")["spec"]["selector"],
        manifest("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
    ]

    for selector in selectors:
        assert selector.items() <= labels.items()
        assert not selector.items() <= migration.items()
    target = manifest("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert manifest("Deployment")["metadata"]["name"] == target["name"]


@pytest.mark.proxy
def test_haproxy_takes_its_file_without_a_warning() -> None:
    program = find_program("haproxy")
    assert program is not None
    environment = read_yaml(ROOT / "compose.yaml")["services"]["proxy"]["environment"] | {
        "REPLICA_A": "127.0.0.1:1",
        "REPLICA_B": "127.0.0.1:2",
    }
    told = subprocess.run(
        [program, "-c", "-q", "-dW", "-f", DEPLOY / "haproxy/haproxy.cfg"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (told.returncode, told.stdout + told.stderr)


def test_what_the_pooler_lends_fits_what_postgresql_takes() -> None:
    pooler = (DEPLOY / "pgbouncer/pgbouncer.ini").read_text()
    size = re.search(r"^default_pool_size = (\d+)$", pooler, re.MULTILINE)
    listening = re.search(r"^listen_port = (\d+)$", pooler, re.MULTILINE)
    assert size is not None
    assert listening is not None

    replicas = read_yaml(ROOT / "compose.yaml")["services"]["replica-a"]["environment"]["DATABASE_URL"]
    assert f"@pgbouncer:{listening[1]}/donebook" in replicas
    # PostgreSQL's max_connections is 100; each replica listens with one more, and the migration has one.
    assert int(size[1]) + 3 < 100
