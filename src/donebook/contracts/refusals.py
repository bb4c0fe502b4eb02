"""How contracts describe what they refuse: the shapes they share, and OpenAPI of each status."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel, Field

from donebook import errors
from donebook.errors import Failure
from donebook.http.contract import Refusals

W = TypeVar("W")


def wording(table: Mapping[type[Failure], W], failure: Failure) -> W:
    """The entry for the most specific class of the failure that the table has."""
    return next(table[kind] for kind in type(failure).__mro__ if kind in table)


class Refusal(BaseModel):
    """Why a request was refused."""

    detail: str = Field(examples=["Task not found"])


class BrokenRule(BaseModel):
    """One rule that the request breaks."""

    type: str = Field(examples=["missing"])
    loc: list[str | int] = Field(examples=[["body", "title"]])
    msg: str = Field(examples=["Field required"])


class BrokenRules(BaseModel):
    """The rules that the request breaks."""

    detail: list[BrokenRule]


QUOTAS: Mapping[type[Failure], str] = {
    errors.TaskQuotaExceeded: "Quota exceeded: there are as many tasks as allowed; delete some for good",
    errors.HistoryQuotaExceeded: "Quota exceeded: the history is as large as allowed; delete tasks for good",
    errors.AnswerQuotaExceeded: "Quota exceeded: as many answers are stored as allowed; send it without an"
    " Idempotency-Key, or tomorrow",
}
"""How every contract words a quota that is used up."""

MEANINGS = {
    400: "A cursor or revision that does not belong here",
    401: "No token, or one that is not valid (any more)",
    403: "Not allowed, although it is known who asks; or a quota is used up",
    404: "No such task for this user",
    408: "The body did not arrive in time",
    409: "In conflict with what is stored",
    410: "Too long ago: what was deleted since is forgotten",
    412: "A condition of the request (If-Match, If-None-Match) does not hold",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "The request breaks a rule",
    429: "Too many requests; Retry-After says how long to wait",
    500: "A fault of the server",
    503: "The database cannot be reached; Retry-After says how long to wait",
}
"""What the statuses mean, for OpenAPI; the same in every contract."""


def describe_refusals(
    refusals: Refusals, schema: Callable[[int], Any], word: Callable[[Failure], Any]
) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's response objects for the statuses: a schema of each body, and the failures as examples."""
    headers: dict[int, dict[str, Any]] = {
        401: {
            "WWW-Authenticate": {
                "schema": {"type": "string"},
                "description": "`Bearer`, and an error code if a token was sent",
                "example": 'Bearer error="invalid_token"',
            }
        },
        429: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds", "example": 30}},
        503: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds", "example": 1}},
    }
    described: dict[int | str, dict[str, Any]] = {}
    for status, failures in refusals.items():
        examples = {
            type(failure).__name__: {"value": msgspec.to_builtins(word(failure))} for failure in failures
        }
        described[status] = {"description": MEANINGS[status], "model": schema(status)}
        if examples:
            described[status]["content"] = {"application/json": {"examples": examples}}
        if status in headers:
            described[status]["headers"] = headers[status]
    return described
