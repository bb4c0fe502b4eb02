"""Long answers: how many are made at once, and where they wait for their clients."""

import asyncio
import logging
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from donebook.errors import DatabaseUnavailable, Overloaded, TooManyRequests
from donebook.http.bounds.shares import Shares
from donebook.http.bounds.turns import UserTurns
from donebook.tasks.usecases import ListTooLong

log = logging.getLogger("donebook.requests")

T = TypeVar("T")

SMALL_ANSWER = 64 * 1024
"""An answer up to this size is given to its connection whole, which may hold it for a slow client."""

PIECE = 128 * 1024

_LARGE = 1024 * 1024
_MEMORY = 32 * 1024 * 1024
_SHARES = 4
_KNOWN_USERS = 10_000
_ALL = ""


class AnswerRoom:
    """What answers that are not small may take: turns at being made, memory, and ``disk`` bytes in files.

    A user makes ``at_once`` lists, and all users whose last list was large, or who are not known yet, make
    twice as many together; who waits longer than ``patience`` seconds is refused. After a large list the
    event loop serves others before the next is made. The last piece of an answer that
    is taken slowly is all of it that its connection holds: the rest is in memory while there is room, and
    else in a file that ends with the answer. A user has a quarter of the memory, and half of the disk.
    """

    def __init__(self, *, disk: int, patience: float, at_once: int = 2) -> None:
        self._memory = Shares(total=_MEMORY, share=_MEMORY // _SHARES)
        self._disk = Shares(total=disk, share=disk // 2)
        self._mine = UserTurns(at_once=at_once, patience=patience)
        self._all = UserTurns(at_once=2 * at_once, patience=patience)
        self._my_long = UserTurns(at_once=1, patience=patience)
        self._all_long = UserTurns(at_once=2, patience=patience)
        self._modest: OrderedDict[str, None] = OrderedDict()
        self._large: OrderedDict[str, None] = OrderedDict()

    @property
    def used(self) -> tuple[int, int]:
        """Bytes in memory and on disk."""
        return self._memory.used, self._disk.used

    async def make(
        self, user_id: str, make: Callable[[], Awaitable[tuple[bytes, int]]]
    ) -> "tuple[bytes | KeptAnswer, int]":
        """Make the JSON of a list when it is the user's turn, and keep it if it is not small.

        Raises `Overloaded`, `TooManyRequests`.
        """
        mine = self._mine
        if not mine.enter(user_id):
            await _wait(mine, user_id)
        try:
            if user_id in self._modest:
                return await self._make(user_id, make)
            return await self._in_turn(self._all, _ALL, partial(self._make, user_id, make))
        finally:
            mine.leave(user_id)

    async def _make(
        self, user_id: str, make: Callable[[], Awaitable[tuple[bytes, int]]]
    ) -> "tuple[bytes | KeptAnswer, int]":
        try:
            body, revision = await make()
        except ListTooLong:
            await self._rest_after_large(user_id)
            raise
        if len(body) > _LARGE:
            await self._rest_after_large(user_id)
        elif user_id not in self._modest:
            _remember(self._modest, user_id)
        if len(body) <= SMALL_ANSWER:
            return body, revision
        kept = KeptAnswer(self._memory, self._disk, user_id)
        try:
            await kept.write(body)
        except BaseException:
            kept.close()
            raise
        return kept, revision

    def has_large_lists(self, user_id: str) -> bool:
        """Whether the user's last long list was large, so that the next is better read in pages at once."""
        return user_id in self._large

    async def _rest_after_large(self, user_id: str) -> None:
        """Let the event loop serve others: making a large list kept it for a while."""
        self._modest.pop(user_id, None)
        _remember(self._large, user_id)
        await asyncio.sleep(0)

    async def make_long(self, user_id: str, fill: Callable[["KeptAnswer"], Awaitable[Any]]) -> "KeptAnswer":
        """Have an answer written, piece by piece, when it is the user's turn.

        Raises `Overloaded`, `TooManyRequests`, and what ``fill`` raises.
        """
        kept = KeptAnswer(self._memory, self._disk, user_id)

        try:
            await self._in_turn(
                self._my_long, user_id, lambda: self._in_turn(self._all_long, _ALL, lambda: fill(kept))
            )
        except BaseException:
            kept.close()
            raise
        if kept.size <= _LARGE:
            self._large.pop(user_id, None)
        return kept

    async def _in_turn(self, turns: UserTurns, key: str, work: Callable[[], Awaitable[T]]) -> T:
        if not turns.enter(key):
            await _wait(turns, key)
        try:
            return await work()
        finally:
            turns.leave(key)


def _remember(users: OrderedDict[str, None], user_id: str) -> None:
    if user_id not in users:
        users[user_id] = None
        if len(users) > _KNOWN_USERS:
            users.popitem(last=False)


async def _wait(turns: UserTurns, key: str) -> None:
    try:
        await turns.wait(key)
    except DatabaseUnavailable:
        raise Overloaded from None


class KeptAnswer:
    """The bytes of one answer, in memory or in a file without a name; `close` lets go of them."""

    def __init__(self, memory: Shares, disk: Shares, user_id: str) -> None:
        self._memory = memory
        self._disk = disk
        self._user_id = user_id
        self._pieces: list[bytes] = []
        self._file: Any = None
        self.size = 0

    async def write(self, data: bytes) -> None:
        """Append; raises `Overloaded`, `TooManyRequests`."""
        if self._file is None:
            if self._has_memory_for(len(data)):
                self._pieces.append(data)
                self.size += len(data)
                return
            await self._move_to_disk()
        await self._append(data)
        self.size += len(data)

    async def pieces(self) -> AsyncIterator[bytes]:
        """All of it, to be sent in this order."""
        if self._file is None:
            for data in self._pieces:
                for start in range(0, len(data), PIECE):
                    yield data[start : start + PIECE]
            return
        self._file.seek(0)
        while data := await asyncio.to_thread(self._file.read, PIECE):
            yield data

    def close(self) -> None:
        """Let go of the memory, or the file."""
        size, self.size = self.size, 0
        self._pieces = []
        if self._file is None:
            self._memory.give_back(self._user_id, size)
        else:
            self._disk.give_back(self._user_id, size)
            with suppress(OSError):
                self._file.close()

    def _has_memory_for(self, size: int) -> bool:
        if self.size + size > _LARGE:
            return False
        try:
            self._memory.take(self._user_id, size)
        except (Overloaded, TooManyRequests):
            return False
        return True

    async def _move_to_disk(self) -> None:
        self._disk.take(self._user_id, self.size)
        try:
            file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        except OSError as error:
            self._disk.give_back(self._user_id, self.size)
            raise _no_room(error) from error
        self._memory.give_back(self._user_id, self.size)
        self._file = file
        pieces, self._pieces = self._pieces, []
        for data in pieces:
            await self._put(data)

    async def _append(self, data: bytes) -> None:
        self._disk.take(self._user_id, len(data))
        try:
            await self._put(data)
        except BaseException:
            self._disk.give_back(self._user_id, len(data))
            raise

    async def _put(self, data: bytes) -> None:
        try:
            await _on_a_thread(self._write_through, data)
        except OSError as error:
            raise _no_room(error) from error

    def _write_through(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()


def _no_room(error: OSError) -> Overloaded:
    log.warning("no room for a long answer in %s: %s", tempfile.gettempdir(), error.strerror)
    return Overloaded()


async def _on_a_thread(work: Callable[[bytes], Any], data: bytes) -> None:
    """Write without keeping the event loop waiting; on a thread without one, just write."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        work(data)
    else:
        await asyncio.to_thread(work, data)
