"""The description of the JSON for programs: as OpenAPI, and as a page that shows it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template

from scanner.http.openapi import About, document
from webui.describe import describe
from webui.page import Services
from webui.security import CSRF_HEADER

Json = dict[str, Any]

ABOUT = About(
    title="Counterscan",
    description="What the page shows and does, for programs on the shop's network.",
    ways_in={
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key made under Settings, People and keys.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "counterscan_session",
            "description": f"A browser that signed in; it sends {CSRF_HEADER} too.",
        },
    },
    everyone="counter",
)

_TITLES = {"api": "This description", "sign_in": "Signing in", "people": "People and keys"}


def make(_services: Services) -> Blueprint:
    """Return the routes."""
    api = Blueprint("api", __name__)

    @cache
    def whole() -> Json:
        return document(current_app, ABOUT)

    @api.get("/api/openapi.json")
    @describe("This description, as OpenAPI 3.1", answer=dict[str, Any])
    def openapi() -> Response:
        return jsonify(whole())

    @api.get("/settings/api")
    @describe("The page that shows what programs may ask")
    def page() -> str:
        return render_template("api.html", groups=_groups(whole()))

    return api


def _groups(whole: Json) -> list[Json]:
    """The operations of the document by their first tag, ready to be shown."""
    groups: dict[str, list[Json]] = {}
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            shown = {
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "role": operation["x-role"],
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
        {"title": _TITLES.get(tag) or tag.replace("_", " ").capitalize(), "operations": found}
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
