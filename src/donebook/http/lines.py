"""Log lines on their way out: a thread writes them, so that whoever logs never waits for whoever reads.

The standard library's `QueueHandler` and `QueueListener` hand over records of `logging` one by one. That
costs more than an access line may, and leaves out what is printed. Here finished lines are handed over, many
at once.
"""

import atexit
import io
import logging
import os
import select
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from json.encoder import encode_basestring_ascii
from queue import Empty, SimpleQueue
from typing import Any, TextIO

log = logging.getLogger("donebook.log")

GATHER_SECONDS = 0.1
MOST_WAITING = 4 * 1024 * 1024
"""Characters that may wait to be written; a line above that is lost, and counted."""

FLUSH_SECONDS = 1.0
"""How long the end of the process waits for lines to be written."""

_MOST_AT_ONCE = 1024


class Lines:
    """Lines for a standard stream, written in their order by a thread that nobody waits for.

    The stream may be a pipe that is full, a pipe whose reader has gone, or a file on a full disk. Lines that
    cannot be written are lost and counted. The log says how many, once lines can be written again.
    """

    def __init__(self, stream: str = "stderr") -> None:
        self._stream = stream
        self._waiting: deque[str] = deque()
        self._calls: SimpleQueue[bool] = SimpleQueue()
        self._called = False
        self._thread: threading.Thread | None = None
        self._starting = threading.RLock()  # a signal handler may log while its own thread does
        self._writing = False
        self._settled = False
        self._torn = False
        self._failing = False
        # Characters in and out, and lines lost. Each number has one thread, or the lock, that changes it.
        self._gathered = self._urgent = self._gone = 0
        self._lost_gathered = self._lost_urgent = self._lost_writing = 0
        self._told = 0
        self._given_up_at = -1

    @property
    def lost(self) -> int:
        """How many lines were not written and never will be."""
        return self._lost_gathered + self._lost_urgent + self._lost_writing

    def gather(self, line: str) -> None:
        """Write the line within a tenth of a second; to be called on the event loop's thread alone."""
        size = len(line)
        if self._gathered + self._urgent - self._gone + size > MOST_WAITING:
            self._lost_gathered += 1
            return
        self._gathered += size
        self._waiting.append(line)
        if not self._called:
            self._called = True
            self._call(urgent=False)

    def write(self, text: str) -> None:
        """Write whole lines at once, after those that wait."""
        with self._starting:
            if self._gathered + self._urgent - self._gone + len(text) > MOST_WAITING:
                self._lost_urgent += text.count("\n")
                return
            self._urgent += len(text)
            self._waiting.append(text)
        self._call(urgent=True)
        if self._settled:
            self.flush()

    def flush(self, seconds: float = FLUSH_SECONDS) -> bool:
        """Wait until all lines are written or lost; false if that takes longer than ``seconds``.

        Once it took longer, nobody waits again until a line has been written.
        """
        if not (self._waiting or self._writing) or threading.current_thread() is self._thread:
            return True
        if self._given_up_at == self._gone:
            return False
        self._call(urgent=True)
        deadline = time.monotonic() + seconds
        while self._waiting or self._writing:
            if time.monotonic() > deadline:
                self._given_up_at = self._gone
                return False
            time.sleep(0.001)
        return True

    def settle(self) -> None:
        """Flush, now and after each line that is written from now on: the process may end at any moment."""
        self._settled = True
        self.flush()

    def resume(self) -> None:
        """Wait for nothing any more: the service has begun (anew)."""
        self._settled = False

    def forget_thread(self) -> None:
        """Begin with a new thread: the process was forked, and a thread stays with its parent."""
        self._thread, self._starting, self._calls = None, threading.RLock(), SimpleQueue()
        self._called = self._writing = False

    def _call(self, *, urgent: bool) -> None:
        """Call the thread that writes, which is made when there is a first line."""
        self._calls.put(urgent)
        if self._thread is not None:
            return
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=f"write-{self._stream}", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:  # the interpreter is ending and makes no threads any more
                    self._thread = None
                    self._write_waiting()

    def _work(self) -> None:
        calls = self._calls
        while True:
            if not calls.get():
                with suppress(Empty):
                    calls.get(timeout=GATHER_SECONDS)
            self._write_waiting()
            if self.lost > self._told and not self._waiting and not self._failing:
                lost, self._told = self.lost - self._told, self.lost
                log.warning("%d lines of the log were lost: they could not be written in time", lost)

    _is_failing = False

    def _write_waiting(self) -> None:
        self._called = False
        self._writing = True
        try:
            while self._waiting:
                texts = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_AT_ONCE))]
                try:
                    self._write("".join(texts))
                finally:
                    self._gone += sum(map(len, texts))
        finally:
            self._writing = False

    def _write(self, text: str) -> None:
        stream = _undiverted(getattr(sys, self._stream))
        if stream is None:
            return
        written, data = 0, b""
        try:
            descriptor = _descriptor_of(stream)
            if descriptor is None:
                stream.write(text)
                stream.flush()
            else:
                # Past the stream's buffer, which would keep what cannot be written until the process ends,
                # and make it end as a failure.
                data = f"{chr(10) * self._torn}{text}".encode(errors="backslashreplace")
                while written < len(data):
                    try:
                        written += os.write(descriptor, data[written:] if written else data)
                    except BlockingIOError:
                        select.select([], [descriptor], [])
        except (OSError, ValueError):
            self._failing = True
            self._lost_writing += data[written:].count(b"\n") if data else text.count("\n")
        else:
            self._failing = False
        if written:
            self._torn = data[written - 1 : written] != b"\n"


class LineStream(io.TextIOBase):
    """Takes the place of a standard stream and hands what is printed to `Lines`, a whole line at a time."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, lines: Lines, stream: TextIO) -> None:
        self._lines = lines
        self._begun = ""
        self.stream = stream

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"a text is needed, not {type(text).__name__}")
        whole, end, self._begun = (self._begun + text).rpartition("\n")
        if end:
            self._lines.write(whole + end)
        return len(text)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self.stream.isatty()

    def fileno(self) -> int:
        return self.stream.fileno()


def divert_output() -> None:
    """Let whatever is printed in this process go the way of log lines: warnings, tracebacks, a banner.

    Streams that somebody else has replaced stay as they are.
    """
    for name, lines in (("stderr", LINES), ("stdout", OUTPUT)):
        stream: Any = getattr(sys, name)
        if stream is not None and stream is getattr(sys, f"__{name}__"):
            setattr(sys, name, LineStream(lines, stream))


def _undiverted(stream: Any) -> Any:
    return stream.stream if isinstance(stream, LineStream) else stream


def _descriptor_of(stream: Any) -> int | None:
    try:
        descriptor: int = stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None
    return descriptor


LINES = Lines()
"""This process's one way to standard error."""

OUTPUT = Lines("stdout")
"""Its one way to standard output, once that is diverted."""

for _each in (LINES, OUTPUT):
    atexit.register(_each.flush)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_each.forget_thread)


def json_text(text: str) -> str:
    """The text as a JSON string of printable ASCII characters alone."""
    quoted = encode_basestring_ascii(text)
    return quoted if "\x7f" not in quoted else quoted.replace("\x7f", "\\u007f")


def plain_text(text: str) -> str:
    """The text with every character that could move a cursor or begin a line written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )
