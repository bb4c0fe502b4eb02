"""Health: whether the process runs, and whether it can serve."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from donebook import __version__
from donebook.errors import Unavailable

SERVICE = "task-management-api"


class Health(BaseModel):
    """The process answers."""

    status: Literal["healthy"] = "healthy"
    timestamp: datetime
    service: str = Field(SERVICE, examples=[SERVICE])
    version: str = Field(__version__, examples=[__version__])


class Readiness(BaseModel):
    """Whether requests can be served, and if not, why."""

    status: Literal["ready", "not ready"]
    reason: str | None = Field(None, examples=[None])


_UNREADY = Readiness(status="not ready", reason="the database is not migrated; run: donebook migrate")


def health_routes(check_ready: Callable[[], Awaitable[None]]) -> APIRouter:
    """``/health`` and ``/health/live`` never touch the database; ``/health/ready`` does.

    ``check_ready`` raises `Unavailable` with a reason that is fit to show.
    """
    router = APIRouter(tags=["health"])

    @router.get("/health")
    @router.get("/health/", include_in_schema=False)
    async def health() -> Health:
        """Whether the process answers."""
        return Health(timestamp=datetime.now(UTC))

    @router.get("/health/live")
    async def live() -> Health:
        """Whether the process answers."""
        return Health(timestamp=datetime.now(UTC))

    @router.get(
        "/health/ready",
        response_model=Readiness,
        responses={
            503: {
                "description": "Not ready",
                "model": Readiness,
                "content": {"application/json": {"example": _UNREADY.model_dump()}},
            }
        },
    )
    async def ready() -> JSONResponse:
        """Whether the database is reachable and migrated."""
        try:
            await check_ready()
        except Unavailable as failure:
            body = Readiness(status="not ready", reason=str(failure)).model_dump()
            return JSONResponse(body, 503, {"Retry-After": str(failure.retry_after)})
        return JSONResponse(Readiness(status="ready").model_dump())

    return router
