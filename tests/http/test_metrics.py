import errno
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from donebook.http.metrics import BOUNDS, Measurements
from donebook.http.metrics_port import MetricsPort
from donebook.storage.database import Usage
from tests.servers.ports import free_port
from tests.service import run_service


def samples(families: Iterator[Metric] | list[Metric]) -> dict[tuple[str, ...], float]:
    """Values by the sample's name and its labels' values, worker left out, in alphabetical order."""
    return {
        (
            sample.name,
            *(value for label, value in sorted(sample.labels.items()) if label != "worker"),
        ): sample.value
        for family in families
        for sample in family.samples
    }


def scrape(port: int) -> list[Metric]:
    return list(text_string_to_metric_families(httpx.get(f"http://127.0.0.1:{port}/metrics").text))


@pytest.fixture
def measurements() -> Measurements:
    return Measurements(lambda: Usage(limit=10, open=4, busy=3, waiting=2, revisions=7), lambda: 5)


@pytest.fixture(autouse=True)
def own_temporary_directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Not pytest's: the path of a socket may have 100 characters at most.
    with tempfile.TemporaryDirectory(prefix="tl") as directory:
        monkeypatch.setattr("tempfile.gettempdir", lambda: directory)
        yield


async def test_requests_are_counted_by_contract_route_and_status(sqlite_url: str) -> None:
    port = free_port()
    async with run_service(sqlite_url, metrics_port=port) as service, service.client("ada") as client:
        for title in ("one", "two", ""):
            await client.post("/api/v1/tasks", json={"title": title})
        await client.get("/enveloped/api/ada/tasks")
        await client.get("/health/live")
        await client.get("/no/such/page")
        found = samples(scrape(port))

    counted = {key[1:]: value for key, value in found.items() if key[0] == "donebook_requests_total"}
    assert counted == {
        ("versioned", "POST", "/api/v1/tasks", "201"): 2,
        ("versioned", "POST", "/api/v1/tasks", "422"): 1,
        ("enveloped", "GET", "/enveloped/api/{user_id}/tasks", "200"): 1,
        ("", "GET", "/health/live", "200"): 1,
        ("", "GET", "", "404"): 1,
    }
    assert 0 < found["donebook_database_seconds_total", "versioned", "POST", "/api/v1/tasks"]


async def test_sign_in_failures_are_counted_by_reason(sqlite_url: str) -> None:
    port = free_port()
    async with run_service(sqlite_url, metrics_port=port) as service, service.client(None) as client:
        for credentials in ("Bearer forged", "Bearer forged", "Basic abc"):
            await client.get("/api/v1/tasks", headers={"Authorization": credentials})
        found = samples(scrape(port))

    assert [2, 1] == [
        found["donebook_sign_in_failures_total", reason]
        for reason in ("token_invalid", "credentials_malformed")
    ]


async def test_failures_are_counted_by_name(sqlite_url: str) -> None:
    port = free_port()
    missing = {"op": "delete", "id": "0190a6e4-0000-7000-8000-000000000000"}
    async with run_service(sqlite_url, metrics_port=port) as service, service.client("ada") as client:
        await client.post("/api/v1/tasks", json={"title": "one"})
        await client.put("/api/v1/tasks/1", json={"title": "two"}, headers={"If-Match": '"999"'})
        for path in ("/api/v1/tasks/9", "/api/tasks/9", "/api/bob/tasks", "/api/v1/tasks?completed=perhaps"):
            await client.get(path)
        await client.post("/api/v2/batch", json={"operations": [missing]})
        found = samples(scrape(port))

    assert {"TaskNotFound": 3, "PathUserMismatch": 1, "Invalid": 1, "PreconditionFailed": 1} == {
        key[1]: value for key, value in found.items() if key[0] == "donebook_failures_total"
    }


