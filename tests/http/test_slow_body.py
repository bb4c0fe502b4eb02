import asyncio
from typing import Any

import pytest

from donebook.http.bounds.bodies import BodyMemory
from donebook.http.failures import BodyTooSlow
from donebook.http.requests import read_json
from donebook.settings import Settings

SCOPE: dict[str, Any] = {"headers": []}


async def test_all_of_a_body_has_one_limit_of_time() -> None:
    """Not one for each piece: a client could stretch it."""
    bodies = BodyMemory(1000)
    pieces = [b'{"title"', b':"x"}']

    async def receive() -> Any:
        await asyncio.sleep(0.4)
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    with pytest.raises(BodyTooSlow):
        await read_json(SCOPE, receive, limit=1000, seconds=0.6, hold=lambda: bodies.hold("ada"))
    assert 0 == bodies.held


def test_a_client_as_slow_as_it_may_be_is_gone_within_30_seconds() -> None:
    header, body = (Settings.model_fields[name].default for name in ("header_timeout", "body_timeout"))
    # Each is kept to within a second or two.
    assert header + body + 4 < 30
