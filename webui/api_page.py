"""The description of the JSON for programs: as OpenAPI, and as a page that shows it."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template

from scanner.http.openapi import About, document
from scanner.http.openapi_shown import groups_of, page_parts
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


_WHO = {
    "anyone": "No key needed.",
    "counter": "For every key and everyone signed in.",
    "manager": "For keys and people with the role manager.",
}


def make(_services: Services) -> Blueprint:
    """Return the routes."""
    api = Blueprint("api", __name__)
    api.register_blueprint(page_parts())

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
        return render_template("api.html", groups=groups_of(whole(), _TITLES, _WHO))

    return api
