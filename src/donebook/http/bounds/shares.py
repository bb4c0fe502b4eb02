"""A number of bytes that many share."""

import threading

from donebook.errors import Overloaded, TooManyRequests


class Shares:
    """Counts bytes that are in use: at most ``share`` by one holder, and ``total`` by all.

    May be used from any thread.
    """

    def __init__(self, *, total: int, share: int) -> None:
        self._total = total
        self._share = share
        self._used = 0
        self._lock = threading.Lock()
        self._shares: dict[str, int] = {}

    @property
    def used(self) -> int:
        """Bytes in use."""
        return self._used

    def take(self, holder: str, size: int) -> None:
        """Count more bytes; raises `TooManyRequests` if the holder has its share, else `Overloaded`."""
        with self._lock:
            mine = self._shares.get(holder, 0) + size
            if mine > self._share:
                raise TooManyRequests(1)
            if self._used + size > self._total:
                raise Overloaded
            self._used += size
            self._shares[holder] = mine

    def give_back(self, holder: str, size: int) -> None:
        """Count bytes no more."""
        with self._lock:
            self._used -= size
            rest = self._shares.get(holder, 0) - size
            if rest > 0:
                self._shares[holder] = rest
            else:
                self._shares.pop(holder, None)
