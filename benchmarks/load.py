"""Drives wrk: writes the plan that `load.lua` follows, runs it, and reads the result."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.dialects import Dialect, Operation, Template
from benchmarks.processes import BenchmarkError
from benchmarks.workloads import Workload

SCRIPT = Path(__file__).with_name("load.lua")
SYNCED = 10
"""How many changed tasks a client that synchronises finds."""


@dataclass(frozen=True)
class Account:
    """One user as a contender knows them: id, token, tasks.

    ``open_tasks`` are those that toggles draw from: not completed as seeded, and no other contract's to
    toggle in the same database. ``since`` is the revision after which `SYNCED` of the tasks changed.
    """

    id: str
    token: str
    tasks: tuple[str, ...]
    open_tasks: tuple[str, ...]
    etag: str = ""
    since: str = ""


@dataclass(frozen=True)
class Pressure:
    """How hard and how long to press: connections that are always busy, or that pause between requests."""

    seconds: float
    connections: int
    pause_ms: int = 0

    def shortened(self, seconds: float) -> "Pressure":
        """The same, for at most this long."""
        return replace(self, seconds=min(seconds, self.seconds))


@dataclass(frozen=True)
class Outcome:
    """What wrk saw. The rate counts what came back in the given time, ``completed`` also what came later."""

    completed: int
    sent: int
    requests_per_second: float
    bytes: int
    errors: Mapping[str, int]
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float

    @property
    def failed(self) -> int:
        """How many requests failed in any way."""
        return sum(self.errors.values()) + abs(self.sent - self.completed)


def require_wrk() -> str:
    """Find wrk, or say how to have it."""
    path = shutil.which("wrk")
    if path is None:
        raise BenchmarkError("wrk is missing: apt-get install wrk (or build it from github.com/wg/wrk)")
    return path


def write_plan(
    path: Path, dialect: Dialect, workload: Workload, accounts: Mapping[str, Iterable[Account]], port: int
) -> bool:
    """Write a workload's plan; False when the dialect has no request for one of its steps."""
    steps = []
    for step in workload.steps:
        template = dialect.template(step.operation, step.group.tasks)
        if template is None:
            return False
        draws = "open" if step.operation is Operation.TOGGLE else "ids"
        steps.append(_step(template, step.weight, step.group.name, port, draws))
    groups = {step.group.name for step in workload.steps}
    lines = ["return {", "steps = {", *steps, "},", "groups = {"]
    for group in sorted(groups):
        lines += [f"[{_quoted(group)}] = {{", *(_account(account) for account in accounts[group]), "},"]
    path.write_text("\n".join([*lines, "}}"]))
    return True


def _step(template: Template, weight: int, group: str, port: int, draws: str) -> str:
    head = f"{template.method} {template.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in template.headers.items()
    )
    body = "nil" if template.body is None else _quoted(template.body)
    switches = str(template.switches).lower()
    return (
        f"{{ weight = {weight}, group = {_quoted(group)}, head = {_quoted(head)}, body = {body}, "
        f"switches = {switches}, draws = {_quoted(draws)} }},"
    )


def _account(account: Account) -> str:
    # The ids are one text because a Lua function may not hold more than 65536 constants.
    fields = {
        "id": account.id,
        "token": account.token,
        "etag": account.etag,
        "since": account.since,
        "ids": " ".join(account.tasks),
        "open": " ".join(account.open_tasks),
    }
    return "{ " + ", ".join(f"{name} = {_quoted(value)}" for name, value in fields.items()) + " },"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r").replace("\n", "\\n")
    return f'"{escaped}"'


def run(plan: Path, port: int, pressure: Pressure, *, seed: int) -> Outcome:
    """Run a plan until its time is over and the last answer is back."""
    seconds, connections = pressure.seconds, pressure.connections
    limit = int(seconds) + 60
    finished = subprocess.run(
        [
            require_wrk(), "--threads", "1", "--connections", str(connections), "--duration", f"{limit}s",
            "--timeout", "30s", "--script", SCRIPT, f"http://127.0.0.1:{port}", "--",
            plan, str(seconds), str(connections), str(seed), str(pressure.pause_ms),
        ],
        capture_output=True, text=True, check=False, timeout=limit + 30,
    )  # fmt: skip
    line = next((line for line in finished.stdout.splitlines() if line.startswith("RESULT ")), None)
    if line is None or finished.stderr.strip():
        raise BenchmarkError(f"wrk failed:\n{finished.stdout}\n{finished.stderr}")
    raw = json.loads(line.removeprefix("RESULT "))
    # Each request after a busy connection's first is sent because one came back.
    under_way = 0 if pressure.pause_ms else connections
    returned_in_time = max(raw["sent_in_time"] - under_way, 0)
    return Outcome(
        completed=raw["completed"],
        sent=raw["sent"],
        requests_per_second=returned_in_time / seconds,
        bytes=raw["bytes"],
        errors={name: count for name, count in raw.items() if name.endswith("errors") or name == "timeouts"},
        p50_ms=raw["p50_ms"],
        p95_ms=raw["p95_ms"],
        p99_ms=raw["p99_ms"],
        max_ms=raw["max_ms"],
    )
