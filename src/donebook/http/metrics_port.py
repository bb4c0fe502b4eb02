"""The metrics of all workers on one port of their own.

Whichever worker gets the port answers for all: it asks the others over sockets in a directory that
is the user's alone. When it ends, another takes the port. All of it runs in threads, so that metrics
tell of a worker whose event loop is stuck.
"""

import contextlib
import errno
import logging
import os
import socket
import socketserver
import stat
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

log = logging.getLogger("donebook.metrics")

_RETRY_SECONDS = 1.0
_SIBLING_SECONDS = 1.0

_Family = tuple[str, str, str, list[tuple[str, dict[str, str], float]]]
_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(list[_Family]).decode


class MetricsPort:
    """Answers Prometheus on a port that all workers with the same setting share.

    ``families`` yields this worker's metrics.
    """

    def __init__(self, host: str, port: int, families: Callable[[], Iterable[Metric]]) -> None:
        self._host = host
        self._port = port
        self._families = families
        self.directory = _directory(host, port)
        self._sibling: _SiblingServer | None = None
        self._server: Any = None
        self._held = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._hold, name="metrics", daemon=True)

    def start(self) -> None:
        """Be asked by other workers, and take the port when it is free."""
        try:
            _make_private(self.directory)
            self._sibling = _SiblingServer(self.directory / f"{os.getpid()}.sock", self._snapshot)
        except OSError as error:
            log.warning("metrics are of single workers: no directory to share them in: %s", error)
        self._thread.start()

    def stop(self) -> None:
        """Let another worker have the port."""
        self._stop.set()
        self._thread.join(timeout=5)
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        if self._sibling is not None:
            self._sibling.stop()

    def wait_until_held(self, seconds: float = 30) -> bool:
        """Wait until this worker has the port; false if it has not got it in time."""
        return self._held.wait(seconds)

    def _hold(self) -> None:
        registry = CollectorRegistry()
        registry.register(_Everybody(self))
        while not self._stop.is_set():
            try:
                self._server, _ = start_http_server(self._port, self._host, registry)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    log.error("no metrics on %s:%d: %s", self._host, self._port, error)  # noqa: TRY400 - no fault of the code
                    return
            else:
                self._held.set()
                return
            self._stop.wait(_RETRY_SECONDS)

    def _snapshot(self) -> bytes:
        return _encode(
            [
                (each.name, each.type, each.documentation, [sample[:3] for sample in each.samples])
                for each in self._families()
            ]
        )

    def everybody(self) -> Iterator[Metric]:
        """The metrics of all workers, each family once."""
        families: dict[str, Metric] = {each.name: each for each in self._families()}
        for path in self.directory.glob("*.sock") if self._sibling is not None else ():
            if path == self._sibling.path:  # type: ignore[union-attr]  # checked where the loop begins
                continue
            for name, kind, meaning, samples in _ask(path):
                family = families.setdefault(name, Metric(name, meaning, kind))
                for sample, labels, value in samples:
                    family.add_sample(sample, labels, value)
        yield from families.values()


class _Everybody(Collector):
    def __init__(self, port: MetricsPort) -> None:
        self._port = port

    def collect(self) -> Iterable[Metric]:
        return self._port.everybody()

    def describe(self) -> Iterable[Metric]:
        return ()


class _SiblingServer:
    """Hands the worker's metrics to whoever connects to its socket."""

    def __init__(self, path: Path, snapshot: Callable[[], bytes]) -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.settimeout(_SIBLING_SECONDS)
                with contextlib.suppress(OSError):
                    self.request.sendall(snapshot())

        self.path = path
        path.unlink(missing_ok=True)  # of a process of this number that was killed
        self._server = socketserver.UnixStreamServer(str(path), Handler)
        threading.Thread(target=self._server.serve_forever, name="metrics-sibling", daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.path.unlink(missing_ok=True)


def _ask(path: Path) -> list[_Family]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SIBLING_SECONDS)
        try:
            connection.connect(str(path))
            chunks = []
            while chunk := connection.recv(65536):
                chunks.append(chunk)
            return _decode(b"".join(chunks))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)  # it was killed
        except (OSError, msgspec.MsgspecError):
            log.warning("worker %s does not tell its metrics", path.stem)
    return []


def _directory(host: str, port: int) -> Path:
    place = f"donebook-metrics-{os.getuid()}-{host.replace(':', '_')}-{port}"
    return Path(tempfile.gettempdir()) / place


def _make_private(directory: Path) -> None:
    """Make the directory; raises ``OSError`` if somebody else could reach into it."""
    directory.mkdir(mode=0o700, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PermissionError(errno.EPERM, "it is open to others", str(directory))
