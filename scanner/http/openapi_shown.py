"""The OpenAPI document for people: operations in groups, with schemas written out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint

from scanner.http.openapi import Json


def page_parts() -> Blueprint:
    """What an app registers so that its page may import `operations.html`; it has no routes."""
    return Blueprint("openapi_shown", __name__, template_folder="templates")


def groups_of(whole: Json, titles: Mapping[str, str], who: Mapping[str, str]) -> list[Json]:
    """Return the operations of the document by their first tag, ready to be shown.

    `who` says for each role in a sentence who may ask.
    """
    groups: dict[str, list[Json]] = {}
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            shown = {
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "who": who[operation["x-role"]],
                "parameters": operation["parameters"],
                "body": _schema_text(operation.get("requestBody"), whole),
                "answers": [
                    {
                        "status": status,
                        "words": answer["description"],
                        "schema": _schema_text(answer, whole) if status < "300" else "",
                    }
                    for status, answer in operation["responses"].items()
                ],
            }
            groups.setdefault(operation["tags"][0], []).append(shown)
    return [
        {"title": titles.get(tag) or tag.replace("_", " ").capitalize(), "operations": found}
        for tag, found in groups.items()
    ]


def _schema_text(part: Json | None, whole: Json) -> str:
    """The schema of a body or an answer as indented JSON; types that it names stand in it."""
    for content in (part or {}).get("content", {}).values():
        return json.dumps(_resolved(content["schema"], whole, ()), indent=2, ensure_ascii=False)
    return ""


def _resolved(schema: Any, whole: Json, above: tuple[str, ...]) -> Any:
    if isinstance(schema, list):
        return [_resolved(entry, whole, above) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in above:
            return {"type": name}
        return _resolved(whole["components"]["schemas"][name], whole, (*above, name))
    return {
        key: _resolved(value, whole, above)
        for key, value in schema.items()
        if key != "title" or not isinstance(value, str)
    }
