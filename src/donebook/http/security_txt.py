"""``/.well-known/security.txt``: where to report a weakness (RFC 9116)."""

from datetime import UTC, datetime, timedelta

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

PATH = "/.well-known/security.txt"

# Section 2.5.5 asks for less than a year; the service answers with a new date for as long as it runs.
_VALID_DAYS = 180


def add_security_txt(app: FastAPI, contact: str) -> None:
    """Serve the contact, which is a link."""

    async def security_txt(_: Request) -> Response:
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        expires = (midnight + timedelta(days=_VALID_DAYS)).isoformat().replace("+00:00", "Z")
        return PlainTextResponse(f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\n")

    app.add_route(PATH, security_txt, include_in_schema=False)
