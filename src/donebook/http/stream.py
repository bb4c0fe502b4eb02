"""Server-sent events: an answer that goes on until one side ends it.

The format is that of the HTML standard, section 9.2 ("Server-sent events").
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.types import Message, Receive, Scope, Send

from donebook.http.answer import Answer
from donebook.http.requests import Disconnected
from donebook.ledger.events.audience import FeedEnded, Follower
from donebook.ledger.events.feed import Feed

HEARTBEAT_SECONDS = 20.0
"""The longest silence: after it comes a comment, so that proxies keep the connection."""

SEND_SECONDS = 10.0
"""How long a client may leave its side of the connection full before it is given up."""

_RETRY_MILLISECONDS = (1000, 3000)

_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"private, no-store"),
    (b"vary", b"Authorization"),
    # nginx would hold events back until a buffer is full.
    (b"x-accel-buffering", b"no"),
]


class EventStream(Answer):
    """What a follower takes from the feed; it leaves the feed when the stream is over.

    The stream begins with the id to resume from while no event has been seen. It is a block without
    data, of which browsers keep the id and tell nobody. It ends with a comment that says why. A HEAD
    request has the head of it.
    ``stay_alert`` is called again and again while it goes on, so that somebody looks out for the end of
    the token it was opened with.
    """

    def __init__(self, feed: Feed[Any], follower: Follower, stay_alert: Callable[[], None]) -> None:
        super().__init__(200, _HEADERS)
        self._feed = feed
        self._follower = follower
        self._stay_alert = stay_alert

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        follower = self._follower
        if scope["method"] == "HEAD":
            self._feed.leave(follower)
            await super().__call__(scope, receive, send)
            return
        leaving = asyncio.create_task(_until_disconnect(receive))
        leaving.add_done_callback(lambda _: follower.end("the client has left"))
        try:
            await _send(send, {"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            # Clients that lost their server together do not all come back in one moment.
            retry = random.randint(*_RETRY_MILLISECONDS)  # noqa: S311 - no secret
            data = format_sse_event(id=str(follower.place), retry=retry)
            more = True
            while more:
                await _send(send, {"type": "http.response.body", "body": data, "more_body": True})
                self._stay_alert()
                try:
                    data = await follower.take(HEARTBEAT_SECONDS) or KEEPALIVE_COMMENT
                except FeedEnded as end:
                    data, more = format_sse_event(comment=str(end)), False
            await _send(send, {"type": "http.response.body", "body": data})
        finally:
            self._feed.leave(follower)
            leaving.cancel()


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, message: Message) -> None:
    """Send, or give up a client that does not take what was sent before."""
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await send(message)
    except TimeoutError:
        raise Disconnected from None
