"""What nobody should send does no harm: too large, not JSON, SQL, HTML, paths, other sites."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from scanner.http.openapi import described_routes
from sync.cloud.api.api_page import ABOUT
from sync.cloud.api.app import services
from sync.cloud.tables_api import ACCOUNT
from tests.sync.api.conftest import PASSWORD, Cloud

BODIES = (
    ("POST", "/api/v1/login"),
    ("POST", "/api/v1/enrol"),
    ("POST", "/api/v1/people"),
    ("POST", "/api/v1/keys"),
    ("POST", "/api/v1/devices/codes"),
    ("POST", "/api/v1/webhooks"),
    ("PUT", "/api/v1/me/password"),
    ("PATCH", "/api/v1/people/1"),
)


def test_what_is_too_large_is_not_read(cloud: Cloud) -> None:
    owner = cloud.person()
    for method, path in BODIES:
        answer = owner.ask(path, {"name": "x" * 20_000}, method)
        assert answer.status_code == 413, path
        assert "16 KiB" in answer.json["error"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"{", b"[" * 8000, b'{"name": 1e999}', b"\xff\xfe",
        b'{"name": "\\ud800"}',
        b'{"name": "a\\u0000", "password": "b"}', b'{"label": "\\u0000"}', b'{"device": "\\u0000"}',
        b'{"code": "\\ud800\\u0000"}', b'{"url": "\\u0000"}', b'{"present": "\\ud800", "new": "x"}',
        json.dumps({"name": {"$gt": ""}, "password": {"$ne": None}}).encode(),
        json.dumps({"name": "Olga", "password": PASSWORD, "role": "king"}).encode(),
    ],
    ids=range(16),
)  # fmt: skip
def test_what_is_no_body_is_refused_in_words(cloud: Cloud, body: bytes) -> None:
    owner = cloud.person()
    for method, path in BODIES:
        answer = owner.client.open(
            path, method=method, data=body, content_type="application/json",
            headers={"Authorization": f"Bearer {owner.secret}"},
        )  # fmt: skip
        assert answer.status_code in (400, 401, 403), (path, answer.get_data(as_text=True))
        assert len(answer.get_json()["error"]) > 5
    assert owner.ask("/api/v1/me").status_code == 200


INJECTED = ("' OR '1'='1", '"; DROP TABLE account; --', "Olga'--", "1); DELETE FROM account; --")


@pytest.mark.parametrize("text", INJECTED)
def test_sql_is_only_text(either_api: Cloud, text: str) -> None:
    owner = either_api.person()
    login = {"name": text, "password": text}
    assert owner.ask("/api/v1/login", login).status_code == 401
    owner.told("/api/v1/people", {"name": text, "password": "long enough 1"}, status=201)
    owner.told("/api/v1/keys", {"label": text}, status=201)
    for path in ("devices/{}", "alerts/{}/close"):
        method = "DELETE" if "devices" in path else "POST"
        answer = owner.ask("/api/v1/" + path.format(text.replace("/", "")), method=method)
        assert answer.status_code in (400, 404)
    with either_api.store.log.read() as session:
        people = session.connection().execute(select(func.count()).select_from(ACCOUNT))
        assert people.scalar_one() == 2
    assert text in {each["name"] for each in owner.told("/api/v1/people")["people"]}


def test_html_is_only_text(cloud: Cloud) -> None:
    owner = cloud.person()
    evil = "<script>alert(1)</script>"
    owner.told("/api/v1/keys", {"label": evil}, status=201)
    answer = owner.ask("/api/v1/keys")
    assert answer.content_type == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    page = cloud.stranger.ask("/", headers={"Host": f"x{evil}"})
    assert evil not in page.get_data(as_text=True)
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/%2e%2e/app.py",
        "/static//etc/passwd", "/../../etc/passwd", "/api/v1/devices/..%2f..%2fetc", "/static/",
        "/api/v1/devices/%00", "/api/v1/alerts/%00/close", "/api/v1/devices/",
    ],
)  # fmt: skip
def test_no_path_leads_out(cloud: Cloud, path: str) -> None:
    owner = cloud.person()
    for method in ("GET", "POST", "DELETE"):
        answer = owner.ask(path, method=method)
        assert answer.status_code in (400, 404, 405), (method, path)
        assert "root:" not in answer.get_data(as_text=True)


def test_other_sites_get_nothing(cloud: Cloud) -> None:
    owner = cloud.person()
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for method, path in (("OPTIONS", "/api/v1/keys"), ("GET", "/api/v1/me"), ("POST", "/x")):
        answer = owner.ask(path, method=method, headers=asked)
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-")]
    signed_in = cloud.stranger.ask("/api/v1/login", {"name": "Olga", "password": PASSWORD})
    assert "Set-Cookie" not in signed_in.headers
    assert signed_in.headers["Cache-Control"] == "no-store"
    assert signed_in.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_form_of_another_site_signs_nobody_in_elsewhere(cloud: Cloud) -> None:
    """There is no cookie that a browser would send by itself: a form changes nothing."""
    cloud.person()
    answer = cloud.stranger.client.post("/api/v1/keys", data={"label": "x"})
    assert answer.status_code == 401


def test_every_route_is_described_and_only_these_are_for_anyone(cloud: Cloud) -> None:
    routes = list(described_routes(cloud.app))
    bare = [f"{method} {rule.rule}" for rule, method, found in routes if found is None]
    assert bare == []
    open_to_all = {rule.rule for rule, _, found in routes if found and found.role == "anyone"}
    assert open_to_all == {"/api/openapi.json", "/api/v1/login", "/api/v1/enrol", "/healthz"}


def test_every_route_but_those_for_anyone_refuses_strangers_and_low_roles(cloud: Cloud) -> None:
    reader, _ = cloud.key("reader")
    for rule, method, found in described_routes(cloud.app):
        if found is None or found.role == "anyone":
            continue
        path = re.sub(r"<(?:int:)?\w+>", "1", rule.rule)
        assert cloud.stranger.ask(path, method=method).status_code == 401, path
        if found.role in ("manager", "owner"):
            assert reader.ask(path, method=method).status_code == 403, path


def test_a_database_that_is_away_is_told_and_no_stack_trace(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _ = cloud.key()

    def fail(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(services(cloud.app).devices, "all", fail, raising=False)
    cloud.app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = key.ask("/api/v1/devices")
    assert answer.status_code == 500
    assert "secret" not in answer.get_data(as_text=True)
    database = cloud.store.data_dir / "cloud.db"
    database.rename(database.with_suffix(".away"))
    answer = key.ask("/api/v1/devices")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert str(cloud.store.data_dir) not in answer.get_data(as_text=True)


def test_the_document_names_the_ways_in() -> None:
    assert set(ABOUT.ways_in) == {"key", "token"}
