"""Case 55: nobody reads the log, its reader has gone, or its device is full."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.faults.breaks import mistaken_environment
from tests.faults.server import PATIENCE, SECRET, token_for
from tests.servers.ports import free_port

REQUESTS = 60
"""Their lines take more than the pipe has room for."""

_ROOM = 4096


class Outlet:
    """Where a server writes its log to. ``spoil`` makes it useless, once the server answers."""

    def __init__(self, descriptor: int, spoil: Callable[[], None] = lambda: None) -> None:
        self.descriptor = descriptor
        self.spoil = spoil


@contextmanager
def pipe_that_nobody_reads() -> Iterator[Outlet]:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _ROOM)
    yield Outlet(writer)
    os.close(reader)
    os.close(writer)


@contextmanager
def pipe_whose_reader_goes() -> Iterator[Outlet]:
    reader, writer = os.pipe()
    yield Outlet(writer, lambda: os.close(reader))
    os.close(writer)


@contextmanager
def full_device() -> Iterator[Outlet]:
    device = os.open("/dev/full", os.O_WRONLY)
    yield Outlet(device)
    os.close(device)


@contextmanager
def started(
    outlet: Outlet, directory: Path, *options: str
) -> Iterator[tuple[httpx.Client, int, "subprocess.Popen[bytes]"]]:
    """A server that writes to the outlet: a client of it, its port for metrics, and its process."""
    port, metrics_port = free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "donebook", "serve", "--port", str(port), *options],
        cwd=directory,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "DATABASE_URL": f"sqlite:///{directory / 'donebook.db'}",
            "JWT_SECRET": SECRET,
            "LOG_FORMAT": "json",
            "METRICS_PORT": str(metrics_port),
            **mistaken_environment(directory),
        },
        stdin=subprocess.DEVNULL,
        stdout=outlet.descriptor,
        stderr=outlet.descriptor,
        start_new_session=True,
    )
    transport = httpx.HTTPTransport(retries=3)
    headers = {"Authorization": f"Bearer {token_for('ada')}"}
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE, transport=transport
        ) as client:
            _wait_for_health(client, process)
            yield client, metrics_port, process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for_health(client: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        with suppress(httpx.ConnectError):
            assert 200 == client.get("/health").status_code
            return
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"the server ended with {process.wait(0.1)}")
    raise AssertionError("the server does not answer")


def write_tasks(client: httpx.Client, outlet: Outlet) -> None:
    outlet.spoil()
    for number in range(REQUESTS):
        assert 201 == client.post("/api/v1/tasks", json={"title": f"Task {number}"}).status_code
    assert REQUESTS == len(client.get("/api/v1/tasks").json())


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    assert 0 == process.wait(PATIENCE)


def lines_lost(metrics_port: int) -> float:
    text = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics", timeout=PATIENCE).text
    values = [
        line.split()[-1] for line in text.splitlines() if line.startswith("donebook_log_lines_lost_total")
    ]
    return sum(map(float, values))


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow_faults)])
def test_a_log_that_nobody_reads_keeps_nobody_waiting(tmp_path: Path, workers: str) -> None:
    with (
        pipe_that_nobody_reads() as outlet,
        started(outlet, tmp_path, "--workers", workers) as (client, _, process),
    ):
        write_tasks(client, outlet)
        stop(process)


@pytest.mark.parametrize("make", [pipe_whose_reader_goes, full_device])
def test_a_log_that_cannot_be_written_stops_nothing_and_is_counted(
    tmp_path: Path, make: Callable[[], AbstractContextManager[Outlet]]
) -> None:
    with make() as outlet, started(outlet, tmp_path) as (client, metrics_port, process):
        write_tasks(client, outlet)
        # The newest may still wait for their tenth of a second.
        assert REQUESTS / 2 <= lines_lost(metrics_port)
        stop(process)
