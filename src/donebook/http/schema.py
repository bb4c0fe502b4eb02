"""OpenAPI schemas of what we encode ourselves: a Pydantic model made from a `msgspec.Struct`."""

from collections.abc import Iterable
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from pydantic import BaseModel, Field, create_model
from starlette.routing import BaseRoute

from donebook.http.answer import JSON
from donebook.http.route import ContractRoute

Struct = msgspec.Struct


@cache
def described(struct: type[Struct], name: str | None = None) -> type[BaseModel]:
    """A model with the struct's JSON names, types and `msgspec.Meta` descriptions.

    It is never instantiated: it exists so that the schema has the one source that is encoded.
    """
    hints = get_type_hints(struct, include_extras=True)
    fields: dict[str, Any] = {}
    for each in msgspec.structs.fields(struct):
        annotation, meta = _split(hints[each.name])
        extras: dict[str, Any] = {}
        if meta is not None:
            extras = {"description": meta.description, "examples": meta.examples}
        required = each.required
        fields[each.encode_name] = (_described_type(annotation), Field(... if required else None, **extras))
    return create_model(name or struct.__name__, __doc__=struct.__doc__, **fields)


def described_list(struct: type[Struct]) -> Any:
    """The type of a bare array of what the struct describes."""
    return list[described(struct)]  # type: ignore[misc]  # a type made at run time


def _split(annotation: Any) -> tuple[Any, msgspec.Meta | None]:
    meta = next(
        (each for each in getattr(annotation, "__metadata__", ()) if isinstance(each, msgspec.Meta)), None
    )
    return (get_args(annotation)[0] if meta is not None else annotation), meta


def _described_type(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return described(annotation)
    origin = get_origin(annotation)
    if origin is list:
        (item,) = get_args(annotation)
        return list[_described_type(item)]  # type: ignore[misc]  # a type worked out at run time
    if origin is dict:
        key, value = get_args(annotation)
        return dict[key, _described_type(value)]  # type: ignore[misc, valid-type]
    if origin is Annotated:
        return _described_type(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        return Union[tuple(_described_type(each) for each in get_args(annotation))]  # noqa: UP007 - at run time
    return annotation


def finish_responses(document: dict[str, Any], routes: Iterable[BaseRoute]) -> None:
    """Mend the responses of FastAPI's OpenAPI document: which there are, their media types, null in examples.

    FastAPI adds its own 422 to whatever has a parameter, files every schema of a route under one media
    type, and drops what is null. A refusal has the media type of the voice that words it.
    """
    for name in ("HTTPValidationError", "ValidationError"):
        document.get("components", {}).get("schemas", {}).pop(name, None)
    for route in routes:
        if not isinstance(route, ContractRoute) or not route.include_in_schema:
            continue
        for method in route.methods or ():
            responses = document["paths"][route.path_format][method.lower()]["responses"]
            if 422 not in route.responses:
                responses.pop("422", None)
            for status, response in responses.items():
                content = response.get("content", {})
                described = content.pop(JSON.decode(), None)
                if described is None:
                    continue
                if status >= "400":
                    declared = route.responses[int(status)].get("content", {})
                    content[route.voice.media_type.decode()] = described | declared.get(JSON.decode(), {})
                elif route.streams:
                    content["text/event-stream"] = _events_of(described["schema"])
                else:
                    content[JSON.decode()] = described


def _events_of(data: dict[str, Any]) -> dict[str, Any]:
    """As OpenAPI 3.2 (section 4.14.4) describes events whose data is JSON of that schema."""
    text: dict[str, Any] = {"type": "string"}
    data_text = text | {"contentMediaType": "application/json", "contentSchema": data}
    properties = {"data": data_text, "event": text, "id": text, "retry": {"type": "integer", "minimum": 0}}
    return {"itemSchema": {"type": "object", "required": ["data"], "properties": properties}}
