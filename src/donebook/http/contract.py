"""A contract: an HTTP dialect with its own URLs, shapes and words, sealed from the others."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Protocol

from fastapi import Depends, Header, Path
from pydantic import StringConstraints
from pydantic.json_schema import SkipJsonSchema

from donebook.errors import Failure, PathUserMismatch, QuotaExceeded
from donebook.http.answer import Answer
from donebook.http.failures import status_of, typical_of
from donebook.http.route import ContractRoute, admit_bearer

Endpoint = Callable[..., Awaitable[Answer]]
Refusals = Mapping[int, Sequence[Failure]]
"""The statuses an endpoint may refuse with, and typical failures of each."""


class Voice(Protocol):
    """How a dialect words what went wrong."""

    media_type: bytes
    """The content type of these answers."""

    def word(self, failure: Failure, request_id: str) -> Any:
        """The body of the answer to a failure, as a JSON value."""

    def describe(self, refusals: Refusals) -> dict[int | str, dict[str, Any]]:
        """OpenAPI's response objects for the statuses, with the failures as examples."""


@dataclass(frozen=True, slots=True)
class _Declaration:
    method: str
    path: str
    endpoint: Endpoint
    status: int
    answer: Any
    refusals: tuple[int, ...]
    options: Mapping[str, Any]


PathUser = Annotated[
    str,
    Path(
        description="The signed-in user's id: the token's subject.",
        min_length=1,
        examples=["demo"],
    ),
]


def _describe_path_user(user_id: PathUser) -> None:
    del user_id


_Tags = str | SkipJsonSchema[None]


def _describe_if_match(
    if_match: Annotated[
        _Tags,
        Header(
            alias="If-Match",
            description="Write only if the tag is still one of these, else 412.",
            examples=['"7"'],
        ),
    ] = None,
) -> None:
    del if_match


def _describe_if_none_match(
    if_none_match: Annotated[
        _Tags,
        Header(
            alias="If-None-Match",
            description="Answer 304 if the tag is still one of these.",
            examples=['"7"'],
        ),
    ] = None,
) -> None:
    del if_none_match


# Printable, and not white space at the ends: HTTP drops that.
_Key = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern="^[!-~]([ -~]*[!-~])?$")]


def _describe_idempotency_key(
    idempotency_key: Annotated[
        _Key | SkipJsonSchema[None],
        Header(
            alias="Idempotency-Key",
            description="Makes the request safe to send again: within 24 hours it is done once, and answered "
            "the same with `Idempotent-Replayed: true`. Another request with the key is refused with 422.",
            examples=["0190b3a5-3f6b-7c1d-9a53-1e6f0c2d4b7e"],
        ),
    ] = None,
) -> None:
    del idempotency_key


def _describe_completed() -> Any:
    raise RuntimeError("a contract's route reads the body itself")


Completed = Annotated[bool | None, Depends(_describe_completed)]
"""What the body says of completion, if anything: for a request that may have any body or none."""

_COMPLETION_BODY = {
    "description": "A JSON object with a boolean `completed` sets it; without a body, or with any other, the "
    "task is completed if it is open and reopened if it is complete.",
    "content": {"application/json": {"schema": {}, "example": {"completed": True}}},
}

_OURS = frozenset({"public", "keyed", "before", "admit", "streams", "typical"})
"""The options of a declaration that are not FastAPI's."""


