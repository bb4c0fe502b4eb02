"""What a server takes of the machine's memory."""

from pathlib import Path
from typing import Literal

from tests.faults.server import Server


def memory(server: Server, name: Literal["VmRSS", "VmHWM"]) -> int:
    """Bytes that the server has in memory now, or has had at most."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024


def forget_peak(server: Server) -> None:
    """Let the most it has had be what it has now."""
    Path(f"/proc/{server.pid}/clear_refs").write_text("5")
