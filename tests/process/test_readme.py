"""What the README has a newcomer type works as it stands, in the order in which it stands there."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.process.program import PATIENCE, ROOT, serve
from tests.process.test_start import PROGRAMS
from tests.service import SECRET

EXAMPLES = [
    block
    for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    if "curl" in block
]

# A refusal is a failure. Following events has no end of its own: curl says 28 when the time is up.
STRICT = """
set -euo pipefail
curl() {
  local status=0 limit=60 expected=0
  if [[ "$*" == */events* ]]; then limit=2 expected=28; fi
  command curl --fail-with-body --max-time $limit "$@" || status=$?
  if [[ $status != "$expected" ]]; then
    echo "ended with $status: curl $*" >&2
    return 1
  fi
}
"""


@pytest.mark.curl
def test_every_example_of_the_readme_succeeds(tmp_path: Path) -> None:
    with serve(tmp_path) as program:
        script = "\n".join([STRICT, *EXAMPLES])
        script = script.replace("http://127.0.0.1:8000", program.url).replace(".venv/bin", str(PROGRAMS))
        ended = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "JWT_SECRET": SECRET},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    assert (0, "") == (ended.returncode, ended.stderr), ended.stdout
    assert 5 == ended.stdout.count("204 No Content"), "a task is deleted in every contract"
    assert "event: task.deleted" in ended.stdout
