"""The description of the API: as OpenAPI 3.1, and as a page that shows it."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template

from scanner.http.openapi import About, Json, document
from scanner.http.openapi_shown import groups_of, page_parts
from sync.cloud.api.describe import describe

ABOUT = About(
    title="Counterscan cloud",
    description=(
        "Devices, cards, prices, collections and alerts of one shop or chain. Everything but "
        "signing in, enrolling a device and the health check needs a token or a key, sent as "
        "`Authorization: Bearer TOKEN`. Times are UTC, amounts are in hundredths of the currency "
        "(or in its units where it has no hundredths)."
    ),
    ways_in={
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key (csk_…), made by an owner: POST /api/v1/keys.",
        },
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "What POST /api/v1/login answers; good for 12 hours.",
        },
    },
    everyone="reader",
)
_TITLES = {
    "api": "This description",
    "sign_in": "Signing in and people",
    "keys": "Keys and usage",
    "devices": "Devices",
    "fleet": "One device and its commands",
    "releases": "Packs and models for devices",
    "uploads": "Uploads of packs and models",
    "cards": "Cards and prices",
    "collections": "Collections",
    "alerts": "Alerts and notifications",
    "audit": "Who changed what",
    "operations": "Operations",
}


_WHO = {
    "anyone": "No key needed.",
    "reader": "For every key and everybody who has signed in.",
    "manager": "For the role manager and owners.",
    "owner": "For the role owner.",
}


def make() -> Blueprint:
    """Return the routes."""
    api = Blueprint("api", __name__)
    api.register_blueprint(page_parts())

    @cache
    def whole() -> Json:
        return document(current_app, ABOUT)

    @api.get("/api/openapi.json")
    @describe("This description, as OpenAPI 3.1", answer=dict[str, Any], role="anyone")
    def openapi() -> Response:
        return jsonify(whole())

    @api.get("/")
    @describe("The page that shows what programs may ask", role="anyone")
    def page() -> str:
        groups = groups_of(whole(), _TITLES, _WHO)
        return render_template("cloud_api.html", about=ABOUT, groups=groups)

    return api
