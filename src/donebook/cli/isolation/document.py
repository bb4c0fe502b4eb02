"""What can be asked of a server, by its OpenAPI document."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")
_DOORS = re.compile(r"GET /health(/\w+)?|POST (/[^/{]+)*/api/auth/(signup|register|login|refresh)")


@dataclass(frozen=True)
class Operation:
    """One method on one path. ``schemas`` are the document's, for the body's references."""

    method: str
    path: str
    public: bool
    path_parameters: Mapping[str, Any]
    query_parameters: Mapping[str, Any]
    headers: frozenset[str]
    streams: bool
    body: Any = None
    schemas: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_a_door(self) -> bool:
        """Whether it cannot ask for a token: it tells of the server alone, or is where tokens are had."""
        return _DOORS.fullmatch(str(self)) is not None

    @property
    def creates_tasks(self) -> bool:
        return self.method == "POST" and self.path.endswith("/tasks")

    @property
    def key_kind(self) -> str | None:
        """How a task is named in the path: ``"uuid"``, ``"number"``, or not at all."""
        schema = self.path_parameters.get("task_id")
        if schema is None:
            return None
        return "uuid" if schema.get("format") == "uuid" else "number"

    @property
    def names_tasks(self) -> bool:
        """Whether a task can be named in it, in the path or the body."""
        return self.key_kind is not None or "uuid" in repr(self.bodies("uuid", ""))

    def bodies(self, task: str, text: str) -> list[Any]:
        """Bodies that the schema allows: ``task`` wherever a UUID belongs, ``text`` wherever a text does.

        One for each alternative and each optional property, so that nothing that can be said is left out.
        """
        if self.body is None:
            return [None]
        return list(_examples(self.body, self.schemas, task, text, every_option=True))


def read_operations(document: Mapping[str, Any]) -> list[Operation]:
    """The operations of a document."""
    schemas = document.get("components", {}).get("schemas", {})
    return [
        _operation(method, path, item[method], schemas)
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    ]


def _operation(method: str, path: str, given: Mapping[str, Any], schemas: Mapping[str, Any]) -> Operation:
    parameters: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
    for each in given.get("parameters", []):
        parameters.setdefault(each["in"], {})[each["name"]] = each["schema"]
    content = given.get("requestBody", {}).get("content", {})
    successes = given["responses"].get("200", {}).get("content", {})
    return Operation(
        method.upper(),
        path,
        public=not given.get("security"),
        path_parameters=parameters["path"],
        query_parameters=parameters["query"],
        headers=frozenset(name.lower() for name in parameters["header"]),
        streams="text/event-stream" in successes,
        body=content.get("application/json", {}).get("schema"),
        schemas=schemas,
    )


def kinds_of(schema: Mapping[str, Any]) -> set[str]:
    """What a parameter takes: ``"text"`` and ``"integer"``, as far as any value will do."""
    if "anyOf" in schema:
        return set().union(*(kinds_of(each) for each in schema["anyOf"]))
    if schema.get("type") == "array":
        return kinds_of(schema["items"])
    if schema.get("type") == "integer":
        return {"integer"}
    if schema.get("type") == "string" and "enum" not in schema and schema.get("format") in {None, "uuid"}:
        return {"text"}
    return set()


def _examples(
    schema: Any, schemas: Mapping[str, Any], task: str, text: str, *, every_option: bool = False
) -> Iterator[Any]:
    if "$ref" in schema:
        referred = schemas[schema["$ref"].rpartition("/")[2]]
        yield from _examples(referred, schemas, task, text, every_option=every_option)
    elif alternatives := schema.get("oneOf") or schema.get("anyOf"):
        for each in alternatives:
            yield from _examples(each, schemas, task, text, every_option=every_option)
    elif "const" in schema:
        yield schema["const"]
    elif "enum" in schema:
        yield from schema["enum"]
    elif schema.get("type") == "object":
        yield from _objects(schema, schemas, task, text, every_option=every_option)
    elif schema.get("type") == "array":
        for each in _examples(schema["items"], schemas, task, text, every_option=every_option):
            yield [each]
    elif schema.get("type") == "string":
        yield _text(schema, task, text)
    else:
        yield {"boolean": True, "integer": 1, "number": 1, "null": None}.get(schema.get("type", ""))


def _text(schema: Mapping[str, Any], task: str, text: str) -> str:
    fixed = {"uuid": task, "date": "2030-01-01", "date-time": "2030-01-01T08:00:00Z"}
    if schema.get("format") in fixed:
        return fixed[schema["format"]]
    return text[: schema.get("maxLength")]


def _objects(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], task: str, text: str, *, every_option: bool
) -> Iterator[Any]:
    properties = schema.get("properties", {})
    required = [name for name in properties if name in schema.get("required", ())]
    optional = [name for name in properties if name not in required]
    plain = [[*required, *(["title"] if "title" in optional else [])]]
    for names in [*plain, *([*required, name] for name in optional if every_option)]:
        choices = [
            list(_examples(properties[name], schemas, task, text, every_option=False)) for name in names
        ]
        for values in itertools.product(*choices):
            yield dict(zip(names, values, strict=True))
