"""The sockets that a server listens on, bound before anything else is done."""

import errno
import os
import socket
import sys

import typer

_UNUSED_FAMILY = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT})


def bind_or_exit(host: str, port: int) -> list[socket.socket]:
    """A bound socket for each address of ``host``; on a mistake prints one line and ends with status 1."""
    try:
        return _bind(host, port)
    except (OSError, UnicodeError) as problem:
        typer.echo(_explain(problem, host, port), err=True)
        raise typer.Exit(1) from None


def _bind(host: str, port: int) -> list[socket.socket]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    bound: list[socket.socket] = []
    unused: OSError | None = None
    for family, kind, protocol, _, address in dict.fromkeys(found):
        # Of port 0 the first address chooses, and the others follow it.
        taken = bound[0].getsockname()[1] if bound else port
        try:
            bound.append(_bind_one(family, kind, protocol, (address[0], taken, *address[2:])))
        except OSError as problem:
            # "localhost" may be an address of IPv6 on a machine that speaks none.
            if problem.errno not in _UNUSED_FAMILY:
                for each in bound:
                    each.close()
                raise
            unused = problem
    if not bound:
        raise unused or OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    return bound


def _bind_one(family: int, kind: int, protocol: int, address: tuple[object, ...]) -> socket.socket:
    made = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.set_inheritable(True)
    except BaseException:
        made.close()
        raise
    return made


def _explain(problem: Exception, host: str, port: int) -> str:
    code = getattr(problem, "errno", None)
    if code == errno.EADDRINUSE:
        return f"PORT: {port} on {host} is taken by another program; stop it, or choose: --port {port + 1}"
    if code in {errno.EACCES, errno.EPERM}:
        return (
            f"PORT: {port} may not be taken by this account; choose one from 1024 up, for example"
            " --port 8000, behind a proxy that takes the other"
        )
    if code in _UNUSED_FAMILY:
        return f"HOST: {host} is no address of this machine; use 127.0.0.1, or 0.0.0.0 for every network"
    if isinstance(problem, socket.gaierror | UnicodeError):
        return f'HOST: "{host}" cannot be resolved; use 127.0.0.1, or 0.0.0.0 for every network'
    return f"HOST, PORT: {host}:{port} cannot be listened on: {getattr(problem, 'strerror', problem)}"
