"""The OpenAPI document: each route for programs is described, and answers as it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pydantic import TypeAdapter

from scanner.http.openapi import described_routes, document
from scanner.records import Decision
from tests.webui.shop import Shop
from webui.api_page import ABOUT
from webui.app import Door, create_app, services


@pytest.fixture
def app(shop: Shop, tmp_path: Path) -> Iterator[Flask]:
    shop.show()
    shop.start(expected=5)
    for decision in (Decision.ACCEPTED, Decision.REVIEW, Decision.UNKNOWN):
        shop.scan(decision)
    app = create_app(tmp_path / "data", door=Door(is_open=True))
    yield app
    services(app).stop()


def test_every_route_for_programs_is_described(app: Flask) -> None:
    bare = [f"{method} {rule.rule}" for rule, method, found in described_routes(app) if not found]
    assert not bare, "put @describe(...) of webui/describe.py under these routes"


def test_the_document_is_openapi_whose_references_lead_somewhere(app: Flask) -> None:
    whole = document(app, ABOUT)
    assert whole["openapi"].startswith("3.1.")
    names = set(whole["components"]["schemas"])
    text = str(whole)
    assert set(re.findall(r"#/components/schemas/([^']+)", text)) <= names
    ids = [op["operationId"] for path in whole["paths"].values() for op in path.values()]
    assert len(ids) == len(set(ids))
    for path, operations in whole["paths"].items():
        for operation in operations.values():
            there = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert there == set(re.findall(r"{(\w+)}", path))


def test_the_document_is_served_and_shown(app: Flask) -> None:
    client = app.test_client()
    served = client.get("/api/openapi.json").json
    assert served == document(app, ABOUT)
    shown = client.get("/settings/api").get_data(as_text=True)
    for path in served["paths"]:
        assert path.replace("<", "&lt;") in shown


def test_answers_match_their_descriptions(app: Flask, shop: Shop) -> None:
    """Every GET route without an unknown in its path, and those about a scan or a command."""
    client = app.test_client()
    scan = shop.store.latest_scans(1)[0].id
    known = {"scan_id": str(scan), "command_id": "1", "batch_id": str(shop.batch_id)}
    asked = []
    for rule, method, found in described_routes(app):
        if method != "GET" or found is None or found.media_type != "application/json":
            continue
        if not rule.arguments <= set(known):
            continue
        path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", lambda name: known[name[1]], rule.rule)
        answer = client.get(path)
        asked.append(path)
        assert answer.status_code == found.status, f"{path}: {answer.get_data(as_text=True)}"
        _fits(found.answer, answer.json, path)
    assert {"/api/live", f"/api/live/scans/{scan}", "/api/settings", "/healthz"} <= set(asked)


START = {
    "kind": "start", "name": "Box", "expected_cards": 3, "store": "Main street", "location": "B 4",
    "game": "demo", "sets": ["Dawn"], "condition": "LP", "language": "de",
}  # fmt: skip


def test_what_is_changed_answers_as_described(app: Flask) -> None:
    client = app.test_client()
    client.get("/")
    cookie = client.get_cookie("counterscan_csrf")
    assert cookie is not None
    token = {"X-CSRF-Token": cookie.value}
    described = {(rule.rule, method): found for rule, method, found in described_routes(app)}
    for path, method, body in (
        ("/api/live/commands", "POST", START),
        ("/api/settings", "PATCH", {"changes": {"crops.keep_days": 60}}),
        ("/api/settings/people", "PUT", {"name": "B", "role": "counter", "password": "12345678"}),
        ("/api/settings/keys", "POST", {"label": "Till", "role": "counter"}),
    ):
        answer = client.open(path, method=method, json=body, headers=token)
        found = described[(path, method)]
        assert found is not None
        assert answer.status_code == found.status
        _fits(found.answer, answer.json, path)
        TypeAdapter(found.body).validate_python(body)


def _fits(kind: Any, told: Any, path: str) -> None:
    """Check that an answer is of its type, and has no field that the type does not know."""
    understood = TypeAdapter(kind).validate_json(json.dumps(told), strict=True)
    assert _keys(TypeAdapter(kind).dump_python(understood, mode="json")) == _keys(told), path


def _keys(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: _keys(value) for key, value in told.items()}
    return [_keys(value) for value in told] if isinstance(told, list) else None
