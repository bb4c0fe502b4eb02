"""Binding the port, before anything else is done."""

import errno
import socket
from typing import Any

import pytest
import typer

from donebook.cli.serve.listening import bind_or_exit


def close(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()


def refuse_to_bind(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(self: socket.socket, address: Any) -> None:
        del self, address
        raise OSError(code, "refused")

    monkeypatch.setattr("socket.socket.bind", refuse)


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[int, Any]) -> None:
    found = [(family, socket.SOCK_STREAM, 0, "", address) for family, address in addresses]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)


def test_every_address_of_a_name_is_bound_to_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, (socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET, ("127.0.0.2", 0)))
    sockets = bind_or_exit("localhost", 0)
    addresses = [each.getsockname() for each in sockets]
    close(sockets)
    assert ["127.0.0.1", "127.0.0.2"] == [address for address, _ in addresses]
    assert 1 == len({port for _, port in addresses})


def test_an_address_that_the_machine_does_not_have_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, (socket.AF_INET, ("192.0.2.7", 0)), (socket.AF_INET, ("127.0.0.1", 0)))
    sockets = bind_or_exit("localhost", 0)
    assert ["127.0.0.1"] == [each.getsockname()[0] for each in sockets]
    close(sockets)


def test_a_port_that_only_root_may_take_is_one_line_with_the_mend(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse_to_bind(monkeypatch, errno.EACCES)
    with pytest.raises(typer.Exit) as ended:
        bind_or_exit("127.0.0.1", 80)
    assert 1 == ended.value.exit_code
    assert (
        "PORT: 80 may not be taken by this account; choose one from 1024 up, for example --port 8000,"
        " behind a proxy that takes the other\n" == capsys.readouterr().err
    )


def test_whatever_else_goes_wrong_is_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse_to_bind(monkeypatch, errno.ENOBUFS)
    with pytest.raises(typer.Exit):
        bind_or_exit("127.0.0.1", 8000)
    assert "HOST, PORT: 127.0.0.1:8000 cannot be listened on: refused\n" == capsys.readouterr().err
