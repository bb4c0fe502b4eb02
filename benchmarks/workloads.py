"""What is measured: each workload is a weighted choice of operations, each on one group of users."""

from dataclasses import dataclass

from benchmarks.dialects import Operation
from benchmarks.population import LONE, READING, SHORT, WRITING, Group


@dataclass(frozen=True)
class Step:
    """One operation on one group's users, as often as its weight among the workload's steps."""

    operation: Operation
    group: Group
    weight: int = 1


@dataclass(frozen=True)
class Workload:
    """A named load. ``title`` is how tables and pictures call it; ``drawn``: whether pictures show it."""

    name: str
    title: str
    steps: tuple[Step, ...]
    drawn: bool = True


def _single(name: str, title: str, operation: Operation, group: Group) -> Workload:
    return Workload(name, title, (Step(operation, group),), drawn=group is not LONE)


# Reads have users of their own, so that what the writes leave behind does not change what a list costs.
WORKLOADS: tuple[Workload, ...] = (
    _single("get", "get one", Operation.GET, READING),
    _single("list-50", "list 50", Operation.LIST, SHORT),
    _single("list-1000", "list 1000", Operation.LIST, READING),
    _single("unchanged-50", "list 50 unchanged", Operation.REVALIDATE, SHORT),
    _single("unchanged-1000", "list 1000 unchanged", Operation.REVALIDATE, READING),
    _single("create", "create", Operation.CREATE, WRITING),
    _single("update", "update a title", Operation.UPDATE, WRITING),
    _single("toggle", "toggle", Operation.TOGGLE, WRITING),
    Workload(
        "mix",
        "mix, 70 % reads",
        (
            Step(Operation.GET, READING, 50),
            Step(Operation.LIST, SHORT, 20),
            Step(Operation.CREATE, WRITING, 10),
            Step(Operation.UPDATE, WRITING, 10),
            Step(Operation.TOGGLE, WRITING, 10),
        ),
    ),
    _single("lone-get", "one user: get one", Operation.GET, LONE),
    _single("lone-create", "one user: create", Operation.CREATE, LONE),
    _single("lone-update", "one user: update a title", Operation.UPDATE, LONE),
    _single("lone-toggle", "one user: toggle", Operation.TOGGLE, LONE),
)


def named(names: list[str]) -> tuple[Workload, ...]:
    """Pick workloads by name; none named means all."""
    known = {workload.name: workload for workload in WORKLOADS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"no workload {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(known[name] for name in names) or WORKLOADS
