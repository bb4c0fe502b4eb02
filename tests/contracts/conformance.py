"""Every reply of a contract is held against its OpenAPI document."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from donebook.app import openapi_document
from donebook.settings import Mount
from donebook.settings.mounts import DEFAULT_CONTRACTS, parse_mounts
from tests.contracts.client import Check, Reply


def conforms_to(mounts: tuple[Mount, ...] = parse_mounts(DEFAULT_CONTRACTS)) -> Check:
    """A check that a reply is one the document has: its status, its headers, its body."""
    return Conformance(openapi_document(mounts)).check


class Conformance:
    """A document, and the validators made from it as they are needed."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._validator = cache(self._make_validator)

    def check(self, reply: Reply) -> None:
        """Raise `AssertionError` for a reply of a documented operation that is not documented."""
        route = reply.scope.get("route")
        path = getattr(route, "path", None)
        operation = self._document["paths"].get(path, {}).get(reply.scope["method"].lower())
        if operation is None:
            return
        name = f"{reply.scope['method']} {path}"
        assert str(reply.status) in operation["responses"], f"{name} does not document {reply.status}"
        documented = operation["responses"][str(reply.status)]
        for header in documented.get("headers", {}):
            assert header in reply.headers, f"{name} {reply.status} is without {header}"
        if "content" not in documented:
            assert b"" == reply.body, f"{name} {reply.status} documents no body"
            return
        [media_type] = documented["content"]
        assert media_type == reply.headers["content-type"], f"{name} {reply.status}"
        if media_type == "text/event-stream":
            return
        validator = self._validator(path, reply.scope["method"].lower(), str(reply.status), media_type)
        problems = [
            f"{list(each.instance_path)}: {each.message}" for each in validator.iter_errors(reply.json())
        ]
        assert [] == problems, f"{name} {reply.status}: {problems}"

    def _make_validator(self, path: str, method: str, status: str, media_type: str) -> Any:
        schema = self._document["paths"][path][method]["responses"][status]["content"][media_type]
        return jsonschema_rs.Draft202012Validator(
            {**schema["schema"], "components": self._document["components"]}, validate_formats=True
        )
