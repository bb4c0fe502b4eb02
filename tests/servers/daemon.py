"""Servers of Debian's that tests run on a port of their own, as an account without rights."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.external_tools import find_program
from tests.servers.ports import free_port

# Outlives a test run that is killed, and then ends what that run started: its standard input is a
# pipe whose other end closes with the run.
_GUARD = 'read -r _; kill -KILL "$1" 2>/dev/null; rm -rf "$2"'

PATIENCE = 60.0


class Daemon:
    """A running server; ``directory`` holds what it reads and writes."""

    def __init__(self, command: Sequence[str], port: int, directory: Path) -> None:
        self._command = command
        self.port = port
        self.directory = directory
        self._account: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            for path in (directory, *directory.rglob("*")):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        self.process = self._start()

    def log(self) -> str:
        return (self.directory / "log").read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def restart(self) -> None:
        """Stop and start again, on the same port."""
        self.stop()
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        with (self.directory / "log").open("ab") as log:
            process = subprocess.Popen(
                self._command,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._account,
            )
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    raise RuntimeError(f"{self._command[0]} does not run:\n{self.log()}") from None
                time.sleep(0.02)
            else:
                return process


@contextmanager
def run_daemon(program: str, configure: Callable[[Path, int], Sequence[str]]) -> Iterator[Daemon]:
    """Run a program: ``configure`` writes its files to a directory and returns its arguments for a port."""
    path = find_program(program)
    assert path is not None, f"{program} is not installed"
    directory = Path(tempfile.mkdtemp(prefix=f"donebook-{program}-", dir="/tmp"))
    port = free_port()
    try:
        daemon = Daemon([path, *configure(directory, port)], port, directory)
        guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", str(daemon.process.pid), directory],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            yield daemon
        finally:
            daemon.stop()
            guard.communicate()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
