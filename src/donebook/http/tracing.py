"""W3C trace context, and what FastAPI's OpenTelemetry cannot know of routes it does not dispatch.

FastAPI opens the span of a request, as a child of the client's ``traceparent``, and measures it. Its
router names the route; ours has to do that itself. Nothing here does anything until an OpenTelemetry
provider is set up.
"""

import os
import re

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from starlette.types import Scope

# W3C Trace Context, section 3.2: later versions may add fields after these.
_TRACEPARENT = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)

_ENDPOINTS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    *(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT" for signal in ("TRACES", "METRICS", "LOGS")),
)


def telemetry_config() -> TelemetryConfig:
    """FastAPI's telemetry, wherever the environment names a collector or the host has set up tracing.

    Else it is off entirely, because asking on each request whether it is set up takes FastAPI longer
    than our whole edge.
    """
    exported = any(os.environ.get(name) for name in _ENDPOINTS)
    if exported or not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return {"auto_configure": True}
    return {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


def read_traceparent(value: bytes) -> str | None:
    """The trace id of a ``traceparent`` header; ``None`` if it is not valid."""
    match = _TRACEPARENT.fullmatch(value)
    if match is None or (value.startswith(b"00") and match[2] is not None):
        return None
    return match[1].decode("ascii")


def enter_trace(scope: Scope) -> str | None:
    """The id of the trace that the request's span belongs to; keeps the query string out of the span."""
    span = trace.get_current_span()
    if scope["query_string"]:
        # It may hold words of a user's tasks, or a token where a browser can send no header.
        span.set_attribute("url.query", "REDACTED")
    context = span.get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def name_span(scope: Scope, route: str) -> None:
    """Name the request's span and measurements by its route's template, and leave out the ids."""
    telemetry = scope["fastapi.telemetry"]
    if telemetry is None:
        return
    # FastAPI's router sets this where it selects a route; its metrics read it at the end.
    telemetry.route = route
    span = trace.get_current_span()
    span.set_attributes({"http.route": route, "url.path": route})
    span.update_name(f"{scope['method']} {route}")


def record_fault(error: Exception) -> None:
    """Attach an exception that we answer ourselves to the request's span."""
    trace.get_current_span().record_exception(error)