def test_lines_of_the_log_that_were_lost_are_counted(
    measurements: Measurements, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("donebook.http.lines.LINES._lost_writing", 7)

    assert 7 == samples(measurements.families())["donebook_log_lines_lost_total",]


async def test_nothing_listens_without_a_metrics_port(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a metrics server was started")

    monkeypatch.setattr("donebook.http.metrics_port.MetricsPort.start", refuse)
    async with run_service(sqlite_url) as service, service.client("ada") as client:
        response = await client.get("/metrics")

    assert 404 == response.status_code


def test_durations_fall_into_buckets_that_add_up(measurements: Measurements) -> None:
    for seconds in (0.0001, BOUNDS[0], 0.003, 99.0):
        measurements.record({"method": "GET"}, 200, seconds)

    found = samples(measurements.families())
    buckets = {key[2]: value for key, value in found.items() if key[0].endswith("_seconds_bucket")}
    assert {"0.0005": 2, "0.001": 2, "0.0025": 2, "0.005": 3, "10.0": 3, "+Inf": 4} == {
        bound: buckets[bound] for bound in ("0.0005", "0.001", "0.0025", "0.005", "10.0", "+Inf")
    }
    assert 4 == found["donebook_request_duration_seconds_count", "", "GET", ""]
    assert 99.0036 == pytest.approx(found["donebook_request_duration_seconds_sum", "", "GET", ""])


def test_methods_of_the_clients_invention_share_one_series(measurements: Measurements) -> None:
    for number in range(50):
        measurements.record({"method": f"X{number}"}, 405, 0.001)

    found = samples(measurements.families())
    assert {("", "other", "", "405"): 50} == {
        key[1:]: value for key, value in found.items() if key[0] == "donebook_requests_total"
    }
    assert 50 == found["donebook_request_duration_seconds_count", "", "other", ""]
    assert 1 == measurements.series


def test_the_databases_connections_are_told(measurements: Measurements) -> None:
    found = samples(measurements.families())

    assert [10, 4, 3, 2] == [
        found[(f"donebook_database_{name}",)]
        for name in ("connections_limit", "connections", "connections_busy", "waiting")
    ]


def test_what_was_written_and_who_follows_is_told(measurements: Measurements) -> None:
    found = samples(measurements.families())

    assert 7 == found[("donebook_revisions_written_total",)]
    assert 5 == found[("donebook_event_connections",)]


def test_the_process_is_measured(measurements: Measurements) -> None:
    assert 0 < samples(measurements.families())[("process_resident_memory_bytes",)]


def test_a_family_is_told_once_for_all_workers(
    measurements: Measurements, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    ports = []
    for pid in (101, 102):
        monkeypatch.setattr("os.getpid", lambda pid=pid: pid)
        worker = Measurements(lambda: Usage(1, 1, 1, 1, 1), lambda: 0)
        worker.record({"method": "GET"}, 200, 0.001)
        ports.append(MetricsPort("127.0.0.1", port, worker.families))
        ports[-1].start()
        ports[-1].wait_until_held() if pid == 101 else None
    try:
        families = scrape(port)
    finally:
        for each in ports:
            each.stop()

    assert [1] == sorted({*Counter(family.name for family in families).values()})
    [requests] = [family for family in families if family.name == "donebook_requests"]
    assert [("101", 1.0), ("102", 1.0)] == sorted(
        (sample.labels["worker"], sample.value) for sample in requests.samples
    )


def test_another_worker_takes_the_port_when_its_holder_ends(
    measurements: Measurements, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        waiting = MetricsPort("127.0.0.1", port, measurements.families)
        waiting.start()
        assert not waiting.wait_until_held(0.2)

    try:
        assert waiting.wait_until_held()
        assert scrape(port)
    finally:
        waiting.stop()


@pytest.mark.parametrize("reach_in", ["open", "link"])
def test_a_directory_that_others_could_reach_into_is_not_used(
    measurements: Measurements,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    reach_in: str,
) -> None:
    metrics_port = MetricsPort("127.0.0.1", free_port(), measurements.families)
    if reach_in == "open":
        metrics_port.directory.mkdir(mode=0o777)
        metrics_port.directory.chmod(0o777)
    else:
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        metrics_port.directory.symlink_to(tmp_path / "elsewhere")

    metrics_port.start()
    metrics_port.stop()

    assert [] == [path.name for path in metrics_port.directory.iterdir()]
    assert "no directory to share them in" in caplog.text


def test_what_killed_workers_left_is_cleared_away(measurements: Measurements) -> None:
    metrics_port = MetricsPort("127.0.0.1", free_port(), measurements.families)
    metrics_port.start()
    left = metrics_port.directory / "4711.sock"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(left))

    try:
        assert list(metrics_port.everybody())
        assert not left.exists()
    finally:
        metrics_port.stop()


def test_a_port_that_cannot_be_had_is_said_once_and_stops_nothing(
    measurements: Measurements, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EACCES, "permission denied")

    monkeypatch.setattr("donebook.http.metrics_port.start_http_server", refuse)
    metrics_port = MetricsPort("127.0.0.1", 80, measurements.families)
    metrics_port.start()
    metrics_port.stop()

    assert ["no metrics on 127.0.0.1:80: [Errno 13] permission denied"] == [
        record.getMessage() for record in caplog.records
    ]
