"""The bar: how much CPU a request of ours may cost, as a share of a peer's in the same run."""

from collections.abc import Mapping
from dataclasses import dataclass

OURS_POSTGRES = ("donebook-postgres/versioned", "donebook-postgres/v2")
OURS_SQLITE = ("donebook-sqlite/versioned", "donebook-sqlite/v2")


@dataclass(frozen=True)
class Bar:
    """One limit: our workload's CPU per request over the peer's must not exceed it."""

    workload: str
    peer: str
    limit: float
    peer_workload: str

    @property
    def against(self) -> str:
        """What our figure is divided by, in words."""
        return self.peer if self.peer_workload == self.workload else f"{self.peer}, {self.peer_workload}"


def _against(peer: str, limits: Mapping[str, float]) -> tuple[Bar, ...]:
    return tuple(Bar(workload, peer, limit, workload) for workload, limit in limits.items())


BARS: Mapping[tuple[str, ...], tuple[Bar, ...]] = {
    OURS_POSTGRES: (
        *_against(
            "fastify/versioned",
            {"get": 1.2, "list-50": 0.9, "list-1000": 0.6, "create": 1.25, "update": 1.3, "toggle": 1.3},
        ),
        # Fastify does not revalidate: an unchanged list costs it the list.
        Bar("unchanged-1000", "fastify/versioned", 0.1, "list-1000"),
        *_against(
            "usual-way/versioned",
            {"get": 0.15, "list-50": 0.25, "list-1000": 0.25, "create": 0.2, "update": 0.2, "toggle": 0.2},
        ),
    ),
    OURS_SQLITE: _against(
        "pocketbase/pocketbase",
        {"get": 0.5, "list-50": 0.3, "list-1000": 0.2, "create": 0.7, "update": 0.7, "toggle": 0.7},
    ),
}
OWN_UNCHANGED_LIMIT = 1 / 3
"""A revalidated list of 50 may cost this share of reading it."""


@dataclass(frozen=True)
class Verdict:
    """A bar and what was measured."""

    lane: str
    bar: Bar
    ratio: float

    @property
    def met(self) -> bool:
        """Whether the measured ratio is within the limit."""
        return self.ratio <= self.bar.limit


def judge(cpu: Mapping[tuple[str, str], float]) -> list[Verdict]:
    """Compare CPU µs per request, by lane and workload, with every bar both sides were measured for."""
    verdicts = []
    for lanes, bars in BARS.items():
        for lane in lanes:
            own = Bar("unchanged-50", lane, OWN_UNCHANGED_LIMIT, "list-50")
            for bar in (*bars, own):
                ours = cpu.get((lane, bar.workload))
                theirs = cpu.get((bar.peer, bar.peer_workload))
                if ours is not None and theirs:
                    verdicts.append(Verdict(lane, bar, ours / theirs))
    return verdicts
