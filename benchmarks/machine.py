"""Facts about the machine and the tools, kept beside every result."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path


def facts() -> Mapping[str, object]:
    """Describe where and with what a result was made."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": sys.version.split()[0],
        "wrk": _first_line("wrk", "--version"),
        "revision": _first_line("git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def words(named: Mapping[str, object]) -> str:
    """Facts or settings as a sentence for a page."""
    return ", ".join(f"{name} {value}" for name, value in named.items()) + "."


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _first_line(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return "unknown"
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (finished.stdout or finished.stderr).splitlines()
    return lines[0].strip() if lines else "unknown"
