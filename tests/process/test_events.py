"""Events from a real server with two workers: any worker's writes, lost workers, a quick stop."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue

import httpx
import pytest

from tests.databases import DIALECTS
from tests.process.program import PATIENCE, ROOT, Program, run_program, serve
from tests.servers.ports import free_port
from tests.servers.postgres import Postgres
from tests.service import bearer
from tests.streams import EventReader, ReceivedEvent

EVENTS = "/api/v2/events"


def workers_of(program: Program) -> list[int]:
    """The processes that serve, other than the one that started them."""
    pid = program.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in children if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]


def connections_of(worker: int, port: int) -> int:
    """How many connections to the port the process holds."""
    held: set[str] = set()
    for descriptor in Path(f"/proc/{worker}/fd").iterdir():
        with suppress(FileNotFoundError):
            held.add(str(descriptor.readlink()))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = [row[9] for row in rows if int(row[1].partition(":")[2], 16) == port and row[3] == "01"]
    return sum(f"socket:[{inode}]" in held for inode in ours)


@pytest.fixture(scope="module")
def sqlite_copy(migrated_sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{shutil.copy(migrated_sqlite_file, tmp_path_factory.mktemp('events'))}"


@pytest.fixture(scope="module")
def postgresql_copy(postgres_server: Postgres, migrated_postgres_database: str) -> Iterator[str]:
    name = f"{migrated_postgres_database}_events"
    postgres_server.create_database(name, template=migrated_postgres_database)
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(scope="module", params=DIALECTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Two workers, which the tests of this module share as users of their own."""
    database_url: str = request.getfixturevalue(f"{request.param}_copy")
    with serve(tmp_path_factory.mktemp("server"), "--workers", "2", DATABASE_URL=database_url) as program:
        yield program


class Listener:
    """A client that follows a user's events on a connection of its own, in a thread."""

    def __init__(self, url: str, user: str, last_id: str | None = None) -> None:
        self.reader = EventReader()
        self.events: list[ReceivedEvent] = []
        self.ended = threading.Event()
        self.failure: Exception | None = None
        self._arrived: Queue[None] = Queue()
        self._ready = threading.Event()
        headers = bearer(user) | ({"Last-Event-ID": last_id} if last_id is not None else {})
        self._client = httpx.Client(base_url=url, headers=headers, timeout=PATIENCE)
        threading.Thread(target=self._listen, daemon=True).start()
        assert self._ready.wait(PATIENCE)

    def _listen(self) -> None:
        try:
            with self._client, self._client.stream("GET", EVENTS) as answer:
                assert 200 == answer.status_code
                for piece in answer.iter_text():
                    self.events += self.reader.read(piece)
                    self._ready.set()
                    self._arrived.put(None)
        except httpx.TransportError as failure:
            self.failure = failure
        finally:
            self.ended.set()
            self._arrived.put(None)

    def wait_for(self, count: int) -> list[ReceivedEvent]:
        deadline = time.monotonic() + PATIENCE
        while len(self.events) < count and not self.ended.is_set():
            try:
                self._arrived.get(timeout=max(0.01, deadline - time.monotonic()))
            except Empty:
                break
        assert count <= len(self.events)
        return self.events


def write(url: str, user: str, path: str, title: str) -> None:
    # A connection for each request, so that both workers get some.
    answer = httpx.post(f"{url}{path}", json={"title": title}, headers=bearer(user), timeout=PATIENCE)
    assert 201 == answer.status_code


def test_every_listener_is_told_of_every_write_whichever_worker_and_contract_it_went_through(
    server: Program,
) -> None:
    listeners = [Listener(server.url, "ann")]
    deadline = time.monotonic() + PATIENCE
    while not all(connections_of(worker, server.port) for worker in workers_of(server)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
        listeners.append(Listener(server.url, "ann"))
    assert 2 == len(workers_of(server))
    paths = ["/api/v2/tasks", "/api/v1/tasks", "/api/tasks", "/api/ann/tasks"]
    for index in range(24):
        write(server.url, "ann", paths[index % len(paths)], f"task {index}")
    for listener in listeners:
        told = listener.wait_for(24)
        assert [f"task {index}" for index in range(24)] == [each.data["task"]["title"] for each in told]
        first = int(told[0].id)
        assert [str(first + number) for number in range(24)] == [each.id for each in told]


def test_those_who_lose_their_worker_resume_without_a_gap_or_a_duplicate(server: Program) -> None:
    listeners = [Listener(server.url, "bob") for _ in range(4)]
    write(server.url, "bob", "/api/v2/tasks", "before")
    for listener in listeners:
        listener.wait_for(1)

    for worker in workers_of(server):
        os.kill(worker, signal.SIGKILL)
    for listener in listeners:
        assert listener.ended.wait(PATIENCE)
        assert listener.failure is not None
    written = 0
    deadline = time.monotonic() + PATIENCE
    while written < 20 and time.monotonic() < deadline:
        try:
            write(server.url, "bob", "/api/v2/tasks", "while away")
            written += 1
        except httpx.TransportError:
            time.sleep(0.1)

    listing = httpx.get(f"{server.url}/api/tasks", headers=bearer("bob"), timeout=PATIENCE)
    newest = int(listing.headers["etag"].strip('"').partition("-")[0])
    first = listeners[0].events[0].data["revision"]
    assert 21 <= newest - first + 1
    for listener in listeners:
        resumed = Listener(server.url, "bob", last_id=listener.reader.last_id)
        seen = listener.events + resumed.wait_for(newest - first + 1 - len(listener.events))
        assert list(range(first, newest + 1)) == [event.data["revision"] for event in seen]


def test_open_streams_do_not_keep_the_server_from_stopping(database_url: str, tmp_path: Path) -> None:
    with serve(tmp_path, DATABASE_URL=database_url) as program:
        listeners = [Listener(program.url, "ann") for _ in range(20)]
        program.process.terminate()
        # Without an end to its streams it would wait for SHUTDOWN_TIMEOUT, 20 seconds.
        assert 0 == program.process.wait(15)
    for listener in listeners:
        assert listener.ended.wait(PATIENCE)
        assert listener.failure is None
        assert ["the server is stopping"] == listener.reader.comments


def test_every_worker_redeems_tickets(server: Program) -> None:
    for _ in range(10):
        issued = httpx.post(f"{server.url}{EVENTS}/ticket", headers=bearer("ann"), timeout=PATIENCE)
        query = {"ticket": issued.json()["ticket"]}
        for status in (200, 401):
            with httpx.stream("GET", f"{server.url}{EVENTS}", params=query, timeout=PATIENCE) as answer:
                assert status == answer.status_code


def test_no_log_of_the_server_shows_a_ticket(tmp_path: Path) -> None:
    port = free_port()
    command = ["uvicorn", "--app-dir", str(ROOT), "main:app", "--port", str(port)]
    with run_program(command, port, tmp_path) as program:
        issued = httpx.post(f"{program.url}{EVENTS}/ticket", headers=bearer("ann"), timeout=PATIENCE)
        query = {"ticket": issued.json()["ticket"]}
        for status in (200, 401):
            with httpx.stream("GET", f"{program.url}{EVENTS}", params=query, timeout=PATIENCE) as answer:
                assert status == answer.status_code
        program.stop()
        log = program.log() + program.output()
    assert EVENTS in log
    assert query["ticket"] not in log
