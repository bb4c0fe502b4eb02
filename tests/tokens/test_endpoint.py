import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest

from donebook.tokens.endpoint import JwksEndpoint, KeysUnreachable
from tests.tokens.key_server import KeyServer, listening, response, running_key_server
from tests.tokens.signing import IssuerKey, key_set


@pytest.fixture
async def endpoint(key_server: KeyServer) -> AsyncIterator[JwksEndpoint]:
    endpoint = JwksEndpoint(key_server.url, max_bytes=10_000)
    yield endpoint
    await endpoint.aclose()


async def failure_of(endpoint: JwksEndpoint) -> str:
    with pytest.raises(KeysUnreachable) as failed:
        await endpoint.fetch()
    return str(failed.value)


async def test_the_published_keys_are_fetched(key_server: KeyServer, endpoint: JwksEndpoint) -> None:
    key_server.publish(key_set(IssuerKey("key-1")))

    assert (await endpoint.fetch()).find("key-1") is not None
    assert ["/api/auth/jwks"] == key_server.asked


@pytest.mark.parametrize("status", ["503 Service Unavailable", "404 Not Found", "204 No Content", "500 Oops"])
async def test_an_answer_that_is_not_200_is_a_failure(
    key_server: KeyServer, endpoint: JwksEndpoint, status: str
) -> None:
    key_server.answer = response(b"" if "204" in status else key_set(IssuerKey("key-1")), status)

    assert f"status {status[:3]}" == await failure_of(endpoint)


async def test_a_redirect_is_not_followed(key_server: KeyServer, endpoint: JwksEndpoint) -> None:
    key_server.answer = response(b"", "302 Found", "location: /elsewhere")

    assert "status 302" == await failure_of(endpoint)
    assert ["/api/auth/jwks"] == key_server.asked


@pytest.mark.parametrize("body", [b"", b"<!doctype html>", b'{"keys":[]}', b"\0" * 100, b'{"keys":'])
async def test_garbage_is_a_failure(key_server: KeyServer, endpoint: JwksEndpoint, body: bytes) -> None:
    key_server.publish(body)

    assert "key" in (await failure_of(endpoint)).lower()


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{", b"SSH-2.0\r\n\r\n"]
)
async def test_a_broken_connection_is_a_failure(
    key_server: KeyServer, endpoint: JwksEndpoint, answer: bytes
) -> None:
    key_server.answer = answer

    assert "RemoteProtocolError" in await failure_of(endpoint)


async def test_an_endless_answer_is_a_failure(key_server: KeyServer, endpoint: JwksEndpoint) -> None:
    key_server.publish(key_set(IssuerKey("key-1")) + b" " * 1_000_000)

    assert "more than 10000 bytes" == await failure_of(endpoint)


async def test_a_small_answer_cannot_unfold_into_a_large_one(
    key_server: KeyServer, endpoint: JwksEndpoint
) -> None:
    body = gzip.compress(key_set(IssuerKey("key-1")) + b" " * 1_000_000)
    assert len(body) < 10_000
    key_server.answer = response(body, "200 OK", "content-encoding: gzip")

    assert "not a JSON Web Key Set" == await failure_of(endpoint)


async def test_nobody_listening_is_a_failure() -> None:
    async with running_key_server() as stopped:
        endpoint = JwksEndpoint(stopped.url)

    assert "ConnectError" in await failure_of(endpoint)
    await endpoint.aclose()


async def test_a_server_that_hangs_is_given_up(key_server: KeyServer) -> None:
    endpoint = JwksEndpoint(key_server.url, timeout=0.05)
    key_server.hold()

    assert await failure_of(endpoint)
    await endpoint.aclose()


async def test_a_server_that_drips_is_given_up() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with listening(drip) as port:
        endpoint = JwksEndpoint(f"http://127.0.0.1:{port}/jwks", timeout=0.1)
        assert "no complete answer within 0.1 s" == await failure_of(endpoint)
        await endpoint.aclose()


@pytest.mark.parametrize("url", ["", "jwks.json", "file:///etc/passwd", "ftp://example.com/jwks", "http://"])
def test_only_web_addresses_can_be_configured(url: str) -> None:
    with pytest.raises(ValueError, match="http or https"):
        JwksEndpoint(url)
