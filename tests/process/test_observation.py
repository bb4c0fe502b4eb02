"""What an operator sees of a running server: its log, its metrics, its traces."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client.parser import text_string_to_metric_families

from tests.process.program import PATIENCE, ROOT, Program, run_program, serve
from tests.servers.ports import free_port
from tests.service import bearer

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


def events(program: Program) -> list[dict[str, Any]]:
    return [json.loads(line) for line in program.log().splitlines()]


def test_every_line_of_a_production_log_is_json_and_requests_are_in_it(tmp_path: Path) -> None:
    with serve(tmp_path, ENVIRONMENT="production") as program:
        httpx.get(f"{program.url}/api/v1/tasks?search=canary", headers=bearer("ada"))
        status = program.stop()

    told = events(program)
    assert 0 == status
    assert [200] == [each["status"] for each in told if each.get("route") == "/api/v1/tasks"]
    assert {"donebook.serve", "donebook.requests", "uvicorn.error"} <= {each["logger"] for each in told}
    assert "canary" not in program.log() + program.output()
    assert "" == program.output()


def test_no_line_is_lost_when_the_server_stops(tmp_path: Path) -> None:
    with serve(tmp_path, LOG_FORMAT="json") as program:
        with httpx.Client(base_url=program.url, headers=bearer("ada")) as client:
            for _ in range(50):
                client.get("/api/v1/tasks")
        program.stop()

    assert 50 == sum(each.get("route") == "/api/v1/tasks" for each in events(program))


def test_uvicorn_alone_serves_with_our_log_and_without_its_own(tmp_path: Path) -> None:
    port = free_port()
    command = ["uvicorn", "--app-dir", str(ROOT), "main:app", "--port", str(port)]
    with run_program(command, port, tmp_path, {"LOG_FORMAT": "json"}) as program:
        httpx.get(f"{program.url}/api/v1/tasks?search=canary", headers=bearer("ada"))
        program.stop()

    assert "canary" not in program.log() + program.output()
    # Uvicorn's first line is written before the application is imported.
    ours = [line for line in program.log().splitlines() if line.startswith("{")]
    assert [200] == [
        event["status"] for event in map(json.loads, ours) if event.get("route") == "/api/v1/tasks"
    ]


def workers_that_tell(port: int) -> set[str]:
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    except httpx.HTTPError:
        return set()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return {sample.labels["worker"] for sample in families["donebook_build_info"].samples}


def wait_for_workers(port: int, count: int, without: str | None = None) -> set[str]:
    deadline = time.monotonic() + PATIENCE
    while len(found := workers_that_tell(port)) != count or without in found:
        assert time.monotonic() < deadline, f"{count} workers never told of themselves: {found}"
        time.sleep(0.1)
    return found


def test_one_port_tells_of_all_workers_and_outlives_each(tmp_path: Path) -> None:
    port = free_port()
    with serve(tmp_path, "--workers", "2", METRICS_PORT=port, TMPDIR="/tmp") as program:
        for worker in wait_for_workers(port, 2):
            os.kill(int(worker), signal.SIGKILL)
            wait_for_workers(port, 2, without=worker)

        assert 0 == program.stop()


@contextmanager
def run_collector() -> Iterator[tuple[str, list[Span]]]:
    """An OpenTelemetry collector: its address, and the spans it was sent."""
    spans: list[Span] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                sent = ExportTraceServiceRequest.FromString(body)
                for resource in sent.resource_spans:
                    for scope in resource.scope_spans:
                        spans.extend(scope.spans)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", spans
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def attributes(span: Span) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_a_request_is_a_span_of_the_clients_trace_under_its_routes_name(tmp_path: Path) -> None:
    traced = bearer("ada") | {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    with (
        run_collector() as (endpoint, spans),
        serve(
            tmp_path,
            LOG_FORMAT="json",
            OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
            OTEL_METRICS_EXPORTER="none",
            OTEL_LOGS_EXPORTER="none",
        ) as program,
    ):
        httpx.get(f"{program.url}/api/ada/tasks/4711?search=canary", headers=traced)
        program.stop()

    [span] = [each for each in spans if each.name == "GET /api/{user_id}/tasks/{task_id}"]
    assert (TRACE, PARENT) == (span.trace_id.hex(), span.parent_span_id.hex())
    told = attributes(span)
    assert ["/api/{user_id}/tasks/{task_id}", "/api/{user_id}/tasks/{task_id}", 404, "REDACTED"] == [
        told[name] for name in ("http.route", "url.path", "http.response.status_code", "url.query")
    ]
    assert [TRACE] == [each["trace_id"] for each in events(program) if each.get("status") == 404]


def test_a_trace_that_begins_here_is_named_in_the_log(tmp_path: Path) -> None:
    with (
        run_collector() as (endpoint, spans),
        serve(
            tmp_path, LOG_FORMAT="json", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{endpoint}/v1/traces"
        ) as program,
    ):
        httpx.get(f"{program.url}/api/v1/tasks", headers=bearer("ada"))
        program.stop()

    [span] = [each for each in spans if each.name == "GET /api/v1/tasks"]
    [event] = [each for each in events(program) if each.get("route") == "/api/v1/tasks"]
    assert span.trace_id.hex() == event["trace_id"]


@pytest.mark.parametrize("status", [200, 404])
async def test_the_measurements_of_opentelemetry_name_the_route(sqlite_url: str, status: int) -> None:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    from donebook.app import create_app
    from donebook.settings import Settings
    from tests.service import SECRET, Service

    reader = InMemoryMetricReader()
    values: dict[str, Any] = {"database_url": sqlite_url, "jwt_secret": SECRET, "log_requests": False}
    app = create_app(Settings(**values))
    app._native_telemetry.config |= {"metrics": True, "meter_provider": MeterProvider([reader])}
    async with app.router.lifespan_context(app), Service(app).client("ada") as client:
        await client.get("/api/v1/tasks" if status == 200 else "/api/v1/tasks/4711")

    data = reader.get_metrics_data()
    assert data is not None
    points = [
        point.attributes
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == "http.server.request.duration"
        for point in metric.data.data_points
    ]
    expected = "/api/v1/tasks" if status == 200 else "/api/v1/tasks/{task_id}"
    assert [(expected, status)] == [
        (point["http.route"], point["http.response.status_code"]) for point in points if point is not None
    ]
