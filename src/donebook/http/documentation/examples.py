"""Examples of bodies in an OpenAPI document: a page can send them as they stand, and they are accepted.

A page that is given none makes some up from the schema, and few of those keep the contract's rules.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_JSON = "application/json"
_FORMATS = {
    "date": "2026-12-01",
    "date-time": "2026-12-01T08:30:00Z",
    "uuid": "0190b3a5-3f6b-7c1d-9a53-1e6f0c2d4b7e",
}
_MADE_UP: Mapping[str, Any] = {
    "string": "string",
    "integer": 1,
    "number": 1.5,
    "boolean": False,
    "object": {},
}
_ALTERNATIVES = ("oneOf", "anyOf", "allOf")

Schema = dict[str, Any]


def add_examples(document: dict[str, Any]) -> None:
    """Give every JSON body of a request and of a success an example, and the user in a path one too."""
    examples = _Examples(document.get("components", {}).get("schemas", {}))
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            # Of a parameter, pages take what stands beside its schema, not within it.
            if parameter["in"] == "path" and (given := parameter["schema"].get("examples")):
                parameter["example"] = given[0]
        if body := operation.get("requestBody", {}).get("content", {}).get(_JSON):
            body["example"] = examples.of_request(body["schema"])
        for status, response in operation["responses"].items():
            content = response.get("content", {}).get(_JSON)
            if content and status < "400":
                content["example"] = examples.of_answer(content["schema"])


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


class _Examples:
    """Examples of the schemas of one document."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas

    def of_request(self, schema: Schema) -> Any:
        """What a client may send: of the fields that can be left out, only those with an example."""
        return self._of(schema, sparing=True)

    def of_answer(self, schema: Schema) -> Any:
        """What a client may get: every field."""
        return self._of(schema, sparing=False)

    def _of(self, schema: Schema, *, sparing: bool) -> Any:
        schema = self._resolved(schema)
        if "examples" not in schema and (alternatives := _alternatives(schema)):
            return self._of(alternatives[0], sparing=sparing)
        match schema:
            case {"examples": [example, *_]} | {"const": example} | {"enum": [example, *_]}:
                return example
            case {"properties": fields}:
                needed = schema.get("required", ())
                return {
                    name: self._of(field, sparing=sparing)
                    for name, field in fields.items()
                    if not sparing or name in needed or self._is_told(field)
                }
            case {"type": "array"}:
                return [self._of(schema["items"], sparing=sparing)]
            case _:
                return _FORMATS.get(schema.get("format", "")) or _MADE_UP.get(schema.get("type", "object"))

    def _is_told(self, schema: Schema) -> bool:
        """Whether the schema says what a good value is."""
        schema = self._resolved(schema)
        if {"examples", "enum", "const", "properties"} & schema.keys() or schema.get("type") == "boolean":
            return True
        if alternatives := _alternatives(schema):
            return self._is_told(alternatives[0])
        return schema.get("type") == "array" and self._is_told(schema["items"])

    def _resolved(self, schema: Schema) -> Schema:
        if "$ref" not in schema:
            return schema
        named = self._schemas[schema["$ref"].rpartition("/")[2]]
        return named | {name: value for name, value in schema.items() if name != "$ref"}


def _alternatives(schema: Schema) -> list[Schema]:
    """What it may be other than null; the first is the example."""
    if "properties" in schema:
        return []
    found = [each for kind in _ALTERNATIVES for each in schema.get(kind, ())]
    return [each for each in found if each.get("type") != "null"]
