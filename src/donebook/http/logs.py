"""What the log says and how: one JSON line for each event in production, readable lines for people.

No line carries a token, a query string, a body or a path: a request is named by its route's template.
Whatever comes from a client is escaped, so that one event is one line and stays what it is.
"""

import logging
import time
from datetime import UTC, datetime

from donebook.http.lines import LINES, json_text, plain_text
from donebook.settings import Settings

# What a record may carry besides its message, by `extra`.
FACTS = ("request_id", "trace_id", "contract", "route")


class LineHandler(logging.Handler):
    """Writes each record as lines of this process's log."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            LINES.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - logging's own way with a record that cannot be formatted
            self.handleError(record)


class JsonFormatter(logging.Formatter):
    """A record as one JSON object on one line, traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        fields = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return "{" + ",".join(f'"{name}":{json_text(value)}' for name, value in fields.items()) + "}"


class ConsoleFormatter(logging.Formatter):
    """A record as people read it: one line, and an indented traceback."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        facts = "".join(f" {name}={value}" for name, value in _facts(record).items())
        line = plain_text(f"{moment} {record.levelname:<8} {record.name}: {record.getMessage()}{facts}")
        if not record.exc_info:
            return line
        trace = self.formatException(record.exc_info)
        # Indented, so that an exception's text cannot pass for a line of the log.
        return "\n".join([line, *(f"    {plain_text(each)}" for each in trace.splitlines())])


def _facts(record: logging.LogRecord) -> dict[str, str]:
    return {name: str(value) for name in FACTS if (value := getattr(record, name, None))}


def is_json(settings: Settings) -> bool:
    """Whether the log is for machines."""
    return settings.log_format == "json" or (settings.log_format == "auto" and settings.production)


def configure_logs(settings: Settings) -> None:
    """Send every logger's lines to standard error, in one format.

    Uvicorn's loggers too, and its access log, which would print query strings, is ended; a logging
    set-up that is neither ours nor Uvicorn's default is left as it is.
    """
    level = "DEBUG" if settings.debug else settings.log_level.upper()
    logging.getLogger("donebook").setLevel(level)
    root = logging.getLogger()
    if all(isinstance(handler, LineHandler) for handler in root.handlers):
        handler = LineHandler()
        handler.setFormatter(JsonFormatter() if is_json(settings) else ConsoleFormatter())
        root.handlers[:] = [handler]
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi", "uvicorn.access"):
        logger = logging.getLogger(name)
        if all(_is_uvicorns(handler) for handler in logger.handlers):
            logger.handlers.clear()
            logger.propagate = name != "uvicorn.access"


def _is_uvicorns(handler: logging.Handler) -> bool:
    return type(handler.formatter).__module__ == "uvicorn.logging"
