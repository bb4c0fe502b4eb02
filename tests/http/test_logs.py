import json
import logging
import logging.config
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from uvicorn.config import LOGGING_CONFIG

from donebook.http.lines import LINES, plain_text
from donebook.http.logs import ConsoleFormatter, JsonFormatter, LineHandler, configure_logs
from donebook.settings import Settings
from tests.service import SECRET

UVICORNS = ("uvicorn", "uvicorn.error", "uvicorn.access")


def settings(**values: Any) -> Settings:
    return Settings(**({"jwt_secret": SECRET} | values))


@contextmanager
def untouched() -> Iterator[None]:
    """Logging as a new process has it, without pytest's own handlers; and as it was, afterwards."""
    loggers = [logging.getLogger(name) for name in (None, "donebook", *UVICORNS)]
    before = [(each.level, each.propagate, each.handlers[:]) for each in loggers]
    for each in loggers:
        each.handlers.clear()
    try:
        yield
    finally:
        for each, (level, propagate, handlers) in zip(loggers, before, strict=True):
            each.level, each.propagate = level, propagate
            each.handlers[:] = handlers


def record_of(
    message: str, *arguments: object, error: Exception | None = None, **facts: str
) -> logging.LogRecord:
    record = logging.LogRecord("donebook.storage", logging.WARNING, "", 0, message, arguments, None)
    if error is not None:
        record.exc_info = (type(error), error, None)
    record.__dict__ |= facts
    return record


def test_an_event_is_one_json_line_with_its_traceback() -> None:
    line = JsonFormatter().format(
        record_of("it %s\nbroke", "all", error=ValueError('"\n{"forged":1}\x1b\x7f\u2028'), request_id="7")
    )

    event = json.loads(line)
    assert line.isascii()
    assert line.isprintable()
    assert ("warning", "donebook.storage", "it all\nbroke", "7") == tuple(
        event[name] for name in ("level", "logger", "event", "request_id")
    )
    assert event["traceback"].startswith("ValueError")


def test_a_readable_event_cannot_forge_a_line() -> None:
    text = ConsoleFormatter().format(
        record_of("it broke\n12:00:00 INFO forged", error=ValueError("a\n12:00:00 INFO forged\x1b[2J"))
    )

    first, *rest = text.splitlines()
    assert "it broke\\n12:00:00 INFO forged" in first
    assert [] == [line for line in rest if not line.startswith("    ")]
    assert "\x1b" not in text


def test_plain_text_keeps_letters_of_every_alphabet_and_escapes_what_steers() -> None:
    assert "Zoë 任务 🎉 \\n\\x1b\\u2028\\u202e\\x9b" == plain_text("Zoë 任务 🎉 \n\x1b\u2028\u202e\x9b")


@untouched()
def test_all_loggers_end_in_one_format(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(settings(log_format="json"))

    logging.getLogger("somebody.else").warning("heard")
    logging.getLogger("donebook.requests").info("heard")
    logging.getLogger("somebody.else").info("not heard")
    logging.getLogger("donebook.requests").debug("not heard")
    LINES.flush()

    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [("somebody.else", "heard"), ("donebook.requests", "heard")] == [
        (event["logger"], event["event"]) for event in events
    ]


@untouched()
def test_uvicorns_own_set_up_gives_way_and_its_access_log_ends(capsys: pytest.CaptureFixture[str]) -> None:
    logging.config.dictConfig(LOGGING_CONFIG)

    configure_logs(settings(log_format="json"))
    logging.getLogger("uvicorn.error").error("it broke")
    logging.getLogger("uvicorn.access").info("GET /?token=secret")
    LINES.flush()

    assert ["it broke"] == [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert not logging.getLogger("uvicorn.access").hasHandlers()


@untouched()
def test_a_set_up_of_the_hosts_own_is_left_alone() -> None:
    host = logging.StreamHandler()
    logging.getLogger().addHandler(host)
    logging.getLogger("uvicorn.access").addHandler(host)

    configure_logs(settings())

    assert [host] == logging.getLogger().handlers
    assert [host] == logging.getLogger("uvicorn.access").handlers


@untouched()
def test_configuring_twice_does_not_double_the_lines() -> None:
    configure_logs(settings())
    configure_logs(settings(debug=True))

    assert [LineHandler] == [type(handler) for handler in logging.getLogger().handlers]
    assert logging.DEBUG == logging.getLogger("donebook").level
