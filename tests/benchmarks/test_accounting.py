"""CPU time of process trees: what the benchmark's figures rest on."""

import subprocess
import sys

import pytest
from benchmarks.accounting import cpu_seconds, tree

_BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"
_PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {_BURN.format(seconds=0.4)!r}])
{_BURN.format(seconds=0.2)}
print("done", flush=True)
sys.stdin.read()
"""


def test_a_tree_s_time_includes_children_that_have_ended() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()

        spent = cpu_seconds([parent.pid])
        members = [process.pid for process in tree([parent.pid])]
        parent.communicate()

    assert [parent.pid] == members
    # At least what both were told to burn; the kernel charges an ended child in ticks of 10 ms.
    assert spent >= 0.6 - 0.02


def test_a_process_that_is_gone_has_spent_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()

    assert pytest.approx(0.0) == cpu_seconds([process.pid])
