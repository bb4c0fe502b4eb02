import pickle
import selectors
import socket
import sys

import pytest

from donebook.cli.serve.shared_port import SharedPort


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux spreads connections over sockets on one port")
def test_connections_that_come_at_once_are_spread_over_the_listeners() -> None:
    with SharedPort.at(socket.AF_INET, ("127.0.0.1", 0)) as port:
        workers = [pickle.loads(pickle.dumps(port)) for _ in range(2)]
        for worker in workers:
            worker.listen(128)
            worker.setblocking(False)
        clients = [socket.create_connection(port.getsockname()) for _ in range(100)]

        accepted = [accept_all(worker) for worker in workers]

        assert 100 == sum(map(len, accepted))
        # By a fair coin, fewer than 20 of 100 come up once in a billion tries.
        assert min(map(len, accepted)) >= 20
        for each in (*clients, *workers, *accepted[0], *accepted[1]):
            each.close()


def accept_all(listener: socket.socket) -> list[socket.socket]:
    found = []
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while selector.select(0):
            found.append(listener.accept()[0])
    return found
