"""Requests that nobody's own page would send: each gets a clear refusal, and the page stays up."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.webui.served import PageProcess
from tests.webui.shop import Shop
from webui.security import MAX_BODY_BYTES

TOKEN = "t" * 43
COMMANDS = "/api/live/commands"
PAUSE = json.dumps({"kind": "pause"})


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def error(self) -> str:
        return str(json.loads(self.body)["error"])


class Client:
    """Sends exactly what it is told, header by header."""

    def __init__(self, server: PageProcess) -> None:
        self.server = server
        self.host = f"127.0.0.1:{server.port}"

    def send(
        self, method: str, path: str, body: str | bytes | None = None, **headers: str
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Host": self.host, **named})
        answer = connection.getresponse()
        kept = Answer(answer.status, answer.headers, answer.read())
        connection.close()
        return kept

    def command(self, body: str | bytes = PAUSE, **changes: str) -> Answer:
        """Press a button as the page does, with `changes` to the headers; "" leaves one out."""
        headers = {
            "Content_Type": "application/json",
            "Cookie": f"counterscan_csrf={TOKEN}",
            "X_CSRF_Token": TOKEN,
            "Origin": f"http://{self.host}",
        } | changes
        return self.send("POST", COMMANDS, body, **{k: v for k, v in headers.items() if v})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("hostile") / "data")
    shop.start()
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def client(shop: Shop) -> Iterator[Client]:
    """One page for all these tests: what one of them does must not hurt the next."""
    server = PageProcess(shop.data_dir)
    yield Client(server)
    server.kill()


def test_the_pages_own_request_is_obeyed(client: Client, shop: Shop) -> None:
    answer = client.command()
    assert answer.status == 202
    [command] = shop.commands()
    assert (command.kind, command.argument) == ("pause", {})
    shop.store.finish_command(command.id or 0)


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"X_CSRF_Token": ""}, 403, "Reload it"),
        ({"X_CSRF_Token": "x" * 43}, 403, "Reload it"),
        ({"Cookie": ""}, 403, "Reload it"),
        ({"Cookie": "counterscan_csrf=", "X_CSRF_Token": ""}, 403, "Reload it"),
        ({"Origin": "http://evil.example"}, 403, "from another page"),
        ({"Origin": "null"}, 403, "from another page"),
        ({"Sec_Fetch_Site": "cross-site"}, 403, "from another page"),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 421, "IP address"),
        ({"Host": "", "Origin": ""}, 421, "IP address"),
    ],
)
def test_a_command_from_elsewhere_is_refused(
    client: Client, shop: Shop, changes: dict[str, str], status: int, words: str
) -> None:
    host = {"Host": changes["Host"] or "counterscan.evil.example"} if "Host" in changes else {}
    answer = client.command(**(changes | host))
    assert answer.status == status
    assert words in answer.error
    assert shop.commands() == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "not readable"),
        ("{", "not readable"),
        ("[1]", "not readable"),
        ('{"kind": "explode"}', "no such command"),
        ('{"kind": ["pause"]}', "no such command"),
        ('{"kind": "start"}', "name of 1 to 80"),
        ('{"kind": "start", "name": "   "}', "name of 1 to 80"),
        (json.dumps({"kind": "start", "name": "n" * 81}), "name of 1 to 80"),
        ('{"kind": "start", "name": "a\\u0000b"}', "name of 1 to 80"),
        ('{"kind": "start", "name": "a", "expected_cards": -1}', "whole number"),
        ('{"kind": "start", "name": "a", "expected_cards": 1.5}', "whole number"),
        ('{"kind": "start", "name": "a", "expected_cards": 9999999}', "whole number"),
        ("[" * 9000, "not readable"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(
    client: Client, shop: Shop, body: str, words: str
) -> None:
    answer = client.command(body)
    assert answer.status == 400
    assert words in answer.error
    assert shop.commands() == []


def test_a_huge_body_is_refused_whatever_its_kind(client: Client, shop: Shop) -> None:
    huge = b"x" * (MAX_BODY_BYTES + 1)
    for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = client.command(huge, Content_Type=kind)
        assert answer.status == 413
        assert "too large" in answer.error
    assert shop.commands() == []


def test_a_body_of_gigabytes_is_refused_before_it_is_sent(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.server.port), timeout=60) as raw:
        head = f"POST {COMMANDS} HTTP/1.1\r\nHost: {client.host}\r\nContent-Length: 9999999999\r\n"
        raw.sendall(head.encode() + b"\r\n")
        raw.sendall(b"x" * 1000)
        assert b" 413 " in raw.recv(4096).split(b"\r\n")[0]


@pytest.mark.parametrize(
    "path",
    [
        "/crops/../counterscan.db",
        "/crops/%2e%2e/counterscan.db",
        "/crops/2026-01-01/../../counterscan.db",
        "/crops/..%2f..%2fetc/passwd",
        "/crops//etc/passwd",
        "/crops/2026-01-01/link.jpg",
        "/crops/2026-01-01/secret.txt",
        "/crops/2026-01-01/none.jpg",
        "/crops/2026-01-01/a%00.jpg",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/api/live/scans/99999999999999999999",
        "/api/live/scans/" + "9" * 5000,
    ],
)
def test_only_crops_are_served_from_the_data_folder(client: Client, shop: Shop, path: str) -> None:
    day = shop.data_dir / "crops" / "2026-01-01"
    day.mkdir(parents=True, exist_ok=True)
    (day / "secret.txt").write_text("secret")
    (day / "link.jpg").unlink(missing_ok=True)
    (day / "link.jpg").symlink_to(shop.data_dir / "counterscan.db")
    answer = client.send("GET", path, Accept="application/json")
    assert answer.status == 404
    assert "no such page" in answer.error


def test_a_scans_crop_is_served_and_may_be_kept(client: Client, shop: Shop) -> None:
    answer = client.send("GET", f"/{shop.scan().crop_path}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert answer.body.startswith(b"\xff\xd8")
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "192.168.1.20:8080", "[::1]:8080", "localhost:8080", "LOCALHOST"]
)
def test_addresses_and_own_names_are_answered(client: Client, host: str) -> None:
    assert client.send("GET", "/api/live", Host=host).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "a b"]
)
def test_other_names_are_not(client: Client, host: str) -> None:
    answer = client.send("GET", "/api/live", Host=host)
    assert answer.status == 421
    assert "scan" not in json.loads(answer.body)


@pytest.mark.parametrize("path", ["/", "/api/live", "/static/live.js", "/nothing-here", "/healthz"])
def test_every_answer_carries_the_security_headers(client: Client, path: str) -> None:
    headers = client.send("GET", path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers
    assert "Server" not in headers


def test_the_page_holds_no_script_or_style_of_its_own(client: Client) -> None:
    page = client.send("GET", "/").body.decode()
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert page.count("<script") == 3  # two files, and the data that is no script


def test_a_mistyped_address_gets_a_page_with_a_way_back(client: Client) -> None:
    answer = client.send("GET", "/nowhere", Accept="text/html,*/*;q=0.8")
    assert answer.status == 404
    assert "Go back to the Live page" in answer.body.decode()


def test_a_command_takes_no_get(client: Client) -> None:
    assert client.send("GET", COMMANDS).status == 405
