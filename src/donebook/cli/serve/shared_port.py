"""One port for several workers, with a queue of connections for each."""

import socket
from typing import Any, Self


class SharedPort(socket.socket):
    """A bound socket that becomes one more listener on its port wherever it is unpickled.

    Workers that share one listening socket race for what arrives, and of a hundred connections that
    come at once one worker may take eighty. With a queue each (``SO_REUSEPORT``), Linux spreads them.
    """

    @classmethod
    def at(cls, family: int, address: Any) -> Self:
        """A socket bound to the address, together with others made here."""
        shared = cls(family)
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            shared.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        shared.bind(address)
        return shared

    def __reduce__(self) -> tuple[Any, ...]:
        return SharedPort.at, (self.family, self.getsockname())
