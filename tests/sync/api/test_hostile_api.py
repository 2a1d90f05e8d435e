"""Every route, those that come later too, is asked for what nobody means, with every right.

On SQLite and PostgreSQL, which differ in what they can hold.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.http.openapi import described_routes
from sync.cloud.api.app import services
from sync.cloud.api.server import ApiServer
from sync.cloud.config import CloudConfig
from sync.cloud.config_api import HttpSettings
from sync.cloud.store import CloudStore
from tests.sync.api.conftest import PASSWORD, Asker, Cloud

NUMBERS = ("0", "9223372036854775807", "9223372036854775808", "9" * 40, "9" * 5000, "٣")
WORDS = ("%00", "%ff", "%ed%a0%80", "a%00b", "x" * 5000, "%F0%9F%92%A9", "%2e%2e", "'%22;--", "{}")
STRANGE = (
    "", "\0", "x" * 3000, "-1", "9" * 400, "1e400", "NaN", "9999-12-31T23:59:59Z", "0001-01-01",
    "💩", "\u202e", "%", "=1+1", "a\r\nX: y", None, True, -1, 2**63, 10**300, 0.5, [], ["x"], {},
    {"a": {"b": []}}, "\ud800", ["\ud800"], {"\ud800": 1}, [10**30],
)  # fmt: skip
BEARABLE = (502, 503)
"""The broker or the database is away: none of the tests below has a broker."""


@pytest.fixture
def owner(either_api: Cloud) -> Asker:
    return either_api.key("owner")[0]


def routes(cloud: Cloud) -> Iterator[tuple[str, str, object]]:
    for rule, method, found in described_routes(cloud.app):
        if rule.rule not in ("/api/v1/logout", "/metrics", "/healthz"):
            yield method, rule.rule, found


def test_no_address_is_a_defect(either_api: Cloud, owner: Asker) -> None:
    defects = []
    for method, rule, _ in routes(either_api):
        if "<" not in rule:
            continue
        for strange in NUMBERS if "<int:" in rule else WORDS:
            path = re.sub(r"<[^>]+>", strange, rule)
            answer = owner.ask(path, {} if method not in ("GET", "DELETE") else None, method)
            if answer.status_code >= 500 and answer.status_code not in BEARABLE:
                defects.append(f"{method} {path[:80]}: {answer.status_code}")
    assert defects == []


def test_no_question_is_a_defect(either_api: Cloud, owner: Asker) -> None:
    defects = []
    for method, rule, found in routes(either_api):
        query = getattr(found, "query", None)
        if query is None:
            continue
        path = re.sub(r"<[^>]+>", "1", rule)
        known = {
            name: "Pikachu" for name, field in query.model_fields.items() if field.is_required()
        }
        for name in query.model_fields:
            for strange in STRANGE:
                if not isinstance(strange, str) or strange == "\ud800":
                    continue
                answer = owner.client.open(
                    path, method=method, query_string={**known, name: strange},
                    headers={"Authorization": f"Bearer {owner.secret}"},
                )  # fmt: skip
                if answer.status_code >= 500 and answer.status_code not in BEARABLE:
                    defects.append(f"{method} {path} {name}={strange[:40]!r}")
    assert defects == []


def test_no_body_is_a_defect(either_api: Cloud, owner: Asker) -> None:
    defects = []
    for method, rule, found in routes(either_api):
        body = getattr(found, "body", None)
        if body is None or not hasattr(body, "model_fields"):
            continue
        path = re.sub(r"<[^>]+>", "1", rule)
        for name in body.model_fields:
            for strange in STRANGE:
                usual: dict[str, object] = {
                    other: "Olga" for other, field in body.model_fields.items()
                    if field.is_required()
                }  # fmt: skip
                answer = owner.client.open(
                    path, method=method, data=json.dumps(usual | {name: strange}),
                    content_type="application/json",
                    headers={"Authorization": f"Bearer {owner.secret}"},
                )  # fmt: skip
                if answer.status_code >= 500 and answer.status_code not in BEARABLE:
                    defects.append(f"{method} {path} {name}={str(strange)[:40]!r}")
    assert defects == []


def spoken(server: ApiServer, *lines: str, body: bytes = b"") -> bytes:
    """What the server answers to these very lines."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        found = b""
        try:
            while part := connection.recv(65536):
                found += part
        except ConnectionResetError:
            return found
    return found


def test_what_is_said_on_the_wire_has_one_meaning(tmp_path: Path) -> None:
    """A proxy that understands a request otherwise than we do could be made to pass another's."""
    settings = HttpSettings(port=0)
    end = ("Host: x", "Connection: close")
    with CloudStore(tmp_path) as store, ApiServer(store, CloudConfig(http=settings)) as server:
        services(server.app).gate.accounts.add("Olga", "owner", PASSWORD)
        sent = json.dumps({"name": "Olga", "password": PASSWORD}).encode()
        post = "POST /api/v1/login HTTP/1.1"
        plain = ("Content-Type: application/json", f"Content-Length: {len(sent)}")
        answer = spoken(server, post, *end, *plain, body=sent)
        token = json.loads(answer.partition(b"\r\n\r\n")[2])["token"]
        key = f"Authorization: Bearer {token}"
        second = f"GET /api/v1/me HTTP/1.1\r\nHost: x\r\n{key}\r\n\r\n".encode()
        for lines, body in (
            ((*end, "Content-Length: 5", "Content-Length: 6"), b"abcdef"),
            ((*end, "Content-Length: -5"), b"abcdef"),
            ((*end, "Content-Length: +5"), b"abcdef"),
            ((*end, "Content-Length: 5", "Transfer-Encoding: chunked"), b"0\r\n\r\n" + second),
            ((*end, "Transfer-Encoding: xchunked"), b"0\r\n\r\n" + second),
            ((*end, "Transfer-Encoding: chunked, identity"), b"0\r\n\r\n" + second),
        ):
            answer = spoken(server, post, *lines, body=body)
            assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5", b"HTTP/1.0 4")), lines
            assert answer.count(b"HTTP/1.") == 1, lines
            assert b"Olga" not in answer
        me = "GET /api/v1/me HTTP/1.1"
        assert b" 200 " in spoken(server, me, *end, key).partition(b"\r\n")[0]
        assert b" 200 " not in spoken(server, me, *end, "Authorization: Bearer x", key)[:20]
        for path in ("/api/v1/%0d%0aSet-Cookie:%20a=b", "//evil.example/%2e%2e", "/api/v1/me%00"):
            answer = spoken(server, f"GET {path} HTTP/1.1", *end, key)
            assert b" 404 " in answer[:20], path
            assert b"set-cookie" not in answer.lower()
            assert b"\r\nlocation" not in answer.lower()
