"""A process that has imported the service and forks real servers on demand.

Run as a program, it is that process: it reads one order per line and answers each with a line.
``start`` forks a child that runs the command line as ``donebook`` does; ``wait`` tells its status.
An import of the service takes seconds of a busy processor and a fork none, which is what makes a
hundred kills affordable. When the order's end closes, every child is killed.
"""

import importlib
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from donebook.http.lines import LINES, OUTPUT
from tests.faults.breaks import chosen_mistake

_WARM = (
    "pytest",
    "httpx",
    "donebook.app",
    "donebook.cli",
    "donebook.storage.migrate",
    "uvicorn",
    "uvicorn.loops.uvloop",
)
_ROOT = Path(__file__).parents[2]
_WARM_PROTOCOLS = ("uvicorn.protocols.http.httptools_impl", "uvicorn.lifespan.on")


class Nursery:
    """The test's end of such a process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        broken: str | None = None,
    ) -> int:
        """Start ``donebook`` with these arguments and return its process id.

        ``broken`` names a mistake of `tests.faults.breaks` that is made in it first.
        """
        pid: int = self._ask({"do": "start"} | _order(arguments, environment, log, broken))
        return pid

    def test(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
        """Run ``pytest`` with these arguments to its end, and return its exit status."""
        order = _order(arguments, environment, log, None)
        pid = self._ask({"do": "start", "tests": True} | order)
        status = self.status(pid, wait=True)
        assert status is not None
        return status

    def status(self, pid: int, *, wait: bool) -> int | None:
        """The exit status as `subprocess` has it, negative for a signal; ``None`` while it runs."""
        status: int | None = self._ask({"do": "wait" if wait else "poll", "pid": pid})
        return status

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.communicate(timeout=30)

    def _ask(self, order: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        if not select.select([self._process.stdout], [], [], 240)[0]:
            if order["do"] == "wait":
                # Otherwise it would keep the orders that follow waiting.
                os.kill(order["pid"], signal.SIGKILL)
                self._process.stdout.readline()
            raise RuntimeError(f"a process did not end in four minutes: {order}")
        return json.loads(self._process.stdout.readline())


class FreshProcesses:
    """Starts each server as a new process, for what has to be there from the start: a preloaded library."""

    def __init__(self) -> None:
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        broken: str | None = None,
    ) -> int:
        order = json.dumps(_order(arguments, environment, log, broken))
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery", order], cwd=_ROOT, env=dict(environment)
        )
        self._processes[process.pid] = process
        return process.pid

    def status(self, pid: int, *, wait: bool) -> int | None:
        process = self._processes[pid]
        return process.wait(timeout=120) if wait else process.poll()


def _order(
    arguments: Sequence[str], environment: Mapping[str, str], log: Path, broken: str | None
) -> dict[str, Any]:
    return {
        "arguments": list(arguments),
        "environment": dict(environment),
        "log": str(log),
        "broken": broken or chosen_mistake(),
    }


def _serve_orders() -> None:
    for module in (*_WARM, *_WARM_PROTOCOLS):
        importlib.import_module(module)
    children: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        answer: int | None
        if order["do"] == "start":
            answer = os.fork()
            if answer == 0:
                _become_server(order)
            children.add(answer)
        else:
            pid, status = os.waitpid(order["pid"], 0 if order["do"] == "wait" else os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
            if pid:
                children.discard(pid)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _become_server(order: dict[str, Any]) -> None:
    status = 1
    try:
        os.setsid()
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.environ.clear()
        os.environ |= order["environment"]
        if order.get("tests"):
            import pytest

            os._exit(pytest.main(order["arguments"]))
        os.chdir(Path(order["log"]).parent)
        if order["broken"] is not None:
            from tests.faults.breaks import find_mistake

            find_mistake(order["broken"])()
        from donebook.cli import app

        # So it returns the status of a command that ends with one.
        ended = app(order["arguments"], standalone_mode=False)
        status = ended if isinstance(ended, int) else 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - a child must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # What a process does at its end.
        for lines in (LINES, OUTPUT):
            lines.flush()
        os._exit(status)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _become_server(json.loads(sys.argv[1]))
    _serve_orders()
