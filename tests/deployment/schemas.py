"""The fields of the platforms' own files that we use, as the platforms document them.

No package carries these three schemas; so these say no more than that names and types are right.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Camel(_Strict):
    model_config = ConfigDict(alias_generator=to_camel)


class RailwayBuild(_Camel):
    builder: Literal["RAILPACK", "DOCKERFILE"]
    dockerfile_path: str


class RailwayDeploy(_Camel):
    pre_deploy_command: list[str]
    healthcheck_path: str
    healthcheck_timeout: int
    overlap_seconds: int  # numbers, whatever its documentation's examples show
    draining_seconds: int
    restart_policy_type: Literal["ON_FAILURE", "ALWAYS", "NEVER"]
    restart_policy_max_retries: int


class Railway(_Strict):
    schema_: Annotated[str, Field(alias="$schema")]
    build: RailwayBuild
    deploy: RailwayDeploy


class FlyDeploy(_Strict):
    release_command: str
    strategy: Literal["rolling", "immediate", "canary", "bluegreen"]
    max_unavailable: float


class FlyConcurrency(_Strict):
    type: Literal["connections", "requests"]
    soft_limit: int
    hard_limit: int


class FlyCheck(_Strict):
    method: str
    path: str
    interval: Annotated[str, Field(pattern=r"^\d+(ms|s|m)$")]
    timeout: Annotated[str, Field(pattern=r"^\d+(ms|s|m)$")]
    grace_period: Annotated[str, Field(pattern=r"^\d+(ms|s|m)$")]


class FlyHttpService(_Strict):
    internal_port: int
    force_https: bool
    auto_stop_machines: Literal["off", "stop", "suspend"]
    auto_start_machines: bool
    min_machines_running: int
    concurrency: FlyConcurrency
    checks: list[FlyCheck]


class FlyMetrics(_Strict):
    port: int
    path: str


class FlyMachine(_Strict):
    cpu_kind: Literal["shared", "performance"]
    cpus: int
    memory: str


class Fly(_Strict):
    app: str
    primary_region: Annotated[str, Field(pattern=r"^[a-z]{3}$")]
    kill_signal: Literal["SIGINT", "SIGTERM", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGKILL", "SIGSTOP"]
    kill_timeout: Annotated[int, Field(le=300)]
    deploy: FlyDeploy
    env: dict[str, str]
    http_service: FlyHttpService
    metrics: FlyMetrics
    vm: list[FlyMachine]


class RenderReference(_Camel):
    name: str
    property: str
    type: str | None = None


class RenderVariable(_Camel):
    key: str
    value: str | None = None
    generate_value: bool | None = None
    sync: Literal[False] | None = None
    from_database: RenderReference | None = None
    from_service: RenderReference | None = None


class RenderWeb(_Camel):
    type: Literal["web"]
    name: str
    runtime: Literal["docker"]
    dockerfile_path: str
    docker_context: str
    plan: str
    num_instances: int
    health_check_path: str
    pre_deploy_command: str
    max_shutdown_delay_seconds: Annotated[int, Field(ge=1, le=300)]
    env_vars: list[RenderVariable]


class RenderKeyValue(_Camel):
    type: Literal["keyvalue"]
    name: str
    plan: str
    maxmemory_policy: str
    ip_allow_list: list[str]


class RenderDatabase(_Camel):
    name: str
    plan: str
    ip_allow_list: list[str]


class Render(_Strict):
    services: tuple[RenderWeb, RenderKeyValue]
    databases: list[RenderDatabase]


Colour = Literal["red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"]


class Space(_Strict):
    title: str
    emoji: Annotated[str, Field(pattern=r"^[^\w\s]+$")]
    color_from: Annotated[Colour, Field(alias="colorFrom")]
    color_to: Annotated[Colour, Field(alias="colorTo")]
    sdk: Literal["docker"]
    app_port: int
    pinned: bool
    license: str
    short_description: Annotated[str, Field(max_length=60)]
