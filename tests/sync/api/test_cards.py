"""Cards are found by words, their prices told with history and statistics, what moves is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scanner.price_feed import PriceTold
from scanner.tables import utc_now
from sync.cloud.api.app import create_app
from sync.cloud.api.card_search import KnownCard, learn_scanned_cards, take_cards, words_of
from sync.cloud.api.history import statistics
from sync.cloud.api.trends import make_trends
from sync.cloud.config import CloudConfig
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.store import Arrived, CloudStore
from sync.protocol_rows import (
    CorrectionRow,
    CorrectionRows,
    RetryRow,
    RetryRows,
    ScanRow,
    ScanRows,
)
from tests.sync.api.conftest import Asker, Cloud
from tests.sync.test_wire import LOG

NOW = utc_now()
CARDS = (
    KnownCard("pokemon", "base1-4", "Charizard", "Base", "4/102"),
    KnownCard("pokemon", "base1-58", "Pikachu", "Base", "58/102", "Red Cheeks"),
    KnownCard("pokemon", "sv1-25", "Pikachu ex", "Scarlet & Violet", "25/198"),
    KnownCard("magic", "lea-1", "Márton Stromgald", "Alpha", "1"),
    KnownCard("onepiece", "OP01-001", "Roronoa Zoro", "Romance Dawn", "OP01-001", "Parallel"),
)


def found(asker: Asker, query: str) -> list[str]:
    return [card["card_id"] for card in asker.told(f"/api/v1/cards?{query}")["cards"]]


@pytest.fixture
def shop(either_api: Cloud) -> Asker:
    assert take_cards(either_api.store, CARDS) == len(CARDS)
    return either_api.key()[0]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def many(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asker]:
    """Cards that no test changes."""
    on_postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres").new_database() if on_postgres else ""
    with CloudStore(tmp_path_factory.mktemp("cloud"), url) as store:
        take_cards(store, CARDS)
        yield Cloud(create_app(store, CloudConfig()), store).key()[0]


def price(
    card_id: str, amount_minor: int, as_of: datetime, finish: str = "normal", source: str = "tcgcsv"
) -> PriceTold:
    return PriceTold(card_id, finish, "NM", "EUR", amount_minor, source, as_of)


def tell(cloud: Cloud, *prices: PriceTold) -> None:
    for each in prices:
        tell_prices(cloud.store, "pokemon", "Base", [each], now_ms())


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("q=pikachu", ["base1-58", "sv1-25"]),
        ("q=PIKA", ["base1-58", "sv1-25"]),
        ("q=pikachu+base", ["base1-58"]),
        ("q=red+pika", ["base1-58"]),
        ("q=4/102", ["base1-4"]),
        ("q=marton", ["lea-1"]),
        ("q=M%C3%A1rton", ["lea-1"]),
        ("q=op01-001", ["OP01-001"]),
        ("q=sv1-25", ["sv1-25"]),
        ("q=pikachu&set=Base", ["base1-58"]),
        ("q=pikachu&game=magic", []),
        ("q=nobody", []),
        ("game=magic", ["lea-1"]),
        ("q=pikachu&limit=1", ["base1-58"]),
        ("q=pikachu&limit=1&offset=1", ["sv1-25"]),
    ],
)
def test_cards_are_found_by_words(many: Asker, query: str, ids: list[str]) -> None:
    assert found(many, query) == ids


@pytest.mark.parametrize(
    "words",
    [
        "'; DROP TABLE card; --", '" OR 1=1 --', "pika* NEAR(", "a:*|b & !c", "\\", "%", "_", "''",
        "<script>alert(1)</script>", "card_words:", "AND OR NOT", "\u0000", "💥" * 50, "(((((",
    ],
)  # fmt: skip
def test_what_looks_like_sql_is_only_words(many: Asker, words: str) -> None:
    for name in ("q", "game", "set"):
        answer = many.client.get(
            "/api/v1/cards", query_string={name: words},
            headers={"Authorization": f"Bearer {many.secret}"},
        )  # fmt: skip
        assert answer.status_code in (200, 400), answer.get_data(as_text=True)
        assert answer.content_type == "application/json"
    assert len(found(many, "q=pikachu")) == 2


def test_other_facts_on_a_card_are_found_from_then_on(either_api: Cloud, shop: Asker) -> None:
    assert take_cards(either_api.store, CARDS) == 0
    assert take_cards(either_api.store, [KnownCard("pokemon", "base1-4", "Glurak", "Base")]) == 1
    assert found(shop, "q=glurak") == ["base1-4"]
    assert found(shop, "q=charizard") == []


def test_cards_that_only_devices_have_named_are_found_too(either_api: Cloud, shop: Asker) -> None:
    rows = [
        ScanRow(id=1, created_at=NOW, decision="accepted", game="pokemon", card_id=card_id,
                name=name, set_name="Promo", batch_id=1, sequence=1)
        for card_id, name in (("promo-1", "Mew"), ("base1-4", "Something else"))
    ]  # fmt: skip
    for at, row in enumerate(rows, 1):
        message = ScanRows(log=LOG, after=at - 1, rows=[row.model_copy(update={"id": at})])
        either_api.store.take([Arrived("counter-1", "scan", message)])  # type: ignore[arg-type]
    assert learn_scanned_cards(either_api.store) == 1
    assert learn_scanned_cards(either_api.store) == 0
    assert found(shop, "q=mew") == ["promo-1"]
    of_scan = {"created_at": NOW, "game": "pokemon", "scan_id": 1}
    retry = RetryRow(id=1, outcome="accepted", decision="accepted", card_id="jp-1",
                     name="Lugia", **of_scan)  # fmt: skip
    words = [
        CorrectionRow(id=1, kind="corrected", card_id="jp-2", name="Ho-Oh", **of_scan),
        CorrectionRow(id=2, kind="undone", card_id="", **of_scan),
    ]
    for stream, message in (
        ("retry", RetryRows(log=LOG, after=0, rows=[retry])),
        ("correction", CorrectionRows(log=LOG, after=0, rows=words)),
    ):
        either_api.store.take([Arrived("counter-1", stream, message)])  # type: ignore[arg-type]
    assert learn_scanned_cards(either_api.store) == 2
    assert (found(shop, "q=lugia"), found(shop, "q=ho-oh")) == (["jp-1"], ["jp-2"])
    assert found(shop, "q=charizard") == ["base1-4"]


def test_a_card_comes_with_its_price_by_the_source_that_counts(
    either_api: Cloud, shop: Asker
) -> None:
    tell(
        either_api, price("base1-58", 500, NOW - timedelta(days=1)),
        price("base1-58", 900, NOW, "holo"), price("base1-58", 700, NOW, source="cardmarket"),
        price("base1-58", 100, NOW, source="ebay"), price("base1-4", 90_000, NOW, source="ebay"),
    )  # fmt: skip
    cards = shop.told("/api/v1/cards?q=pikachu+base")["cards"]
    assert cards[0]["price"] == {
        "finish": "normal", "condition": "NM", "currency": "EUR", "source": "tcgcsv",
        "amount_minor": 500, "as_of": f"{NOW - timedelta(days=1):%Y-%m-%dT%H:%M:%S.%f}Z",
    }  # fmt: skip
    assert shop.told("/api/v1/cards?q=charizard")["cards"][0]["price"] is None
    assert shop.told("/api/v1/cards?q=pikachu+base&currency=USD")["cards"][0]["price"] is None


def test_history_tells_what_stood_before_and_each_change(either_api: Cloud, shop: Asker) -> None:
    times = [NOW - timedelta(days=days) for days in (400, 200, 20, 10, 1)]
    for at, time in enumerate(times):
        tell(either_api, price("base1-4", 1000 + 100 * at, time))
    tell(either_api, price("base1-4", 7, NOW, "holo"), price("base1-5", 9, NOW))
    told = shop.told("/api/v1/card/history?game=pokemon&card_id=base1-4&days=30")
    holo, normal = told["series"]
    assert (holo["finish"], holo["amounts_minor"]) == ("holo", [7])
    assert normal["amounts_minor"] == [1100, 1200, 1300, 1400]
    assert [datetime.fromisoformat(time) for time in normal["times"]] == times[1:]
    only = "/api/v1/card/history?game=pokemon&card_id=base1-4&finish=holo"
    assert len(shop.told(only)["series"]) == 1
    assert shop.told(f"{only}&condition=LP")["series"] == []
    assert shop.told("/api/v1/card/history?game=pokemon&card_id=nobody")["series"] == []


def test_a_card_is_told_with_the_statistics_of_its_prices(either_api: Cloud, shop: Asker) -> None:
    for days, amount in ((300, 1000), (60, 2000), (30, 4000)):
        tell(either_api, price("base1-4", amount, NOW - timedelta(days=days)))
    told = shop.told("/api/v1/card?game=pokemon&card_id=base1-4&days=90")
    assert (told["name"], told["number"]) == ("Charizard", "4/102")
    [told_price] = told["prices"]
    assert {key: told_price[key] for key in (
        "amount_minor", "low_minor", "high_minor", "median_minor", "first_minor", "change",
        "changes",
    )} == {
        "amount_minor": 4000, "low_minor": 1000, "high_minor": 4000, "median_minor": 2000,
        "first_minor": 1000, "change": 3.0, "changes": 2,
    }  # fmt: skip
    assert abs(told_price["mean_minor"] - 7000 / 3) <= 1
    assert shop.ask("/api/v1/card?game=pokemon&card_id=nobody").status_code == 404
    unpriced = shop.told("/api/v1/card?game=magic&card_id=lea-1")
    assert (unpriced["name"], unpriced["prices"]) == ("Márton Stromgald", [])


def test_the_mean_weighs_by_time_and_survives_a_single_moment() -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    end = begin + timedelta(days=10)
    points = [(begin - timedelta(days=5), 100), (begin + timedelta(days=9), 200)]
    assert statistics(points, begin, end)["mean_minor"] == 110
    at_once = statistics([(end, 50)], begin, end)
    assert (at_once["mean_minor"], at_once["change"], at_once["changes"]) == (50, 0.0, 0)
    assert statistics([(begin, 0), (end, 5)], begin, end)["change"] is None


def test_the_largest_moves_come_first(either_api: Cloud, shop: Asker) -> None:
    before = NOW - timedelta(days=40)
    tell(
        either_api, price("base1-4", 1000, before), price("base1-4", 1500, NOW),
        price("base1-58", 200, before), price("base1-58", 600, NOW),
        price("base1-59", 400, before), price("base1-59", 100, NOW),
        price("base1-60", 100, before), price("base1-61", 100, NOW),
    )  # fmt: skip
    assert make_trends(either_api.store, NOW) == 9

    def movers(query: str) -> list[Any]:
        told = shop.told(f"/api/v1/trending?{query}")
        return [(each["card_id"], each["change"]) for each in told["movers"]]

    assert movers("") == [("base1-58", 2.0), ("base1-4", 0.5)]
    assert movers("days=1&direction=down") == [("base1-59", -0.75)]
    assert movers("at_least_minor=1000") == [("base1-4", 0.5)]
    assert movers("currency=USD") == movers("game=magic") == []
    named = shop.told("/api/v1/trending?limit=1")["movers"][0]
    assert (named["name"], named["before_minor"]) == ("Pikachu", 200)
    assert make_trends(either_api.store, NOW + timedelta(days=31)) == 0
    assert movers("") == []


@pytest.mark.parametrize(
    "query",
    ["cards?limit=0", "cards?limit=1000", "cards?q=" + "a" * 201, "cards?wrong=1", "card?game=x",
     "card/history?game=x&card_id=y&days=0", "trending?days=2", "cards?currency=eur",
     "trending?at_least_minor=99999999999999999999", "cards?offset=99999999999"],
)  # fmt: skip
def test_a_useless_query_is_told_what_is_wrong(many: Asker, query: str) -> None:
    answer = many.ask(f"/api/v1/{query}")
    assert answer.status_code == 400
    assert len(answer.json["error"]) > 10


def test_words_are_alike_however_they_are_written() -> None:
    assert words_of("Pokémon_ÉX  4/102 ﬁn-de") == ["pokemon", "ex", "4", "102", "fin", "de"]


def test_an_answer_that_still_holds_is_not_sent_again(either_api: Cloud, shop: Asker) -> None:
    path = "/api/v1/cards?q=pikachu&game=pokemon"
    first = shop.ask(path)
    tag = first.headers["ETag"]
    again = shop.ask("/api/v1/cards?game=pokemon&q=pikachu", headers={"If-None-Match": tag})
    assert (again.status_code, again.get_data()) == (304, b"")
    assert shop.ask(path).get_data() == first.get_data()
    assert shop.ask(f"{path}&limit=1", headers={"If-None-Match": tag}).status_code == 200
    tell(either_api, price("base1-58", 500, NOW))
    changed = shop.ask(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.json["cards"][0]["price"]["amount_minor"] == 500
    stranger = either_api.stranger.ask(path, headers={"If-None-Match": changed.headers["ETag"]})
    assert stranger.status_code == 401
