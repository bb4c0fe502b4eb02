"""Start server processes, wait until they answer, and end them."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


class BenchmarkError(Exception):
    """The benchmark cannot go on; the message says what to do."""


class Missing(BenchmarkError):
    """A contender cannot run here; the others still can."""


def free_port() -> int:
    """Return a loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A server process on a loopback port, with its output in a file."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        port: int,
        directory: Path,
        environment: Mapping[str, str],
        log: Path,
        health: str = "/health",
    ) -> None:
        self.port = port
        self._health = health
        self._log = log
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        with log.open("ab") as output:
            self._began = time.monotonic()
            self._process = subprocess.Popen(
                [str(part) for part in command],
                cwd=directory, env={**kept, **environment}, stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """The first process's; workers are below it."""
        return self._process.pid

    def wait_until_healthy(self, seconds: float = 60.0) -> float:
        """Return the seconds from process start to the first healthy answer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            if self._answers():
                return time.monotonic() - self._began
            time.sleep(0.002)
        self.stop()
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
        raise BenchmarkError(f"no healthy answer on port {self.port}; the end of {self._log}:\n{tail}")

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", self._health)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """End the process and everything it started."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(15)
        with contextlib.suppress(ProcessLookupError):
            # Only what this session leader started carries its process group.
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
