"""Log lines on their way out: gathered for a moment, in order, none lost on exit."""

import asyncio
import atexit
import sys
from collections import deque
from json.encoder import encode_basestring_ascii

GATHER_SECONDS = 0.1
_MOST_GATHERED = 512


class Lines:
    """Whole lines for standard error.

    A line of a request is worth less than the system call that writes it, so such lines share one.
    They are written within a tenth of a second, before any line that is urgent, and at exit.
    """

    def __init__(self) -> None:
        # A deque, because threads log too: appending and popping need no lock.
        self._waiting: deque[str] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def gather(self, line: str) -> None:
        """Write the line soon; to be called on an event loop."""
        self._waiting.append(line)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._write_gathered)
        elif len(self._waiting) >= _MOST_GATHERED:
            self.flush()

    def write(self, line: str) -> None:
        """Write the line now, after those that wait."""
        self._waiting.append(line)
        self.flush()

    def flush(self) -> None:
        """Write what waits."""
        lines: list[str] = []
        while self._waiting:
            try:
                lines.append(self._waiting.popleft())
            except IndexError:  # another thread was faster
                break
        if not lines or sys.stderr is None:
            return
        try:
            sys.stderr.write("".join(lines))
            sys.stderr.flush()
        except (OSError, ValueError):
            # Whoever read the log has gone. The service outlives its readers.
            return

    def settle(self) -> None:
        """Write what waits and let go of the event loop, which is about to end."""
        if self._timer is not None:
            self._timer.cancel()
        self._write_gathered()

    def _write_gathered(self) -> None:
        self._timer = None
        self.flush()


LINES = Lines()
"""This process's one way to standard error."""

atexit.register(LINES.flush)


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
