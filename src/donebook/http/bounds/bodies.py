"""How many bytes of request bodies a process holds at once."""

from donebook.http.bounds.shares import Shares

SMALL_BODY = 16 * 1024
"""A body up to this size that came in one piece is not counted: its connection takes as much."""

_LEAST_TOTAL = 32 * 1024 * 1024
_SHARES = 4


class BodyMemory:
    """Counts the bytes of bodies, from their arrival until their requests are answered.

    A user (or, where nobody has signed in, a client address) has a quarter of all. What exceeds either is
    refused at once: a request that waited would keep what has arrived of its body in memory.
    """

    def __init__(self, largest_body: int) -> None:
        total = max(_LEAST_TOTAL, _SHARES * largest_body)
        self._shares = Shares(total=total, share=total // _SHARES)

    @property
    def held(self) -> int:
        """Bytes that are held now."""
        return self._shares.used

    def hold(self, holder: str) -> "HeldBody":
        """Begin to count a body of this holder."""
        return HeldBody(self._shares, holder)


class HeldBody:
    """A body that is counted until `release`."""

    __slots__ = ("_holder", "_shares", "_size")

    def __init__(self, shares: Shares, holder: str) -> None:
        self._shares = shares
        self._holder = holder
        self._size = 0

    def grow(self, size: int) -> None:
        """More has arrived; raises `TooManyRequests`, `Overloaded`."""
        self._shares.take(self._holder, size)
        self._size += size

    def release(self) -> None:
        """The request has been answered, or refused."""
        size, self._size = self._size, 0
        self._shares.give_back(self._holder, size)
