"""What signals do to several workers, and under ``uvicorn main:app``."""

import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.process.program import PATIENCE, ROOT, Program, run_program, serve
from tests.servers.ports import free_port
from tests.service import bearer

URL = "/api/v1/tasks"


def write(program: Program, title: str) -> None:
    answer = httpx.post(f"{program.url}{URL}", json={"title": title}, headers=bearer("ada"), timeout=PATIENCE)
    assert 201 == answer.status_code


def titles(program: Program) -> list[str]:
    found = httpx.get(f"{program.url}{URL}", headers=bearer("ada"), timeout=PATIENCE).json()
    return [task["title"] for task in found]


def has_restarted(log: str) -> bool:
    """Two workers began at the start and two anew; where these take long, Uvicorn keeps the old ones."""
    return log.count("Started server process") >= 4 or "aborting the restart" in log


def test_a_hang_up_replaces_workers_one_after_the_other_and_a_quit_stops_them(tmp_path: Path) -> None:
    with serve(tmp_path, "--workers", "2", LOG_FORMAT="json") as program:
        write(program, "before")
        program.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE
        written = 0
        while not has_restarted(program.log()):
            write(program, f"during {written}")
            written += 1
            assert time.monotonic() < deadline, program.log()
        write(program, "after")
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            program.process.send_signal(number)
        assert ["before", *(f"during {number}" for number in range(written)), "after"] == titles(program)

        assert 0 == program.stop(signal.SIGQUIT)
        assert "Traceback" not in program.log()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
def test_under_uvicorn_they_are_passed_over(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    command = ["uvicorn", "main:app", "--app-dir", str(ROOT), "--port", str(port)]
    with run_program(command, port, tmp_path) as program:
        write(program, "before")
        program.process.send_signal(number)
        write(program, "after")
        assert ["before", "after"] == titles(program)

        # As after SIGTERM: Uvicorn ends by the signal, when it has stopped in good order.
        assert -signal.SIGTERM == program.stop(signal.SIGQUIT)
        assert "Traceback" not in program.log()
