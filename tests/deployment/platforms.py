"""What the files for each platform say, read into one shape."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.deployment.image import ROOT, read_steps

DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"

# What a platform or an operator puts in for what no file can hold.
SECRETS = {
    "DATABASE_URL": "postgresql://user:password@host/name",
    "DATABASE_DIRECT_URL": "postgresql://user:password@host/name",
    "JWT_SECRET": "a secret of at least thirty-two characters",
    "RATE_LIMIT_STORAGE": "redis://host:6379",
    "CORS_ORIGINS": "https://tasks.example.com",
}


class Deployment(NamedTuple):
    """One platform's way to run a replica. ``grace`` is how many seconds it lets one take to stop."""

    settings: dict[str, str]
    checks: list[str]
    ports: set[int]
    migration: list[str]
    grace: float


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def manifests() -> list[dict[str, Any]]:
    """All Kubernetes objects that the kustomization lists."""
    listed = read_yaml(KUBERNETES / "kustomization.yaml")["resources"]
    return [document for name in listed for document in yaml.safe_load_all((KUBERNETES / name).read_text())]


def manifest(kind: str) -> dict[str, Any]:
    (found,) = (each for each in manifests() if each["kind"] == kind)
    return found


def image_settings() -> dict[str, str]:
    """What the image sets for the server."""
    steps = read_steps(ROOT / "Dockerfile")
    values = [step.value for step in steps if step.instruction == "ENV"]
    own = {"PATH", "HOME", "PYTHONUNBUFFERED"}
    pairs = (pair for value in values for pair in re.findall(r"(\w+)=(\S+)", value))
    return {name: value for name, value in pairs if name not in own}


def image_port() -> int:
    return int(image_settings()["PORT"])


def compose_settings(service: str, **variables: str) -> dict[str, str]:
    """What Compose sets for a service, with these lines in ``.env``; ``LookupError`` if it demands more."""
    given = {"POSTGRES_PASSWORD": "password", **variables}

    def fill_in(found: "re.Match[str]") -> str:
        name, sign, rest = found.groups()
        if sign == ":?" and not given.get(name):
            raise LookupError(f"{name}: {rest}")
        return given.get(name) or rest or ""

    environment = read_yaml(ROOT / "compose.yaml")["services"][service]["environment"]
    reference = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")
    return {name: reference.sub(fill_in, value) for name, value in environment.items()}


def _compose() -> Deployment:
    services = read_yaml(ROOT / "compose.yaml")["services"]
    replica = services["replica-a"]
    proxied = {int(services["proxy"]["environment"][f"REPLICA_{each}"].rpartition(":")[2]) for each in "AB"}
    proxy = (DEPLOY / "haproxy/haproxy.cfg").read_text()
    return Deployment(
        compose_settings("replica-a", JWT_SECRET=SECRETS["JWT_SECRET"]),
        re.findall(r"uri (\S+)", proxy),
        proxied,
        services["migrate"]["command"],
        float(replica["stop_grace_period"].removesuffix("s")),
    )


def kubernetes_settings(kind: str, secrets: Mapping[str, str], **lines: str) -> dict[str, str]:
    """What a container of this kind is given: settings.env with these lines besides, and the Secret's keys.

    Raises ``LookupError`` if the Secret lacks one, as Kubernetes then starts no container.
    """
    (container,) = manifest(kind)["spec"]["template"]["spec"]["containers"]
    committed = (KUBERNETES / "settings.env").read_text().split()
    settings = dict(line.split("=", 1) for line in committed) | lines
    for each in container["env"]:
        key = each["valueFrom"]["secretKeyRef"]
        if key["key"] in secrets or not key.get("optional", False):
            settings[each["name"]] = secrets[key["key"]]
    return settings


def _kubernetes() -> Deployment:
    pod = manifest("Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    (migration,) = manifest("Job")["spec"]["template"]["spec"]["containers"]
    named = {port["name"]: port["containerPort"] for port in container["ports"]}
    return Deployment(
        kubernetes_settings("Deployment", SECRETS),
        [probe["path"] for probe in probes],
        {named[probe["port"]] for probe in probes},
        migration["command"],
        pod["terminationGracePeriodSeconds"],
    )


def _render() -> Deployment:
    service = read_yaml(DEPLOY / "render.yaml")["services"][0]
    return Deployment(
        {each["key"]: each.get("value") or SECRETS[each["key"]] for each in service["envVars"]},
        [service["healthCheckPath"]],
        {image_port()},  # Render finds it, and PORT is its own
        service["preDeployCommand"].split(),
        service["maxShutdownDelaySeconds"],
    )


def _fly() -> Deployment:
    app = tomllib.loads((DEPLOY / "fly.toml").read_text())
    service = app["http_service"]
    secrets = {name: SECRETS[name] for name in ("DATABASE_URL", "JWT_SECRET", "CORS_ORIGINS")}
    return Deployment(
        app["env"] | secrets,
        [check["path"] for check in service["checks"]],
        {service["internal_port"], int(app["env"]["PORT"])},
        app["deploy"]["release_command"].split(),
        app["kill_timeout"],
    )


def _railway() -> Deployment:
    deploy = json.loads((DEPLOY / "railway.json").read_text())["deploy"]
    (migration,) = deploy["preDeployCommand"]
    return Deployment(
        {name: SECRETS[name] for name in ("DATABASE_URL", "JWT_SECRET", "CORS_ORIGINS")},
        [deploy["healthcheckPath"]],
        {image_port()},  # PORT is Railway's own
        migration.split(),
        deploy["drainingSeconds"],
    )


PLATFORMS = {
    "compose": _compose,
    "kubernetes": _kubernetes,
    "render": _render,
    "fly": _fly,
    "railway": _railway,
}


def shell_settings(text: str) -> Iterator[str]:
    """The names that are given values in a text, as ``NAME=`` or in backticks at the begin of an item."""
    yield from re.findall(r"\b([A-Z][A-Z_]{3,})=", text)
    yield from re.findall(r"^- `([A-Z_]+)`", text, re.MULTILINE)
