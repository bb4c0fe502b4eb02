"""Which address a request came from, and which proxies are believed about that."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from starlette.types import Receive, Scope

Address = IPv4Address | IPv6Address

_LOCAL = IPv4Address("127.0.0.1")
_MOST_HOPS = 50


class ClientAddresses:
    """Finds the address of a request's client: its peer's, or what trusted proxies say before it.

    ``X-Forwarded-For`` is read from the right, where the nearest proxy writes, for as long as whoever
    wrote is in the trusted networks; what stands further left is the client's own invention.
    """

    def __init__(self, trusted: Iterable[IPv4Network | IPv6Network]) -> None:
        self._trusted = tuple(trusted)

    def find(self, scope: Scope, receive: Receive) -> Address:
        """The client's address; that of a peer on a Unix socket is this machine's."""
        address = _peer(scope, receive)
        if not self._trusted or not self._is_trusted(address):
            return address
        forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        hops = forwarded.decode("latin-1").split(",")
        for hop in reversed(hops[-_MOST_HOPS:]):
            before = _parse(hop)
            if before is None:
                break
            address = before
            if not self._is_trusted(address):
                break
        return address

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def limit_group(address: Address) -> str:
    """Whom an address stands for where attempts are counted.

    One customer has a whole /64 of IPv6 and takes any address of it at will.
    """
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address, 64), strict=False))


def _peer(scope: Scope, receive: Receive) -> Address:
    """The other end of the connection.

    ``scope["client"]`` is that only until uvicorn reads ``X-Forwarded-For``, which it does by default
    for peers on 127.0.0.1: then it is whatever the header says. uvicorn's ``receive`` still knows the
    transport, which cannot be talked into anything. Other servers leave ``scope["client"]`` alone.
    """
    transport: Any = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is not None:
        peer = transport.get_extra_info("peername")
        host = peer[0] if isinstance(peer, tuple) else None
    else:
        client = scope.get("client")
        host = client[0] if client else None
    return (_parse(host) if host else None) or _LOCAL


def _parse(hop: str) -> Address | None:
    """An address as proxies write it: bare, with a port, in brackets, with a zone."""
    text = hop.strip()
    if text.startswith("["):
        text, closing, _ = text[1:].partition("]")
        if not closing:
            return None
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
