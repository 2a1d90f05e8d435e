"""The OpenAPI 3.1 document, made of the description that stands next to each route.

OpenAPI 3.1 takes JSON Schema as it is, and Pydantic writes that: https://spec.openapis.org/oas/v3.1.1
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from flask import Flask
from pydantic import TypeAdapter
from typing_extensions import TypedDict
from werkzeug.routing import Rule

from scanner.http.answers import UNSAFE
from scanner.http.describe import Description

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]

ANYONE = "anyone"
_FURTHER = ("/healthz", "/metrics")
_ARGUMENT = re.compile(r"<(?:(?P<kind>[^:<>]+):)?(?P<name>\w+)>")
_REFS = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True)
class About:
    """What the document says of the whole door.

    `everyone` is the role of whoever is signed in: a route for a higher one may answer 403.
    """

    title: str
    description: str
    ways_in: Mapping[str, Json]
    everyone: str


class Error(TypedDict):
    """Why something was refused, in a sentence that says what to do."""

    error: str


def described_routes(app: Flask) -> Iterator[tuple[Rule, str, Description | None]]:
    """Return every route for programs with its method and description, by path."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if not rule.rule.startswith("/api/") and rule.rule not in _FURTHER:
            continue
        found = getattr(app.view_functions[rule.endpoint], "description", None)
        description = found if isinstance(found, Description) else None
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method, description


def document(app: Flask, about: About) -> Json:
    """Return the whole document as JSON."""
    routes = [(r, m, d) for r, m, d in described_routes(app) if d is not None]
    schemas, definitions = _schemas([description for _, _, description in routes])
    paths: Json = {}
    for rule, method, description in routes:
        operations = paths.setdefault(_path(rule), {})
        operations[method.lower()] = _operation(rule, method, description, schemas, about)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": about.title,
            "version": importlib.metadata.version("counterscan"),
            "description": about.description,
        },
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": dict(about.ways_in),
        },
    }


def _schemas(descriptions: Sequence[Description]) -> tuple[dict[tuple[int, Mode], Json], Json]:
    """The schema of each type by its identity, and the definitions that these refer to."""
    wanted: dict[tuple[int, Mode], TypeAdapter[Any]] = {
        (id(Error), "serialization"): TypeAdapter(Error)
    }
    for description in descriptions:
        for kind, mode in _types(description):
            wanted[(id(kind), mode)] = TypeAdapter(kind)
    inputs = [(key, key[1], adapter) for key, adapter in wanted.items()]
    found, whole = TypeAdapter.json_schemas(inputs, ref_template=_REFS)
    return {key: schema for (key, _), schema in found.items()}, whole.get("$defs", {})


def _types(description: Description) -> Iterator[tuple[Any, Mode]]:
    if description.answer is not None:
        yield description.answer, "serialization"
    if description.body is not None:
        yield description.body, "validation"


def _operation(
    rule: Rule,
    method: str,
    description: Description,
    schemas: dict[tuple[int, Mode], Json],
    about: About,
) -> Json:
    is_public = description.role == ANYONE
    operation: Json = {
        "summary": description.summary,
        "operationId": f"{rule.endpoint}.{method.lower()}".replace(".", "_"),
        "tags": [rule.endpoint.partition(".")[0]],
        "parameters": [*_in_path(rule), *_in_query(description)],
        "responses": _responses(method, description, schemas, about),
        "security": [] if is_public else [{way: []} for way in about.ways_in],
        "x-role": description.role,
    }
    if description.body is not None:
        schema = schemas[(id(description.body), "validation")]
        operation["requestBody"] = {
            "required": True,
            "content": {description.body_type: {"schema": schema}},
        }
    return operation


def _responses(
    method: str, description: Description, schemas: dict[tuple[int, Mode], Json], about: About
) -> Json:
    fine: Json = {"description": HTTPStatus(description.status).phrase}
    if description.answer is not None:
        schema = schemas[(id(description.answer), "serialization")]
        fine["content"] = {description.media_type: {"schema": schema}}
    elif description.status != HTTPStatus.NO_CONTENT:
        fine["content"] = {description.media_type: {"schema": {"type": "string"}}}
    statuses = {429, *description.refusals}
    if description.role != ANYONE:
        statuses |= {401}
    if description.role not in (ANYONE, about.everyone) or method in UNSAFE:
        statuses |= {403}
    if description.body is not None or description.query is not None:
        statuses |= {400}
    error = schemas[(id(Error), "serialization")]
    refused = {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {"application/json": {"schema": error}},
        }
        for status in sorted(statuses)
    }
    return {str(description.status): fine, **refused}


def _path(rule: Rule) -> str:
    return _ARGUMENT.sub(lambda found: f"{{{found['name']}}}", rule.rule)


def _in_path(rule: Rule) -> Iterator[Json]:
    for found in _ARGUMENT.finditer(rule.rule):
        number = (found["kind"] or "").startswith("int")
        schema: Json = {"type": "integer", "minimum": 0} if number else {"type": "string"}
        yield {"name": found["name"], "in": "path", "required": True, "schema": schema}


def _in_query(description: Description) -> Iterator[Json]:
    if description.query is None:
        return
    model = description.query.model_json_schema()
    for name, schema in model["properties"].items():
        about = schema.pop("description", "")
        yield {
            "name": name,
            "in": "query",
            "required": name in model.get("required", ()),
            "description": about,
            "schema": schema,
        }
