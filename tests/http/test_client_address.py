"""Which address a request is counted and recorded under."""

from ipaddress import ip_network
from typing import Any

import pytest

from donebook.http.client_address import ClientAddresses, limit_group
from donebook.http.client_address import _parse as parse


async def receive() -> Any:
    raise AssertionError("nothing is to be received")


def find(peer: str | None, *forwarded: str, trusted: tuple[str, ...] = ()) -> str:
    """The address of a request from a peer with these X-Forwarded-For lines."""
    scope = {
        "client": None if peer is None else (peer, 40000),
        "headers": [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded],
    }
    return str(ClientAddresses([ip_network(each) for each in trusted]).find(scope, receive))


def test_no_proxy_is_believed_by_default() -> None:
    assert "127.0.0.1" == find("127.0.0.1", "198.51.100.1")
    assert "10.0.0.1" == find("10.0.0.1", "198.51.100.1")


def test_a_trusted_proxy_is_believed() -> None:
    assert "198.51.100.1" == find("10.0.0.1", "198.51.100.1", trusted=("10.0.0.0/8",))


def test_a_peer_that_is_no_trusted_proxy_is_not_believed() -> None:
    assert "11.0.0.1" == find("11.0.0.1", "198.51.100.1", trusted=("10.0.0.0/8",))


@pytest.mark.parametrize(
    "lines",
    [
        ["1.1.1.1, 198.51.100.1"],
        ["1.1.1.1, 198.51.100.1, 10.0.0.9"],
        ["1.1.1.1", "198.51.100.1"],
        ["1.1.1.1", "198.51.100.1, 10.0.0.9", "10.0.0.8"],
        ["10.0.0.7, 198.51.100.1"],
        [", ".join(["1.1.1.1"] * 500 + ["198.51.100.1"])],
    ],
)
def test_the_right_most_hop_that_is_not_trusted_is_the_client(lines: list[str]) -> None:
    assert "198.51.100.1" == find("10.0.0.1", *lines, trusted=("10.0.0.0/8",))


@pytest.mark.parametrize(
    "garbage", ["", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "[::1", "\xff", "999.1.1.1"]
)
def test_what_is_no_address_ends_the_search_at_the_proxy_that_wrote_it(garbage: str) -> None:
    assert "10.0.0.9" == find("10.0.0.1", f"198.51.100.1, {garbage}, 10.0.0.9", trusted=("10.0.0.0/8",))


def test_where_all_hops_are_trusted_the_first_is_the_client() -> None:
    assert "10.0.0.7" == find("10.0.0.1", "10.0.0.7, 10.0.0.8", trusted=("10.0.0.0/8",))


def test_a_peer_on_a_unix_socket_is_this_machine() -> None:
    assert "127.0.0.1" == find(None, "198.51.100.1")
    assert "198.51.100.1" == find(None, "198.51.100.1", trusted=("127.0.0.1/32",))


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("198.51.100.1:4711", "198.51.100.1"),
        (" 198.51.100.1 ", "198.51.100.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_an_address_is_one_however_it_is_written(written: str, address: str) -> None:
    assert address == str(parse(written))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_one_customers_addresses_are_one_group(one: str, other: str) -> None:
    first, second = parse(one), parse(other)
    assert first is not None
    assert second is not None
    assert limit_group(first) == limit_group(second)


@pytest.mark.parametrize(
    ("one", "other"),
    [("2001:db8:1:2::1", "2001:db8:1:3::1"), ("198.51.100.1", "198.51.100.2"), ("::1", "127.0.0.1")],
)
def test_two_customers_addresses_are_two_groups(one: str, other: str) -> None:
    first, second = parse(one), parse(other)
    assert first is not None
    assert second is not None
    assert limit_group(first) != limit_group(second)
