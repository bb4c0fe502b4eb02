"""The service as operators run it: a process with an environment, a port and a log."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.faults.breaks import chosen_mistake, mistaken_environment
from tests.servers.ports import free_port
from tests.service import SECRET

_PATIENCE_TO_START = 60.0
PATIENCE = 60.0 if chosen_mistake() is None else 12.0
"""Seconds after which something that has to happen counts as not happening, on a busy machine too."""

ROOT = Path(__file__).parents[2]


class Program:
    """A running server. ``url`` is its address; `log` is what it wrote on standard error."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, directory: Path) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._directory = directory

    def log(self) -> str:
        return (self._directory / "stderr").read_text()

    def output(self) -> str:
        return (self._directory / "stdout").read_text()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal, and return the status that the process ends with."""
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)

    def wait_for_health(self) -> None:
        deadline = time.monotonic() + _PATIENCE_TO_START
        while True:
            try:
                httpx.get(f"{self.url}/health", timeout=5)
            except httpx.HTTPError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"the server does not answer:\n{self.log()}") from error
                time.sleep(0.05)
            else:
                return


@contextmanager
def run_program(
    command: Sequence[str], port: int, directory: Path, environment: Mapping[str, Any] | None = None
) -> Iterator[Program]:
    """Run a program of the virtual environment until it answers, and kill it afterwards."""
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "DATABASE_URL": f"sqlite:///{directory / 'donebook.db'}",
        "JWT_SECRET": SECRET,
        **{name: str(value) for name, value in (environment or {}).items()},
        **mistaken_environment(directory),
    }
    with (directory / "stdout").open("wb") as out, (directory / "stderr").open("wb") as err:
        process = subprocess.Popen(
            [Path(sys.executable).parent / command[0], *command[1:]],
            cwd=directory,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    program = Program(process, port, directory)
    try:
        program.wait_for_health()
        yield program
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def serve(directory: Path, *options: str, **environment: Any) -> Iterator[Program]:
    """``donebook serve`` on a free port."""
    port = free_port()
    with run_program(
        ["donebook", "serve", "--port", str(port), *options], port, directory, environment
    ) as it:
        yield it
