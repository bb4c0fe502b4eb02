"""Schemathesis against a server: all of its checks, all of its phases, as two users."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.isolation import Tagged
from tests.faults.server import SECRET
from tests.openapi.users import bearer, token_of

SEED = int(os.environ.get("DONEBOOK_OPENAPI_SEED", "20261121"))
"""What all choices follow from."""

EXAMPLES = int(os.environ.get("DONEBOOK_OPENAPI_EXAMPLES", "4"))
"""How many requests are made up for each operation, beside those that cover the document, and how many
scenarios for each contract. Hundreds for an evening of digging."""

PHASES = ("examples", "coverage", "fuzzing", "stateful")
_ROOT = Path(__file__).parents[2]

# It acts as the first of two users, and reads what it finds as the second too. An event is enough of a
# stream that has no end.
_CONFIGURATION = """
hooks = "tests.openapi.hooks"
seed = {seed}
request-timeout = 30
max-stream-events = 1

[auth]
auto-signup = false

[auth.wfc]
path = "users.json"
user = "user"
peers = ["user", "other"]

[parameters]
"path.user_id" = "{user_id}"

[generation]
database = "none"

[cache]
enabled = false

[output.sanitization]
enabled = false

[reports.json]
path = "report.json"
"""


class Outcome(NamedTuple):
    """How it ended: the exit status, the summary for programs, the report for people."""

    status: int
    summary: dict[str, Any]
    report: str

    @property
    def failures(self) -> list[str]:
        return [each["title"] for each in self.summary["failures"]]


def _prepare(directory: Path, user: Tagged, other: Tagged) -> None:
    users = [
        {"name": name, "fixedHeaders": [{"name": key, "value": value} for key, value in bearer(each).items()]}
        for name, each in (("user", user), ("other", other))
    ]
    directory.mkdir()
    (directory / "users.json").write_text(json.dumps({"auth": users}))
    (directory / "schemathesis.toml").write_text(_CONFIGURATION.format(seed=SEED, user_id=user.id))


async def try_document(
    service: str,
    contract: str,
    directory: Path,
    *,
    user: Tagged,
    other: Tagged,
    tasks: list[dict[str, Any]],
    examples: int = EXAMPLES,
    phases: Sequence[str] = PHASES,
) -> Outcome:
    """Try all that the contract's document says, as ``user``; ``tasks`` are those of ``other``, to aim at."""
    _prepare(directory, user, other)
    told = {
        "service": service,
        "secret": SECRET,
        "user": {"id": user.id, "tag": user.tag, "token": token_of(user)},
        "other": {"id": other.id, "tag": other.tag, "tasks": tasks},
    }
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).parent / "schemathesis",
        *("--config-file", "schemathesis.toml", "run", f"{service}/openapi.json", "--no-color"),
        *("--checks", "all", "--phases", ",".join(phases), "--mode", "all"),
        *("--include-tag-regex", rf"^{contract}( \(.*\))?$", "--max-examples", str(examples)),
        "--continue-on-failure",
        cwd=directory,
        env=os.environ | {"OPENAPI_CAMPAIGN": json.dumps(told), "PYTHONPATH": str(_ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    report = f"seed {SEED}, {examples} examples\n{output.decode()}"
    summary = directory / "report.json"
    assert process.returncode is not None
    assert summary.exists(), report
    return Outcome(process.returncode, json.loads(summary.read_text()), report)