@dataclass(slots=True)
class Contract:
    """The declarations of one dialect, from which routes are made wherever it is mounted.

    ``keyed`` says whether its writes take an idempotency key: all that they do must then be done on the
    call's database.
    """

    name: str
    summary: str
    voice: Voice
    keyed: bool = True
    _declarations: list[_Declaration] = field(default_factory=list)

    def route(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        answer: Any = None,
        refusals: Iterable[int] = (),
        **options: Any,
    ) -> Callable[[Endpoint], Endpoint]:
        """Declare an endpoint: its success status, the schema of its answer, and what it may refuse with.

        401, 429, 500 and 503 are every endpoint's; 403 comes with a user in the path, and with a write that
        a quota can refuse; 413, 415 and 408 with a body; ``If-Match`` with 412; ``Idempotency-Key`` and 422
        with a write;
        ``If-None-Match`` and 304 with reading what has a tag. ``also`` describes other successes with
        the same answer; ``typical`` has failures of this endpoint, as examples. ``public``, ``admit``,
        ``before`` and ``streams`` are those of `ContractRoute`; where it streams, ``answer`` describes
        the data of the events. Other options are FastAPI's.
        """

        def declare(endpoint: Endpoint) -> Endpoint:
            self._declarations.append(
                _Declaration(method, path, endpoint, status, answer, tuple(refusals), options)
            )
            return endpoint

        return declare

    def routes(self, base: str = "", voice: Voice | None = None) -> list[ContractRoute]:
        """The routes under a base path, speaking with the contract's own voice or another."""
        return [self._route(base, voice or self.voice, each) for each in self._declarations]

    def _route(self, base: str, voice: Voice, declared: _Declaration) -> ContractRoute:
        has_user = "{user_id}" in declared.path
        public = declared.options.get("public", False)
        has_body = declared.method in {"POST", "PUT", "PATCH"} and "body" in declared.endpoint.__annotations__
        statuses = {*declared.refusals, 429, 500, 503}
        statuses |= set() if public else {401}
        statuses |= {403} if has_user else set()
        statuses |= {408, 413, 415, 422} if has_body else set()
        takes_completed = "completed" in declared.endpoint.__annotations__
        statuses |= {408, 413} if takes_completed else set()
        tags: list[str | Enum] = [self.name if not base else f"{self.name} ({base})"]
        options = {key: value for key, value in declared.options.items() if key not in _OURS}
        success = options.pop("success", {})
        if takes_completed:
            options["openapi_extra"] = {"requestBody": _COMPLETION_BODY}
        also: Mapping[int, str] = options.pop("also", {})
        keyed = declared.method != "GET" and not public and declared.options.get("keyed", self.keyed)
        has_quota = keyed and declared.method != "DELETE"
        statuses |= {422} if keyed else set()
        statuses |= {403} if has_quota else set()
        responses: dict[int | str, dict[str, Any]] = {declared.status: success} if success else {}
        for status, meaning in also.items():
            responses[status] = {**success, "description": meaning, "model": declared.answer}
        own: Sequence[Failure] = declared.options.get("typical", ())
        strange = (PathUserMismatch,) * (not has_user) + (QuotaExceeded,) * (not has_quota)
        refusals = {
            status: [each for each in own if status_of(each) == status]
            or [each for each in typical_of(status, public=public) if not isinstance(each, strange)]
            for status in sorted(statuses)
        }
        described: list[Callable[..., None]] = [_describe_path_user] if has_user else []
        if keyed:
            described.append(_describe_idempotency_key)
        if 412 in statuses:
            described.append(_describe_if_match)
        if declared.method == "GET" and "ETag" in success.get("headers", {}):
            described.append(_describe_if_none_match)
            responses[304] = {"description": "Still what If-None-Match names", "headers": success["headers"]}
        return ContractRoute(
            base + declared.path,
            declared.endpoint,
            contract=self,
            voice=voice,
            public=public,
            keyed=keyed,
            before=declared.options.get("before"),
            admit=declared.options.get("admit", admit_bearer),
            streams=declared.options.get("streams", False),
            methods=[declared.method],
            status_code=declared.status,
            response_model=declared.answer,
            responses=responses | voice.describe(refusals),
            dependencies=[Depends(each) for each in described],
            operation_id="_".join(
                filter(None, [base.strip("/").replace("/", "_"), self.name, declared.endpoint.__name__])
            ),
            tags=tags,
            **options,
        )
