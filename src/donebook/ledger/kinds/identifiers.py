"""Identifiers made by the server."""

import os
import time
from uuid import UUID


def uuid7() -> UUID:
    """A version 7 UUID (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    return UUID(
        int=(milliseconds << 80)
        | (0x7 << 76)
        | ((random >> 68 & 0xFFF) << 64)
        | (0b10 << 62)
        | (random & (1 << 62) - 1)
    )
