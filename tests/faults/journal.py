"""What a client meant to write and what it was told was written, kept through anything.

``intend`` is on the disk before the request leaves, ``acknowledge`` before the client goes on. So the
file bounds what the service may hold: everything acknowledged, nothing that was never meant.
"""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class State(NamedTuple):
    """A task as a write should leave it."""

    title: str
    completed: bool = False
    deleted: bool = False


@dataclass
class Promise:
    """One task: the states it was to go through, one after the other, and how far that was acknowledged."""

    owner: str
    states: list[State] = field(default_factory=list)
    acknowledged: int = 0

    @property
    def allowed(self) -> list[State | None]:
        """The states it may be in now; ``None``: it may not be there at all."""
        if self.acknowledged == 0:
            return [None, *self.states]
        return [*self.states[self.acknowledged - 1 :]]


class Journal:
    """A file of intents and acknowledgements. A task has one write under way at a time."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.path = path
        self.acknowledgements = 0
        self.tasks_intended: Counter[str] = Counter()
        self.tasks_made: Counter[str] = Counter()
        self._intended: set[str] = set()
        self._made: set[str] = set()
        self.deletions_intended: Counter[str] = Counter()
        self.deletions_made: Counter[str] = Counter()

    def intend(self, key: str, owner: str, state: State) -> None:
        """Say what the next write to the task is to leave it as."""
        self._write({"intent": key, "owner": owner, "state": state})
        if state.deleted:
            self.deletions_intended[owner] += 1
        elif key not in self._intended:
            self._intended.add(key)
            self.tasks_intended[owner] += 1

    def acknowledge(self, key: str, owner: str, state: State) -> None:
        """Say that the service has said so."""
        self._write({"ack": key})
        self.acknowledgements += 1
        if state.deleted:
            self.deletions_made[owner] += 1
        elif key not in self._made:
            self._made.add(key)
            self.tasks_made[owner] += 1

    def close(self) -> None:
        os.close(self._file)

    def _write(self, line: dict[str, object]) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")
        os.fdatasync(self._file)


def read_promises(path: Path) -> dict[str, Promise]:
    """What a journal's file says, by task."""
    promises: dict[str, Promise] = {}
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        if "intent" in entry:
            promise = promises.setdefault(entry["intent"], Promise(entry["owner"]))
            promise.states.append(State(*entry["state"]))
        else:
            promise = promises[entry["ack"]]
            promise.acknowledged = len(promise.states)
    return promises
