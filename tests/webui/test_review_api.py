"""The Review page's JSON: what it tells, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from scanner.records import Decision
from tests.webui.catalog import put_catalog_in_use, set_price
from tests.webui.served import PageProcess
from tests.webui.shop import Shop
from tests.webui.test_hostile import TOKEN, Answer, Client

MINE = {"game": "demo", "card_id": "demo-1-2"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("review")
    shop = Shop(folder / "data")
    put_catalog_in_use(shop.data_dir, folder)
    shop.start("<b>One</b>")
    for decision in (Decision.REVIEW, Decision.UNKNOWN, Decision.ACCEPTED):
        shop.scan(decision)
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def client(shop: Shop) -> Iterator[Client]:
    server = PageProcess(shop.data_dir)
    yield Client(server)
    server.kill()


def told(client: Client, path: str) -> Any:
    answer = client.send("GET", path)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def say(client: Client, path: str, body: object, **changes: str) -> Answer:
    headers = {
        "Content_Type": "application/json",
        "Cookie": f"counterscan_csrf={TOKEN}",
        "X_CSRF_Token": TOKEN,
        "Origin": f"http://{client.host}",
    } | changes
    text = body if isinstance(body, str) else json.dumps(body)
    return client.send("POST", path, text, **headers)


def test_the_twin_tells_the_queue_with_pictures(client: Client) -> None:
    queue = told(client, "/api/review")
    assert (queue["waiting"], queue["at_stake"]) == (2, "")
    assert [item["id"] for item in queue["items"]] == [1, 2]
    first = queue["items"][0]["candidates"][0]
    assert (first["game"], first["card_id"], first["price"]) == ("demo", "demo-0-1", "")
    picture = client.send("GET", first["picture"])
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/jpeg")
    assert "immutable" in picture.headers["Cache-Control"]
    assert [item["id"] for item in told(client, "/api/review?skip=1&limit=1")["items"]] == [2]
    assert told(client, "/api/review?batch=99")["waiting"] == 0
    page = client.send("GET", "/review?batch=1").body.decode()
    assert "<b>One" not in page
    assert "&lt;b&gt;One" in page


def test_a_name_is_given_once_and_taken_back(client: Client, shop: Shop) -> None:
    assert say(client, "/api/review/2", {"printing": MINE}).status == 200
    assert shop.store.present_answers([2])[2].name == "The Lantern Keeper of Old Harbour"
    again = say(client, "/api/review/2", {"printing": None})
    assert (again.status, "just named" in again.error) == (409, True)
    assert say(client, "/api/review/2", {"printing": None, "again": True}).status == 200
    assert shop.store.present_answers([2])[2].decision == "unknown"
    for source in ("person", "scan"):
        undone = say(client, "/api/review/2/undo", {})
        assert undone.status == 200
        assert "_review_card" not in undone.body.decode()
        assert shop.store.present_answers([2])[2].source == source
    assert say(client, "/api/review/2/undo", {}).status == 409


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/api/review/1", "{", 400, "send a JSON object"),
        ("/api/review/1", "[" * 5000, 400, "send a JSON object"),
        ("/api/review/1", {}, 400, "“printing” is missing"),
        ("/api/review/1", {"printing": {"game": "demo", "card_id": "no"}}, 422, "not in the"),
        ("/api/review/1", {"printing": "x"}, 400, "“printing”"),
        ("/api/review/1", {"printing": MINE, "finish": "gold"}, 400, "“gold” is none of normal"),
        ("/api/review/1", {"printing": MINE, "language": "xx"}, 400, "“xx” is none of en"),
        ("/api/review/1", {"printing": MINE, "condition": ["NM"]}, 400, "“condition”"),
        ("/api/review/99", {"printing": None}, 410, "no scan 99"),
        ("/api/review/99/undo", {}, 410, "no scan 99"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_written(
    client: Client, shop: Shop, path: str, body: object, status: int, words: str
) -> None:
    answer = say(client, path, body)
    assert answer.status == status, answer.body
    assert words in answer.error
    assert shop.store.present_answers([1])[1].source == "scan"


def test_without_the_pages_token_nothing_is_named(client: Client, shop: Shop) -> None:
    for changes in ({"X_CSRF_Token": "x"}, {"Origin": "http://elsewhere"}):
        assert say(client, "/api/review/1", {"printing": MINE}, **changes).status == 403
    assert shop.store.present_answers([1])[1].source == "scan"


@pytest.mark.parametrize(
    "path",
    [
        "/catalog/demo@1/" + "0" * 64 + ".jpg",
        "/catalog/demo@1/..%2F..%2Fcards.jpg",
        "/catalog/..%2F..@1/" + "0" * 64 + ".jpg",
        "/catalog/demo@9/" + "0" * 64 + ".jpg",
        "/catalog/demo@1/cards.db",
    ],
)
def test_only_pictures_of_the_packs_in_use_are_served(client: Client, path: str) -> None:
    assert client.send("GET", path).status == 404


def test_any_words_may_be_searched_for(client: Client) -> None:
    found = told(client, "/api/catalog/search?q=glass&limit=2")["found"]
    assert [hit["name"] for hit in found] == ["Glass Archer"] * 2
    for words in ("%22", "%27%3B", "*", "a" * 400, "%00", "NEAR(", "%F0%9F%8E%B4"):
        told(client, f"/api/catalog/search?q={words}&limit=5")
    assert client.send("GET", "/api/catalog/search?q=a&limit=-5").status == 400
    assert "Harbour Promos" in told(client, "/api/catalog/sets")["games"]["demo"]


def test_money_is_in_the_shops_currency_whatever_came_last(client: Client, shop: Shop) -> None:
    set_price(shop.data_dir, "demo-0-1", 200)
    set_price(shop.data_dir, "demo-1-1", 950)
    set_price(shop.data_dir, "demo-0-1", 90_000, currency="USD")
    queue = told(client, "/api/review")
    assert (queue["at_stake"], queue["items"][0]["stake"]) == ("7.50 EUR", "7.50 EUR")
    [batch] = told(client, "/api/batches")["batches"]
    assert (batch["value"], batch["unpriced"]) == ("", 1)
