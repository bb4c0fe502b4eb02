"""How many bytes of request bodies a process holds at once."""

from donebook.errors import Overloaded, TooManyRequests

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
        self._total = max(_LEAST_TOTAL, _SHARES * largest_body)
        self._share = self._total // _SHARES
        self._held = 0
        self._shares: dict[str, int] = {}

    @property
    def held(self) -> int:
        """Bytes that are held now."""
        return self._held

    def hold(self, holder: str) -> "HeldBody":
        """Begin to count a body of this holder."""
        return HeldBody(self, holder)

    def take(self, holder: str, size: int) -> None:
        """Count more bytes; raises `TooManyRequests`, `Overloaded`."""
        mine = self._shares.get(holder, 0) + size
        if mine > self._share:
            raise TooManyRequests(1)
        if self._held + size > self._total:
            raise Overloaded
        self._held += size
        self._shares[holder] = mine

    def give_back(self, holder: str, size: int) -> None:
        """Count bytes no more."""
        self._held -= size
        rest = self._shares.get(holder, 0) - size
        if rest > 0:
            self._shares[holder] = rest
        else:
            self._shares.pop(holder, None)


class HeldBody:
    """A body that is counted until `release`."""

    __slots__ = ("_holder", "_memory", "_size")

    def __init__(self, memory: BodyMemory, holder: str) -> None:
        self._memory = memory
        self._holder = holder
        self._size = 0

    def grow(self, size: int) -> None:
        """More has arrived; raises `TooManyRequests`, `Overloaded`."""
        self._memory.take(self._holder, size)
        self._size += size

    def release(self) -> None:
        """The request has been answered, or refused."""
        size, self._size = self._size, 0
        self._memory.give_back(self._holder, size)
