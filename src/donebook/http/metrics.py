"""What is measured of requests, sign-ins, revisions and the database, for Prometheus.

Counting is a few additions to lists, on the event loop; Prometheus's own objects are made when it asks.
Every series carries the worker that counted it, so that each one only ever grows: sum over workers.
"""

import os
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from starlette.types import Scope

from donebook import __version__
from donebook.errors import Unauthenticated
from donebook.http.access import METHODS
from donebook.http.lines import LINES
from donebook.storage.database import Usage

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of the histogram's buckets, in seconds."""


@dataclass(slots=True)
class _Durations:
    """Of one method on one route: how many requests took how long, and their seconds in the database."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0
    database_seconds: float = 0.0


@dataclass(slots=True)
class _Requests:
    """Of one method on one route with one status."""

    durations: _Durations
    count: int = 0


# By the name of a metric: what it means, and where it is read.
_GAUGES: dict[str, tuple[str, Callable[[Usage], int]]] = {
    "donebook_database_connections_limit": ("Connections that may be open", lambda usage: usage.limit),
    "donebook_database_connections": ("Connections that are open", lambda usage: usage.open),
    "donebook_database_connections_busy": ("Connections in use", lambda usage: usage.busy),
    "donebook_database_waiting": (
        "Requests that wait for a connection, or writes for the writer",
        lambda usage: usage.waiting,
    ),
}

_Route = tuple[str, str, str]


class Measurements:
    """What this process has counted."""

    def __init__(self, usage: Callable[[], Usage], followers: Callable[[], int]) -> None:
        self._usage = usage
        self._followers = followers
        self._requests: dict[tuple[str, str, str, int], _Requests] = {}
        self._durations: dict[_Route, _Durations] = {}
        self._failures: Counter[type] = Counter()
        self._worker = str(os.getpid())
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        GCCollector(registry=self._process)

    def record(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that is over."""
        route = scope.get("route")
        contract = scope.get("contract")
        key = (
            contract.name if contract is not None else "",
            route.path if route is not None else "",
            scope["method"],
            status,
        )
        requests = self._requests.get(key) or self._begin(key)
        requests.count += 1
        durations = requests.durations
        durations.buckets[bisect_left(BOUNDS, seconds)] += 1
        durations.seconds += seconds
        stopwatch = scope.get("stopwatch")
        if stopwatch is not None:
            durations.database_seconds += stopwatch.seconds
        failure = scope.get("failure")
        if failure is not None:
            self._failures[failure] += 1

    def _begin(self, key: tuple[str, str, str, int]) -> _Requests:
        contract, route, method, status = key
        if method not in METHODS:
            # A method is a client's word: each one must not become a series.
            key = (contract, route, "other", status)
            if key in self._requests:
                return self._requests[key]
        durations = self._durations.setdefault(key[:3], _Durations())
        requests = self._requests[key] = _Requests(durations)
        return requests

    @property
    def series(self) -> int:
        """How many combinations of contract, route, method and status there are."""
        return len(self._requests)

    def families(self) -> Iterator[Metric]:
        """All metrics as they stand."""
        yield from self._request_families()
        worker = {"worker": self._worker}
        failures = CounterMetricFamily("donebook_failures", "Requests that failed, by the failure's name")
        refused = CounterMetricFamily("donebook_sign_in_failures", "Refused tokens and log-ins")
        for failure, count in list(self._failures.items()):
            failures.add_sample(failures.name + "_total", worker | {"failure": failure.__name__}, count)
            if issubclass(failure, Unauthenticated):
                refused.add_sample(refused.name + "_total", worker | {"reason": _words(failure)}, count)
        yield failures
        yield refused
        lost = CounterMetricFamily("donebook_log_lines_lost", "Lines of the log that could not be written")
        lost.add_sample(lost.name + "_total", worker, LINES.lost)
        yield lost
        usage = self._usage()
        revisions = CounterMetricFamily("donebook_revisions_written", "Writes that changed something")
        revisions.add_sample(revisions.name + "_total", worker, usage.revisions)
        yield revisions
        followers = GaugeMetricFamily("donebook_event_connections", "Clients that follow events")
        followers.add_sample(followers.name, worker, self._followers())
        yield followers
        for name, (meaning, read) in _GAUGES.items():
            gauge = GaugeMetricFamily(name, meaning)
            gauge.add_sample(name, worker, read(usage))
            yield gauge
        version = GaugeMetricFamily("donebook_build_info", "The version that runs")
        version.add_sample(version.name, worker | {"version": __version__}, 1)
        yield version
        for family in self._process.collect():
            family.samples = [each._replace(labels={**each.labels, **worker}) for each in family.samples]
            yield family

    def _request_families(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("donebook_requests", "Requests that were answered")
        for (contract, route, method, status), counted in list(self._requests.items()):
            labels = self._labels((contract, route, method)) | {"status": str(status)}
            requests.add_sample(requests.name + "_total", labels, counted.count)
        yield requests
        durations = HistogramMetricFamily("donebook_request_duration_seconds", "From head to last byte")
        waiting = CounterMetricFamily("donebook_database_seconds", "Waiting for the database")
        for where, measured in list(self._durations.items()):
            labels = self._labels(where)
            total = 0
            for bound, count in zip((*map(str, BOUNDS), "+Inf"), measured.buckets, strict=True):
                total += count
                durations.add_sample(durations.name + "_bucket", labels | {"le": bound}, total)
            durations.add_sample(durations.name + "_count", labels, total)
            durations.add_sample(durations.name + "_sum", labels, measured.seconds)
            waiting.add_sample(waiting.name + "_total", labels, measured.database_seconds)
        yield durations
        yield waiting

    def _labels(self, where: _Route) -> dict[str, str]:
        contract, route, method = where
        return {"contract": contract, "route": route, "method": method, "worker": self._worker}


def _words(failure: type[Unauthenticated]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", failure.__name__).lower()
