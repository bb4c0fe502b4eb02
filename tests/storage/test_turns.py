import multiprocessing
import time
from contextlib import suppress
from itertools import groupby
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

from donebook.storage.turns import WriterTurns

TURNS = 40
SPAWN = multiprocessing.get_context("spawn")


def take_turns_without_a_pause(path: Path, name: str, told: Connection, together: Barrier) -> None:
    mine = WriterTurns(path, patience=60)
    together.wait()
    for _ in range(TURNS):
        with mine:
            told.send(name)
            time.sleep(0.005)  # as long as a commit
    told.close()


def test_two_that_write_without_a_pause_take_turns(tmp_path: Path) -> None:
    listening, told = SPAWN.Pipe(duplex=False)
    together = SPAWN.Barrier(2)
    writers = [
        SPAWN.Process(target=take_turns_without_a_pause, args=(tmp_path / "a.db", name, told, together))
        for name in ("one", "other")
    ]
    for writer in writers:
        writer.start()
    told.close()
    order = []
    with suppress(EOFError):
        while True:
            order.append(listening.recv())
    for writer in writers:
        writer.join()

    assert 2 * TURNS == len(order)
    # Without turns, whoever came first writes all of its own before the other's first.
    assert max(len(list(run)) for _, run in groupby(order)) < TURNS / 2


def hold_forever(path: Path, told: Connection) -> None:
    with WriterTurns(path, patience=60):
        told.send("mine")
        time.sleep(3600)


def test_a_turn_ends_with_its_process(tmp_path: Path) -> None:
    listening, told = SPAWN.Pipe(duplex=False)
    holder = SPAWN.Process(target=hold_forever, args=(tmp_path / "a.db", told))
    holder.start()
    assert "mine" == listening.recv()

    holder.kill()
    holder.join()

    with WriterTurns(tmp_path / "a.db", patience=3600):
        pass


def test_who_waits_too_long_writes_all_the_same(tmp_path: Path) -> None:
    listening, told = SPAWN.Pipe(duplex=False)
    holder = SPAWN.Process(target=hold_forever, args=(tmp_path / "a.db", told))
    holder.start()
    assert "mine" == listening.recv()

    with WriterTurns(tmp_path / "a.db", patience=0.01):
        assert holder.is_alive()
    holder.kill()
    holder.join()


def test_there_are_no_turns_where_no_file_can_be_made(tmp_path: Path) -> None:
    with WriterTurns(tmp_path / "missing" / "a.db", patience=0.01):
        assert not (tmp_path / "missing").exists()
