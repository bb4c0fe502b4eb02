"""What goes over a connection, byte for byte."""

import select
import socket
import time
from typing import Self

from tests.process.program import PATIENCE, Program


class Wire:
    """A connection that sends what it is told to."""

    def __init__(self, program: Program) -> None:
        self.socket = socket.create_connection(("127.0.0.1", program.port), timeout=PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, text: str | bytes) -> "Wire":
        self.socket.sendall(text.encode("latin-1") if isinstance(text, str) else text)
        return self

    def read_to_the_end(self) -> bytes:
        """All that comes until the server closes the connection."""
        chunks = []
        try:
            while chunk := self.socket.recv(65536):
                chunks.append(chunk)
        except ConnectionResetError:
            pass
        return b"".join(chunks)

    def read_answer(self) -> bytes:
        """One answer whose length is told."""
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self._more()
        return head + b"\r\n\r\n" + body

    def _more(self) -> bytes:
        chunk = self.socket.recv(65536)
        assert chunk, "the server closed the connection"
        return chunk

    def is_lost_while_sending(self, text: str, *, pause: float) -> bool:
        """Whether the server ends the connection while the text is sent to it again and again."""
        deadline = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < deadline:
                self.send(text)
                time.sleep(pause)
        except (ConnectionResetError, BrokenPipeError):
            return True
        return False

    def is_closed(self) -> bool:
        readable, _, _ = select.select([self.socket], [], [], 0)
        if not readable:
            return False
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


def statuses(answers: bytes) -> list[str]:
    return [part.split(b" ")[0].decode() for part in answers.split(b"HTTP/1.1 ")[1:]]


GET = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
