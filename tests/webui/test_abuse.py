"""What somebody on the network may try with every route: refused or limited, in a sentence.

Each test goes through all routes of all pages, so that a page that comes later is tried as well.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from scanner.http.connections import MAX_PER_CLIENT
from scanner.http.describe import Description
from scanner.records import Decision
from tests.webui.shop import Shop
from tests.webui.signed_in import PASSWORD, Answer, Client, paired, signed_in
from webui.app import PAGES, Door, create_app, services

CHANGES = ("POST", "PUT", "PATCH", "DELETE")
WICKED = "<img src=/x onerror=window.owned=1><script>window.owned=1</script>\"'&lt;{{7*7}}"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("abuse") / "data")
    shop.show()
    shop.start(name=WICKED)
    for decision in (Decision.ACCEPTED, Decision.REVIEW, Decision.UNKNOWN):
        answer = shop.answer(decision)
        named = {} if answer.printing is None else {"printing": shop.renamed(answer, WICKED)}
        shop.scan(decision, reasons=(WICKED,), **named)
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def clients(shop: Shop) -> Iterator[dict[str, Client]]:
    """One page for all: a manager, a clerk, nobody, a program's key of a clerk's role."""
    server, ada = paired(shop.data_dir)
    body = {"name": "Ben", "role": "counter", "password": PASSWORD}
    ada.change("PUT", "/api/settings/people", body)
    key = ada.post("/api/settings/keys", {"label": "Till", "role": "counter"}).json["key"]
    yield {
        "manager": ada,
        "counter": signed_in(server, "Ben"),
        "nobody": Client(server),
        "key": Client(server, key=key),
    }
    answer = Client(server).get("/healthz")
    assert answer.status == 200, "the page did not survive this"
    server.kill()


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, Description | None]]:
    """Method, path with 1 or `x` in each gap, and description of every route."""
    app = create_app(tmp_path_factory.mktemp("routes") / "data")
    found = []
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<int[^>]*>", "1", rule.rule)
        path = re.sub(r"<[^>]*>", "x", path)
        description = getattr(app.view_functions[rule.endpoint], "description", None)
        methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        found += [(method, path, description) for method in methods]
    services(app).stop()
    return found


def is_for_anyone(description: Description | None) -> bool:
    return description is not None and description.role == "anyone"


def patient(client: Client, method: str, path: str, body: str | None, **headers: str) -> Answer:
    """Ask as a client that waits when it is told to."""
    while (answer := client.send(method, path, body, **headers)).status == 429:
        time.sleep(float(answer.headers["Retry-After"]))
    return answer


def test_without_signing_in_nothing_is_read_or_changed(
    clients: dict[str, Client], routes: list[tuple[str, str, Description | None]]
) -> None:
    nobody = clients["nobody"]
    token = {"X_CSRF_Token": nobody.csrf(), "Content_Type": "application/json"}
    for method, path, description in routes:
        if is_for_anyone(description) or path.startswith("/static/"):
            continue
        answer = patient(nobody, method, path, None if method == "GET" else "{}", **token)
        where = f"{method} {path}"
        if method == "GET" and not path.startswith("/api/"):
            assert answer.status == 303, where
            assert answer.headers["Location"].startswith("/login"), where
        else:
            assert answer.status == 401, where
            assert "Sign in" in answer.error, where


def test_a_session_without_the_pages_token_changes_nothing(
    clients: dict[str, Client], routes: list[tuple[str, str, Description | None]]
) -> None:
    for method, path, _ in routes:
        if method not in CHANGES:
            continue
        for headers in (
            {},
            {"X_CSRF_Token": "x" * 43},
            {"X_CSRF_Token": clients["manager"].csrf(), "Origin": "http://evil.example"},
            {"X_CSRF_Token": clients["manager"].csrf(), "Sec_Fetch_Site": "cross-site"},
        ):
            answer = patient(clients["manager"], method, path, "{}", **headers)
            assert answer.status == 403, f"{method} {path} with {headers}"


def test_what_is_for_managers_is_refused_to_everybody_else(
    clients: dict[str, Client], routes: list[tuple[str, str, Description | None]]
) -> None:
    tried = 0
    for method, path, description in routes:
        if description is None or description.role != "manager":
            continue
        tried += 1
        for who in ("counter", "key"):
            client = clients[who]
            token = {} if who == "key" else {"X_CSRF_Token": client.csrf()}
            answer = patient(client, method, path, None if method == "GET" else "{}", **token)
            assert answer.status == 403, f"{who}: {method} {path}"
    assert tried >= 10


SIGNS_OUT = {
    ("POST", "/logout"),
    ("DELETE", "/api/session"),
    ("DELETE", "/api/settings/ways/1"),
}
BROKEN = (
    ("", "application/json"),
    ("{", "application/json"),
    ("null", "application/json"),
    ("[1, 2]", "application/json"),
    ('"text"', "application/json"),
    ("[" * 8000, "application/json"),
    ('{"a":' * 2500 + "1" + "}" * 2500, "application/json"),
    ('{"name": "\\ud800", "kind": "start", "changes": {"\\udfff": "\\ud800"}}', "application/json"),
    ('{"kind": 1e999, "name": NaN, "role": {}, "password": [], "changes": 7}', "application/json"),
    ("a=b&a=%ff%fe", "application/x-www-form-urlencoded"),
    ("--x\r\nno part", "multipart/form-data; boundary=x"),
    ("<xml/>", "text/xml"),
)


def test_broken_bodies_are_refused_and_never_a_defect(
    clients: dict[str, Client], routes: list[tuple[str, str, Description | None]]
) -> None:
    manager = clients["manager"]
    for method, path, description in routes:
        if method not in CHANGES or (method, path) in SIGNS_OUT:
            continue
        for body, kind in BROKEN:
            token = {"X_CSRF_Token": manager.csrf(), "Content_Type": kind}
            answer = patient(manager, method, path, body, **token)
            where = f"{method} {path} with {kind} {body[:30]!r}: {answer.body[:200]!r}"
            assert answer.status not in (500, 502), where
            assert b"Traceback" not in answer.body, where
            if description is not None and description.body is not None:
                assert 400 <= answer.status < 500, where
    assert manager.get("/api/session").status == 200


def test_strange_questions_are_answered_or_refused_and_never_a_defect(
    clients: dict[str, Client], routes: list[tuple[str, str, Description | None]]
) -> None:
    manager = clients["manager"]
    strange = ("%00", "-1", "9" * 40, "%ff", "..%2f..%2fetc%2fpasswd", "%27%20OR%201%3D1--", "NaN")
    names = {"batch", "before", "after", "limit", "kind", "q", "span", "next", "game", "skip"}
    defects = []
    for method, path, description in routes:
        if method != "GET" or "/events" in path:
            continue
        known = set(description.query.model_fields) if description and description.query else set()
        for word in strange:
            query = "&".join(f"{name}={word}" for name in sorted(names | known))
            answer = patient(manager, method, f"{path}?{query}", None)
            if answer.status in (401, 500):
                defects.append(f"GET {path} with {word}: {answer.status} {answer.body[:200]!r}")
    assert not defects


@pytest.mark.parametrize(
    "step",
    ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "....//", "/", "%2f", "%00", "..;/"],
)
def test_no_path_leads_out_of_its_folder(
    clients: dict[str, Client],
    routes: list[tuple[str, str, Description | None]],
    shop: Shop,
    step: str,
) -> None:
    manager = clients["manager"]
    with_gaps = {path for method, path, _ in routes if method == "GET" and "/x" in path}
    assert "/static/x" in with_gaps
    for path in with_gaps:
        for target in ("page.db", "counterscan.db", "etc/passwd", "app.py"):
            for depth in (1, 3, 8):
                place = path.replace("/x", f"/{step * depth}{target}", 1)
                answer = patient(manager, "GET", place, None)
                where = f"GET {place}: {answer.status} {answer.body[:60]!r}"
                assert answer.status in (303, 308, 400, 404), where
                assert b"SQLite format" not in answer.body, where
                assert b"root:" not in answer.body, where


@pytest.mark.browser
@pytest.mark.parametrize("path", [page.path for page in PAGES])
def test_a_wicked_name_is_text_on_every_page(
    clients: dict[str, Client], browser: Browser, path: str
) -> None:
    context = browser.new_context()
    manager = clients["manager"]
    url = f"http://127.0.0.1:{manager.server.port}"
    context.add_cookies(
        [{"name": name, "value": value, "url": url} for name, value in manager.cookies.items()]
    )
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"{path} ran {dialog.message}"))
    answer = page.goto(url + path)
    assert answer is not None
    assert (answer.status, answer.url) == (200, url + path)
    page.wait_for_load_state("load")
    page.wait_for_function("document.querySelector('main') !== null")
    assert page.evaluate("window.owned") is None
    assert page.locator('img[src="/x"]').count() == 0
    assert f"{url}/x" not in asked
    context.close()


def test_slow_clients_take_nothing_from_the_others(clients: dict[str, Client]) -> None:
    """Another address opens all the connections it can and sends a request letter by letter."""
    port = clients["manager"].server.port
    slow = []
    try:
        for _ in range(MAX_PER_CLIENT * 5):
            connection = socket.socket()
            connection.bind(("127.0.0.2", 0))
            connection.connect(("127.0.0.1", port))
            slow.append(connection)
        for _ in range(3):
            for connection in slow:
                _send_a_little(connection)
            assert clients["manager"].get("/api/live").status == 200
            assert clients["nobody"].get("/login").status == 200
        held = sum(_is_open(connection) for connection in slow)
        assert held <= MAX_PER_CLIENT
    finally:
        for connection in slow:
            connection.close()


def test_a_head_that_never_ends_is_dropped(clients: dict[str, Client]) -> None:
    connection = socket.create_connection(("127.0.0.1", clients["manager"].server.port))
    connection.settimeout(1.0)
    connection.sendall(b"GET /login HTTP/1.1\r\n")
    deadline_mono_s = time.monotonic() + 300
    while _is_open(connection):
        assert time.monotonic() < deadline_mono_s, "it was let send for ever"
        _send_a_little(connection)
    connection.close()


def _send_a_little(connection: socket.socket) -> None:
    try:
        connection.send(b"X-Slow: 1\r\n")
    except OSError:
        return


def _is_open(connection: socket.socket) -> bool:
    """Whether the other side still listens; a time-out without news says that it does."""
    connection.settimeout(0.2)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def test_too_many_requests_are_told_to_wait(shop: Shop) -> None:
    app = create_app(shop.data_dir, door=Door(is_open=True))
    requests = services(app).gate.requests
    requests.burst, requests.per_s = 5, 0.01
    client = app.test_client()
    statuses = [client.get("/healthz").status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    held_back = client.get("/api/live")
    assert held_back.json == {"error": "Too many requests from this device. Wait a moment."}
    assert 1 <= int(held_back.headers["Retry-After"]) <= 100
    services(app).stop()
