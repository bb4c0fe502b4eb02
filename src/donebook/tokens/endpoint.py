"""The address where an issuer publishes its keys."""

import asyncio
from typing import Protocol

import httpx

from donebook.tokens.keys import KeySet, parse_key_set

TIMEOUT = 5.0
"""Seconds for the whole exchange, from the name look-up to the last byte."""

MAX_BYTES = 262_144


class KeysUnreachable(Exception):
    """The issuer did not hand out a usable key set; the message says why, for the log."""


class KeySource(Protocol):
    """Where key sets come from."""

    async def fetch(self) -> KeySet:
        """The keys as published now. Raises ``KeysUnreachable``."""
        ...

    async def aclose(self) -> None:
        """Close what is open."""
        ...


class JwksEndpoint:
    """A JWKS document at a URL.

    Redirects are not followed and only the configured address is ever asked, so an issuer cannot send
    us elsewhere; an answer that is slow, large, compressed or not 200 is a failure.
    """

    def __init__(self, url: str, *, timeout: float = TIMEOUT, max_bytes: int = MAX_BYTES) -> None:
        address = httpx.URL(url)
        if address.scheme not in {"http", "https"} or not address.host:
            raise ValueError("the JWKS address must be an http or https URL")
        self._url = address
        self._timeout = timeout
        self._max_bytes = max_bytes
        # Made now, because loading the trusted certificates would hold up the event loop later.
        self._client = httpx.AsyncClient(
            timeout=timeout,
            follow_redirects=False,
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"accept": "application/json", "accept-encoding": "identity"},
        )

    async def fetch(self) -> KeySet:
        """The keys as published now. Raises ``KeysUnreachable``."""
        try:
            # httpx's own limits are per read; a server that drips must not hold us longer.
            async with asyncio.timeout(self._timeout):
                content = await self._download()
                # An issuer that rotates every hour publishes hundreds of keys: too many for the loop.
                return await asyncio.to_thread(parse_key_set, content)
        except TimeoutError:
            raise KeysUnreachable(f"no complete answer within {self._timeout:g} s") from None
        except httpx.HTTPError as problem:
            raise KeysUnreachable(f"{type(problem).__name__}: {problem}") from problem
        except ValueError as problem:
            raise KeysUnreachable(str(problem)) from problem

    async def aclose(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def _download(self) -> bytes:
        async with self._client.stream("GET", self._url) as answer:
            if answer.status_code != httpx.codes.OK:
                raise ValueError(f"status {answer.status_code}")
            # Read raw, so that a small compressed body cannot unfold into a large one.
            content = bytearray()
            async for chunk in answer.aiter_raw():
                content += chunk
                if len(content) > self._max_bytes:
                    raise ValueError(f"more than {self._max_bytes} bytes")
            return bytes(content)
