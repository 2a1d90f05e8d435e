"""The stream of news: whatever happens to the connection, no scan is missed and none is twice."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.webui.served import PageProcess, Watched
from tests.webui.shop import Shop
from webui.app import MAX_STREAMS
from webui.hub import Frame, Hub
from webui.log_view import LIST_LENGTH

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]


class Stream:
    """One client of the stream, read event by event."""

    def __init__(self, server: PageProcess, last_id: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        headers = {"Last-Event-ID": last_id} if last_id else {}
        self._connection.request("GET", "/api/live/events", headers=headers)
        self.answer = self._connection.getresponse()

    def events(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        fields: dict[str, str] = {}
        for line in iter(self.answer.readline, b""):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "event" in fields:
                yield fields["event"], fields.get("id", ""), json.loads(fields["data"])
                fields = {}

    def close(self) -> None:
        self.answer.close()
        self._connection.close()


def scan_ids_until(stream: Stream, last: int) -> list[int]:
    ids = []
    for event, _, data in stream.events():
        if event == "scan":
            ids.append(data["scan"]["id"])
            if ids[-1] == last:
                break
    return ids


def test_a_page_that_comes_back_gets_what_it_missed_and_nothing_twice(
    shop: Shop, serve: Serve
) -> None:
    shop.start()
    scans = [shop.scan().id or 0 for _ in range(6)]
    server = serve()
    stream = Stream(server, last_id=str(scans[1]))
    later = [shop.scan().id or 0 for _ in range(5)]
    assert scan_ids_until(stream, later[-1]) == scans[2:] + later


def test_a_page_that_missed_too_much_starts_over(shop: Shop, serve: Serve) -> None:
    shop.start()
    first = shop.scan()
    for _ in range(LIST_LENGTH + 1):
        last = shop.scan(cut_crop=None)
    event, number, data = next(Stream(serve(), last_id=str(first.id)).events())
    assert (event, number) == ("snapshot", str(last.id))
    assert data["rows"].count('class="row"') == LIST_LENGTH


def test_a_page_that_knows_a_log_of_the_future_starts_over(shop: Shop, serve: Serve) -> None:
    shop.start()
    shop.scan()
    assert next(Stream(serve(), last_id="999999").events())[0] == "snapshot"


def test_a_nonsense_cursor_is_a_fresh_start(shop: Shop, serve: Serve) -> None:
    shop.start()
    assert next(Stream(serve(), last_id="1; drop table scan").events())[0] == "snapshot"


def test_too_many_open_pages_are_refused_and_leave_room_when_they_go(
    shop: Shop, serve: Serve
) -> None:
    shop.start()
    server = serve()
    streams = [Stream(server) for _ in range(MAX_STREAMS)]
    assert {stream.answer.status for stream in streams} == {200}
    refused = Stream(server)
    assert refused.answer.status == 503
    assert "Too many pages" in json.loads(refused.answer.read())["error"]
    for stream in streams:
        stream.close()
    shop.scan()  # writing this to the closed pages shows the server that they are gone
    accepted = 0
    while accepted != 200:
        shop.scan(cut_crop=None)
        accepted = Stream(server).answer.status


@pytest.mark.browser
def test_a_refused_page_asks_every_few_seconds_instead(
    shop: Shop, serve: Serve, look: Look
) -> None:
    shop.keep_showing()
    shop.start()
    server = serve()
    streams = [Stream(server) for _ in range(MAX_STREAMS)]
    page = look(server.url).page
    expect(page.locator("#link-word")).to_have_text("Live, slower")
    shop.scan()
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator("#offline")).to_be_hidden()
    assert len(streams) == MAX_STREAMS


@pytest.mark.browser
@pytest.mark.parametrize("size", ["390", "1280"])
def test_a_restart_of_the_server_misses_nothing(
    shop: Shop, serve: Serve, look: Look, size: str
) -> None:
    shop.keep_showing()
    shop.start()
    shop.scan()
    server = serve()
    watched = look(server.url, size)
    page = watched.page
    expect(page.locator(".row")).to_have_count(1)

    server.kill()
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator('[data-command="pause"]')).to_be_disabled()
    watched.picture(f"offline-{size}")
    for _ in range(7):
        shop.scan()
    serve(server.port)

    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator(".row")).to_have_count(8)
    numbers = page.locator(".row-number").all_inner_texts()
    assert [text.split()[-1] for text in numbers] == [str(n) for n in range(8, 0, -1)]
    # The page is as old as before the restart, and its buttons still work.
    page.locator('[data-command="pause"]').click()
    assert [command.kind for command in shop.await_commands()] == ["pause"]


def test_a_slow_page_starts_over_rather_than_fill_the_memory() -> None:
    hub = Hub(max_clients=1)
    subscriber = hub.subscribe()
    assert subscriber is not None
    for number in range(1, 1000):
        hub.publish(Frame("scan", {}, str(number), number))
    assert subscriber.fell_behind
    assert len(subscriber.wait(0) or []) < 300


def test_a_snapshot_comes_before_the_scans_that_follow_it() -> None:
    hub = Hub(max_clients=1)
    subscriber = hub.subscribe()
    assert subscriber is not None
    for frame in (
        Frame("scan", {}, "1", 1),
        Frame("state", {"old": True}),
        Frame("snapshot", {}, "1"),
        Frame("scan", {}, "2", 2),
        Frame("state", {"old": False}),
    ):
        hub.publish(frame)
    assert [(f.event, f.id) for f in subscriber.wait(0) or []] == [
        ("snapshot", "1"),
        ("scan", "2"),
        ("state", ""),
    ]


def test_a_closed_hub_ends_every_stream() -> None:
    hub = Hub(max_clients=1)
    subscriber = hub.subscribe()
    assert subscriber is not None
    hub.close()
    assert subscriber.wait(5) is None
    assert hub.subscribe() is None
