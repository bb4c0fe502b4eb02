"""CPU and memory of process trees, read from the kernel.

A figure covers a root process and everything below it: threads, workers, PostgreSQL's back ends and
background processes. The clock of a live process counts in nanoseconds; what already ended is known from
its parent, which the kernel charges in ticks of 10 ms when it collects a child.
"""

import ctypes
import os
import resource
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Process:
    """What `/proc/<pid>/stat` says that matters here."""

    pid: int
    parent: int
    ended_children_seconds: float


@dataclass(frozen=True)
class Memory:
    """Memory of a process tree in bytes; shared pages are divided among those who share them."""

    total: int
    per_process: dict[str, int]


def _processes() -> list[Process]:
    found = []
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit():
            continue
        try:
            # The name is in brackets and may hold anything, so fields are counted from the last bracket.
            fields = (directory / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ended = (int(fields[13]) + int(fields[14])) * _TICK_SECONDS
        found.append(Process(int(directory.name), int(fields[1]), ended))
    return found


def tree(roots: Iterable[int]) -> list[Process]:
    """List the processes of these roots and all their descendants."""
    children: dict[int, list[Process]] = {}
    by_pid = {}
    for process in _processes():
        children.setdefault(process.parent, []).append(process)
        by_pid[process.pid] = process
    waiting = [by_pid[root] for root in roots if root in by_pid]
    members = []
    while waiting:
        process = waiting.pop()
        members.append(process)
        waiting.extend(children.get(process.pid, ()))
    return members


def _live_seconds(pid: int) -> float | None:
    clock = ctypes.c_int()
    if _libc.clock_getcpuclockid(pid, ctypes.byref(clock)) != 0:
        return None
    try:
        return time.clock_gettime_ns(clock.value) / 1e9
    except OSError:
        return None


def cpu_seconds(roots: Iterable[int]) -> float:
    """User and system time spent so far by these process trees, ended members included."""
    roots = tuple(roots)
    while True:
        members = tree(roots)
        live = [_live_seconds(process.pid) for process in members]
        # A process that ends in between is counted twice or not at all; then look again.
        if members == tree(roots) and None not in live:
            return sum(seconds or 0.0 for seconds in live) + sum(
                process.ended_children_seconds for process in members
            )


def memory(roots: Iterable[int]) -> Memory:
    """Proportional set size of these process trees, now."""
    sizes: dict[str, int] = {}
    for process in tree(roots):
        try:
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            name = Path(f"/proc/{process.pid}/comm").read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            continue
        kilobytes = next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
        sizes[f"{process.pid} {name}"] = kilobytes * 1024
    return Memory(sum(sizes.values()), sizes)


def machine_seconds() -> float:
    """CPU time spent so far by everything on this machine, in seconds of one core."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _waiting, interrupt, soft_interrupt, steal = map(int, fields[:8])
    return (user + nice + system + interrupt + soft_interrupt + steal) * _TICK_SECONDS


class Meter:
    """Reads the clocks of a server's and a database's processes before and after a block.

    ``elsewhere`` is the share of the machine taken by processes that are neither these nor children of
    ours that ended meanwhile (wrk).
    """

    def __init__(self, server: Sequence[int], database: Sequence[int]) -> None:
        self._server = server
        self._database = database
        self.server_seconds = 0.0
        self.database_seconds = 0.0
        self.elsewhere = 0.0

    def _read(self) -> tuple[float, float, float, float, float]:
        wrk = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (
            cpu_seconds(self._server),
            cpu_seconds(self._database),
            wrk.ru_utime + wrk.ru_stime,
            machine_seconds(),
            time.monotonic(),
        )

    def __enter__(self) -> Self:
        self._before = self._read()
        return self

    def __exit__(self, *_: object) -> None:
        server, database, wrk, machine, elapsed = (
            after - before for after, before in zip(self._read(), self._before, strict=True)
        )
        self.server_seconds, self.database_seconds = server, database
        cores = len(os.sched_getaffinity(0))
        self.elsewhere = max(machine - server - database - wrk, 0.0) / (elapsed * cores)


def settle(roots: Iterable[int], busy: float = 0.03, seconds: float = 10.0) -> bool:
    """Wait until these trees use less than ``busy`` of one core, for at most ``seconds``."""
    roots = tuple(roots)
    deadline = time.monotonic() + seconds
    before = cpu_seconds(roots)
    while time.monotonic() < deadline:
        time.sleep(0.25)
        now = cpu_seconds(roots)
        if (now - before) / 0.25 < busy:
            return True
        before = now
    return False
