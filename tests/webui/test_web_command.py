"""`counterscan web` from the outside: where it is, what stands in its way, how it ends."""

from __future__ import annotations

import errno
import json
import socket
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.errors import ConfigError
from scanner.store import Store
from tests.webui.served import PageProcess
from tests.webui.shop import Shop
from webui.server import PageServer

Serve = Callable[..., PageProcess]


def get(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_busy_port_is_one_sentence_that_says_what_to_do(
    counterscan: Callable[..., Any], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        words = ["--data", tmp_path, "web", "--host", "127.0.0.1", "--port", port]
        ended = counterscan(*words)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert f"Port {port} is in use" in ended.stderr
    assert f"--port {port + 1}" in ended.stderr


def test_a_forbidden_port_says_which_to_take(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)  # as the system does for all but root
    with pytest.raises(ConfigError, match="above 1023"):
        PageServer(Path("nowhere"), "127.0.0.1", 80)


def test_an_address_of_another_machine_is_a_wrong_setting(
    counterscan: Callable[..., Any], tmp_path: Path
) -> None:
    ended = counterscan("--data", tmp_path, "web", "--host", "203.0.113.9", "--port", 0)
    assert ended.returncode == 2
    assert "[web] host" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_address_is_shown_beside_the_name(tmp_path: Path) -> None:
    from webui.addresses import page_urls

    urls = page_urls("0.0.0.0", 8080)
    assert urls[0].endswith(".local:8080/")
    assert page_urls("0.0.0.0", 80)[0].endswith(".local/")
    assert page_urls("::1", 8080) == ["http://[::1]:8080/"]


def test_the_page_waits_for_a_log_and_says_so(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    status, health = get(f"{server.url}/healthz")
    assert status == 503
    assert "counterscan feed" in health["log"]
    assert urllib.request.urlopen(server.url, timeout=60).status == 200
    status, twin = get(f"{server.url}/api/live")
    assert (status, twin["scans"]) == (200, [])
    assert twin["notices"][0]["key"] == "log"

    shop = Shop(tmp_path / "data")
    shop.keep_showing()
    shop.start()
    shop.scan()
    status, health = get(f"{server.url}/healthz")
    assert (status, health) == (
        200,
        {"status": "ok", "log": "ok", "feed": "ok", "machine": "running"},
    )
    shop.close()


def test_the_json_twin_tells_what_the_page_shows(shop: Shop, serve: Serve) -> None:
    shop.keep_showing()
    shop.start(expected=4)
    shop.scan()
    _, twin = get(f"{serve().url}/api/live")
    assert twin["machine"]["can"] == ["pause", "stop"]
    assert twin["batch"]["cards"] == 1
    assert twin["batch"]["share"] == 0.25
    assert twin["preview"]["cards"][0][0] == [0.4, 0.14]
    [scan] = twin["scans"]
    assert (scan["name"], scan["set"], scan["number"]) == (
        "Tidewatch Heron",
        "Second Tide",
        "001/120",
    )
    assert scan["confidence"] == "98%"


def test_it_ends_at_once_when_asked_though_a_page_is_open(shop: Shop, serve: Serve) -> None:
    server = serve()
    stream = urllib.request.urlopen(f"{server.url}/api/live/events", timeout=60)
    assert stream.readline().startswith(b"retry")
    assert server.stop() == 0


def test_a_log_that_was_restored_is_read_without_a_restart(
    shop: Shop, serve: Serve, tmp_path: Path
) -> None:
    shop.start("Before")
    shop.scan()
    shop.tell("finished")
    shop.store.wait_for_backup()
    server = serve()
    assert get(f"{server.url}/api/live")[1]["batch"]["name"] == "Before"
    shop.close()
    with (tmp_path / "data" / "counterscan.db").open("r+b") as file:
        file.write(b"damage!!" * 512)

    with Store.open(tmp_path / "data", role="feed"):
        twin = get(f"{server.url}/api/live")[1]
    assert twin["batch"]["name"] == "Before"
    assert "restored" in [notice["key"] for notice in twin["notices"]]


def test_a_damaged_log_is_said_and_does_not_end_the_page(
    shop: Shop, serve: Serve, tmp_path: Path
) -> None:
    server = serve()
    shop.close()
    path = tmp_path / "data" / "counterscan.db"
    sqlite3.connect(path).close()
    path.write_bytes(b"this is not a log " * 1000)
    status, health = get(f"{server.url}/healthz")
    assert status == 503
    assert health["status"] == "error"
    assert get(f"{server.url}/api/live")[0] == 200
