"""Lines on their way to a standard stream: in order, and never in the way of who writes them."""

import io
import os
import select
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from donebook.http import lines as module
from donebook.http.lines import LINES, Lines, LineStream, divert_output

PATIENCE = 30.0


class Pipe:
    """A pipe, which a test can have as standard error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.reader, writer = os.pipe()
        self.stream = os.fdopen(writer, "w", encoding="utf-8")

    def lines(self) -> Lines:
        """What writes to it, as standard error from here on: pytest has its own before a test begins."""
        self._monkeypatch.setattr(sys, "stderr", self.stream)
        return Lines()

    def read_for(self, wanted: str) -> str:
        """What comes until the wanted text does."""
        text = ""
        while wanted not in text:
            assert select.select([self.reader], [], [], PATIENCE)[0], f"only this came: {text}"
            text += os.read(self.reader, 65536).decode()
        return text

    def fill(self) -> int:
        """Take all the room there is, and say how many bytes that was."""
        os.set_blocking(self.stream.fileno(), False)
        size = 0
        try:
            while True:
                size += os.write(self.stream.fileno(), b"." * 1024)
        except BlockingIOError:
            os.set_blocking(self.stream.fileno(), True)
        return size


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipe]:
    pipe = Pipe(monkeypatch)
    yield pipe
    with suppress(OSError):
        os.close(pipe.reader)
    pipe.stream.close()


def test_lines_stay_in_order(pipe: Pipe) -> None:
    lines = pipe.lines()
    lines.gather("first\n")
    lines.gather("second\n")
    lines.write("urgent\n")
    lines.gather("third\n")

    assert lines.flush(PATIENCE)
    assert "first\nsecond\nurgent\nthird\n" == pipe.read_for("third\n")


def test_a_line_that_is_gathered_comes_by_itself(pipe: Pipe) -> None:
    pipe.lines().gather("soon\n")

    assert "soon\n" == pipe.read_for("soon\n")


def test_lines_of_many_threads_are_all_written(pipe: Pipe) -> None:
    lines = pipe.lines()

    def write_some(name: int) -> None:
        for each in range(200):
            lines.write(f"{name}-{each}\n")

    threads = [threading.Thread(target=write_some, args=(name,)) for name in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    lines.write("the last\n")
    got = pipe.read_for("the last\n").splitlines()

    assert 801 == len(got)
    for name in range(4):
        assert [f"{name}-{each}" for each in range(200)] == [
            each for each in got if each.startswith(f"{name}-")
        ]


def test_a_pipe_that_nobody_reads_keeps_nobody_waiting_and_the_lost_are_counted(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 1000)
    lines = pipe.lines()
    size = pipe.fill()

    done = threading.Event()

    def log_much() -> None:
        for number in range(1000):
            lines.gather(f"{number:09}\n")
        lines.write("urgent\n")
        done.set()

    threading.Thread(target=log_much, daemon=True).start()

    assert done.wait(PATIENCE)
    assert 901 == lines.lost
    assert size == len(os.read(pipe.reader, size))
    got = pipe.read_for("000000099\n")
    assert [f"{number:09}" for number in range(100)] == got.split()
    until(lambda: caplog.messages)
    assert ["901 lines of the log were lost: they could not be written in time"] == caplog.messages


def test_the_end_waits_once_and_not_for_long_where_nobody_reads(pipe: Pipe) -> None:
    lines = pipe.lines()
    pipe.fill()
    lines.write("unheard\n")

    assert not lines.flush(0.05)
    began = time.monotonic()
    lines.settle()
    for _ in range(10):
        lines.write("unheard\n")
    assert time.monotonic() - began < module.FLUSH_SECONDS


def test_a_reader_that_has_gone_stops_nothing(pipe: Pipe) -> None:
    lines = pipe.lines()
    os.close(pipe.reader)

    lines.write("unheard\n")
    lines.gather("unheard\n")

    assert lines.flush(PATIENCE)
    assert 2 == lines.lost


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device here")
def test_a_full_device_stops_nothing_and_the_lost_are_told_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = Lines()
    with Path("/dev/full").open("w") as full, (tmp_path / "log").open("w") as log:
        monkeypatch.setattr(sys, "stderr", full)
        for number in range(3):
            lines.write(f"unheard {number}\n")
        assert lines.flush(PATIENCE)
        assert [] == caplog.messages

        monkeypatch.setattr(sys, "stderr", log)
        for number in range(3):
            lines.write(f"heard {number}\n")
        assert lines.flush(PATIENCE)

    assert "heard 0\nheard 1\nheard 2\n" == (tmp_path / "log").read_text()
    assert 3 == lines.lost
    until(lambda: caplog.messages)
    assert ["3 lines of the log were lost: they could not be written in time"] == caplog.messages


def test_a_stream_without_a_descriptor_that_fails_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    lines = Lines()

    lines.write("unheard\n")

    assert lines.flush(PATIENCE)
    assert 1 == lines.lost


def test_a_process_without_standard_error_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    lines = Lines()

    lines.write("unheard\n")

    assert lines.flush(PATIENCE)


def test_once_settled_a_line_is_out_before_the_process_goes_on(pipe: Pipe) -> None:
    lines = pipe.lines()
    lines.settle()

    lines.write("the last word\n")

    os.set_blocking(pipe.reader, False)
    assert b"the last word\n" == os.read(pipe.reader, 65536)


def test_what_is_printed_goes_the_same_way_in_whole_lines(pipe: Pipe) -> None:
    lines = pipe.lines()
    stream = LineStream(lines, pipe.stream)

    print("a banner", "with a name", file=stream)
    stream.write("half of ")
    lines.write("a log line\n")
    stream.write("a line\nand more")

    assert lines.flush(PATIENCE)
    assert "a banner with a name\na log line\nhalf of a line\n" == pipe.read_for("half of a line\n")
    assert pipe.stream.fileno() == stream.fileno()
    with pytest.raises(TypeError):
        stream.write(b"bytes")  # type: ignore[arg-type]


def test_standard_error_is_diverted_once(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe.lines()
    monkeypatch.setattr(sys, "__stderr__", pipe.stream)

    divert_output()
    divert_output()
    sys.stderr.write("Traceback (most recent call last):\n")

    assert LINES.flush(PATIENCE)
    assert "Traceback (most recent call last):\n" == pipe.read_for("\n")


def test_a_stream_that_somebody_else_has_put_there_is_left_alone(pipe: Pipe) -> None:
    pipe.lines()

    divert_output()

    assert sys.stderr is pipe.stream


def until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
