"""The contracts side by side: where each has its tasks, what it calls things, how it refuses.

What a contract says is written out here a second time, from its description and not from its code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from tests.contracts.client import Reply, User

Refused = Literal[
    "no token",
    "not a bearer",
    "bad token",
    "expired",
    "nobody",
    "forbidden",
    "no task",
    "no page",
    "no method",
    "changed since",
    "too large",
    "not json",
]
Shape = Literal["detail", "coded", "envelope"]

_MISMATCH = "Access forbidden: user_id mismatch. Not authorized to access this user's tasks"
_CODED_NO_TASK = "Task not found or you don't have permission to access it"

_WORDS: Mapping[Shape, Mapping[Refused, tuple[str, str]]] = {
    "detail": {
        "no token": ("", "Missing authorization token"),
        "not a bearer": ("", "Invalid or malformed token"),
        "bad token": ("", "Invalid or malformed token"),
        "expired": ("", "Token has expired"),
        "nobody": ("", "Token missing user identifier"),
        "forbidden": ("", _MISMATCH),
        "no task": ("", "Task not found"),
        "no page": ("", "Not Found"),
        "no method": ("", "Method Not Allowed"),
        "changed since": ("", "Precondition failed: the resource has changed"),
        "too large": ("", "Request body too large"),
        "not json": ("", "Request body must be JSON"),
    },
    "coded": {
        "no token": ("MISSING_TOKEN", "Authorization header is missing"),
        "not a bearer": ("INVALID_AUTH_HEADER", "Authorization header must be: Bearer <token>"),
        "bad token": ("INVALID_TOKEN", "Invalid token"),
        "expired": ("TOKEN_EXPIRED", "Token has expired"),
        "nobody": ("MISSING_SUB_CLAIM", "Token missing user identifier"),
        "no task": ("TASK_NOT_FOUND", _CODED_NO_TASK),
        "no page": ("NOT_FOUND", "Not found"),
        "no method": ("METHOD_NOT_ALLOWED", "Method not allowed"),
        "changed since": ("PRECONDITION_FAILED", "The resource has changed since you read it"),
        "too large": ("PAYLOAD_TOO_LARGE", "Request body too large"),
        "not json": ("UNSUPPORTED_MEDIA_TYPE", "Request body must be JSON"),
    },
    "envelope": {
        "no token": ("UNAUTHORIZED", "Missing authorization token"),
        "not a bearer": ("UNAUTHORIZED", "Invalid or malformed token"),
        "bad token": ("UNAUTHORIZED", "Invalid or malformed token"),
        "expired": ("UNAUTHORIZED", "Token has expired"),
        "nobody": ("UNAUTHORIZED", "Token missing user identifier"),
        "forbidden": ("FORBIDDEN", "Not authorized to access this user's tasks"),
        "no task": ("NOT_FOUND", "Task not found"),
        "no page": ("NOT_FOUND", "Not found"),
        "no method": ("VALIDATION_ERROR", "Method not allowed"),
        "changed since": ("CONFLICT", "The resource has changed since you read it"),
        "too large": ("VALIDATION_ERROR", "Request body too large"),
        "not json": ("VALIDATION_ERROR", "Request body must be JSON"),
    },
}


@dataclass(frozen=True)
class Spoken:
    """A contract as its front ends know it."""

    name: str
    shape: Shape
    pattern: str
    newest_first: bool
    title_limit: int
    description_limit: int
    done: Literal["completed", "is_completed"] = "completed"
    toggles: bool = True

    def __str__(self) -> str:
        return self.name

    def tasks(self, user: User) -> str:
        """The user's list."""
        return self.pattern.format(user_id=user.path)

    def task(self, user: User, task: Mapping[str, Any]) -> str:
        """A task of the user."""
        return f"{self.tasks(user)}/{task['id']}"

    def missing(self, user: User) -> str:
        """A well-formed address in the user's list that no task has."""
        return f"{self.tasks(user)}/{uuid4() if self.name == 'enveloped' else 2**62}"

    def create(self, user: User, **fields: Any) -> dict[str, Any]:
        """Create a task through this contract."""
        reply = user.post(self.tasks(user), {"title": user.text} | fields)
        assert 201 == reply.status, reply
        return dict(reply.json())

    def listed(self, reply: Reply) -> list[dict[str, Any]]:
        """The tasks in the answer to a list."""
        body = reply.json()
        found: list[dict[str, Any]] = (
            body if isinstance(body, list) else body["data" if self.name == "enveloped" else "items"]
        )
        return found

    def calls(self, task: str) -> list[tuple[str, str, Any]]:
        """Method, target and body of everything that can be asked of one task."""
        return [
            ("GET", task, None),
            ("PUT", task, {"title": "changed"}),
            ("PUT", task, {}),
            ("PATCH", f"{task}/complete", None),
            ("DELETE", task, None),
        ]

    def refusal(self, kind: Refused, reply: Reply) -> Any:
        """The body that says so; time and request id are the reply's own."""
        code, words = _WORDS[self.shape][kind]
        if self.shape == "detail":
            return {"detail": words}
        if self.shape == "coded":
            return {"detail": words, "code": code}
        return self._envelope(code, words, None, reply)

    def broken(self, problems: Sequence[Mapping[str, Any]], reply: Reply) -> Any:
        """The body that names broken rules."""
        if self.shape == "detail":
            return {"detail": problems}
        if self.shape == "envelope":
            return self._envelope("VALIDATION_ERROR", "The request is not valid", problems, reply)
        place = ".".join(str(part) for part in problems[0]["loc"][1:])
        words = f"{place}: {problems[0]['msg']}" if place else problems[0]["msg"]
        return {"detail": words, "code": "VALIDATION_ERROR", "errors": problems}

    def problems(self, reply: Reply) -> list[dict[str, Any]]:
        """The broken rules that a 422 names; checks that nothing else is in it."""
        assert 422 == reply.status, reply
        body = reply.json()
        found: list[dict[str, Any]] = {
            "detail": lambda: body["detail"],
            "coded": lambda: body["errors"],
            "envelope": lambda: body["error"]["details"],
        }[self.shape]()
        assert self.broken(found, reply) == body
        assert found
        assert all({"type", "loc", "msg"} == each.keys() for each in found)
        return found

    @staticmethod
    def _envelope(code: str, words: str, details: Any, reply: Reply) -> Any:
        return {
            "error": {
                "code": code,
                "message": words,
                "details": details,
                "timestamp": reply.json()["error"]["timestamp"],
                "request_id": reply.headers["x-request-id"],
            }
        }


SCOPED = Spoken("scoped", "detail", "/api/{user_id}/tasks", False, 200, 1000)
VERSIONED = Spoken("versioned", "coded", "/api/v1/tasks", False, 200, 10_000)
FLAT = Spoken("flat", "detail", "/api/tasks", True, 200, 2000)
ENVELOPED = Spoken(
    "enveloped",
    "envelope",
    "/enveloped/api/{user_id}/tasks",
    True,
    500,
    10_000,
    done="is_completed",
    toggles=False,
)
TASK_CONTRACTS = (SCOPED, VERSIONED, FLAT, ENVELOPED)
"""The published ones; the living contract has tests of its own."""
