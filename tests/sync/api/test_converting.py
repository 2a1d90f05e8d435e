"""Amounts are told in another currency only where that is asked for, beside the source's own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from scanner.price_feed import PriceTold
from sync.cloud.api.app import create_app
from sync.cloud.api.card_search import take_cards
from sync.cloud.api.collections import value_collections
from sync.cloud.api.trends import make_trends
from sync.cloud.config import CloudConfig
from sync.cloud.config_api import HttpSettings
from sync.cloud.prices import now_ms, tell_prices
from sync.cloud.rates import Rate, put_rates
from tests.sync.api.conftest import Asker, Cloud
from tests.sync.api.test_cards import CARDS
from tests.sync.api.test_collections import batch, scan

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
TODAY = NOON.date()
CARD = "game=pokemon&card_id=base1-4"


def rate(value: str, days_ago: int = 1, base: str = "EUR", quote: str = "USD") -> Rate:
    return Rate(TODAY - timedelta(days=days_ago), base, quote, Decimal(value), "central bank")


def told(
    amount_minor: int, currency: str, card_id: str = "base1-4", days_ago: int = 2
) -> PriceTold:
    at = NOON - timedelta(days=days_ago)
    return PriceTold(card_id, "normal", "NM", currency, amount_minor, "tcgcsv", at)


@pytest.fixture
def shop(either_api: Cloud) -> Asker:
    """Cards with prices in several currencies, and the rates of some of them."""
    take_cards(either_api.store, CARDS)
    for price in (
        told(800, "USD", days_ago=5), told(1000, "USD"), told(2000, "USD", "base1-58"),
        told(1500, "EUR", "base1-58"), told(700, "GBP", "sv1-25"),
    ):  # fmt: skip
        tell_prices(either_api.store, "pokemon", "Base", [price], now_ms())
    put_rates(either_api.store, [rate("1.20", 2), rate("1.25"), rate("0.86", 9, "GBP", "EUR")])
    return either_api.key()[0]


EURO = {
    "currency": "EUR", "rate": "1.25", "rate_base": "EUR", "rate_quote": "USD",
    "rate_day": f"{TODAY - timedelta(days=1)}", "rate_source": "central bank", "problem": "",
}  # fmt: skip


def found(asker: Asker, query: str) -> dict[str, Any]:
    cards = asker.told(f"/api/v1/cards?game=pokemon&{query}")["cards"]
    return {card["card_id"]: card["price"] for card in cards}


def test_a_found_cards_price_is_told_in_the_currency_asked_for_besides(shop: Asker) -> None:
    prices = found(shop, "convert=EUR")
    assert (prices["base1-4"]["amount_minor"], prices["base1-4"]["currency"]) == (1000, "USD")
    assert prices["base1-4"]["converted"] == {**EURO, "amount_minor": 800}
    assert (prices["base1-58"]["amount_minor"], prices["base1-58"]["currency"]) == (1500, "EUR")
    assert prices["base1-58"]["converted"] is None


def test_nothing_is_converted_that_nobody_asked_for(shop: Asker) -> None:
    prices = found(shop, "")
    assert prices["base1-4"] is None
    assert "converted" not in prices["base1-58"]
    assert found(shop, "currency=USD")["base1-4"]["amount_minor"] == 1000
    assert found(shop, "currency=USD&convert=EUR")["base1-58"]["converted"]["amount_minor"] == 1600


@pytest.mark.parametrize(
    ("currency", "said"), [("EUR", "too old"), ("USD", "No rate between GBP and USD")]
)
def test_without_a_rate_that_holds_the_amount_stays_and_says_so(
    shop: Asker, currency: str, said: str
) -> None:
    price = found(shop, f"convert={currency}")["sv1-25"]
    assert (price["amount_minor"], price["currency"]) == (700, "GBP")
    assert said in price["converted"]["problem"]
    assert price["converted"]["amount_minor"] is price["converted"]["rate"] is None


def test_how_old_a_rate_may_be_is_a_setting(either_api: Cloud, shop: Asker) -> None:
    settings = CloudConfig(http=HttpSettings(rate_days=30))
    patient = Cloud(create_app(either_api.store, settings), either_api.store).key()[0]
    assert found(patient, "convert=EUR")["sv1-25"]["converted"]["amount_minor"] == 602
    assert found(shop, "convert=EUR")["sv1-25"]["converted"]["amount_minor"] is None


def test_a_cards_statistics_are_converted_by_one_rate(shop: Asker) -> None:
    [price] = shop.told(f"/api/v1/card?{CARD}&convert=EUR")["prices"]
    assert (price["low_minor"], price["amount_minor"], price["change"]) == (800, 1000, 0.25)
    amounts = {"amount_minor": 800, "low_minor": 640, "high_minor": 800, "first_minor": 640}
    converted = price["converted"]
    assert {name: converted[name] for name in (*amounts, *EURO)} == {**amounts, **EURO}
    assert converted["mean_minor"] == pytest.approx(price["mean_minor"] * 0.8, abs=1)


def test_a_point_of_history_is_converted_by_the_rate_of_its_own_day(
    either_api: Cloud, shop: Asker
) -> None:
    put_rates(either_api.store, [rate("1.60", 6), rate("1.00", 2, "USD", "EUR")])
    tell_prices(either_api.store, "pokemon", "Base", [told(1200, "USD", days_ago=0)], now_ms())
    [series] = shop.told(f"/api/v1/card/history?{CARD}&convert=EUR")["series"]
    assert series["amounts_minor"] == [800, 1000, 1200]
    converted = series["converted"]
    assert (converted["currency"], converted["amounts_minor"]) == ("EUR", [500, 1000, 960])
    by = [converted["rates"][place] for place in converted["rate_of"]]
    assert [(each["rate"], each["rate_base"], each["rate_day"]) for each in by] == [
        ("1.60", "EUR", f"{TODAY - timedelta(days=6)}"),
        ("1.00", "USD", f"{TODAY - timedelta(days=2)}"),  # said of these dollars themselves
        ("1.25", "EUR", EURO["rate_day"]),
    ]
    assert {(each["rate_source"], each["problem"]) for each in by} == {("central bank", "")}


def test_points_of_one_rate_share_it(either_api: Cloud, shop: Asker) -> None:
    tell_prices(either_api.store, "pokemon", "Base", [told(900, "USD", days_ago=1)], now_ms())
    tell_prices(either_api.store, "pokemon", "Base", [told(1000, "USD", days_ago=0)], now_ms())
    [series] = shop.told(f"/api/v1/card/history?{CARD}&days=1&convert=EUR")["series"]
    assert series["converted"]["amounts_minor"] == [833, 720, 800]
    assert series["converted"]["rate_of"] == [0, 1, 1]
    assert series["converted"]["rates"][1] == EURO


def test_a_day_without_a_rate_that_holds_is_not_converted(either_api: Cloud, shop: Asker) -> None:
    path = f"/api/v1/card/history?{CARD}&convert=EUR"

    def first() -> tuple[int | None, str]:
        [series] = shop.told(path)["series"]
        assert series["converted"]["amounts_minor"][1] == 833
        by = series["converted"]["rates"][series["converted"]["rate_of"][0]]
        assert by["rate"] is None
        return series["converted"]["amounts_minor"][0], by["problem"]

    # A later day's rate is no rate of that day.
    assert first() == (None, "No rate between USD and EUR is known up to that day.")
    put_rates(either_api.store, [rate("1.50", 30), rate("1.40", 20)])
    newest = TODAY - timedelta(days=20)
    said = f"The newest rate between USD and EUR up to that day is of {newest}: too old."
    assert first() == (None, said)


def test_a_history_in_the_currency_asked_for_is_as_it_was_told(shop: Asker) -> None:
    card = "game=pokemon&card_id=base1-58"
    euros, dollars = shop.told(f"/api/v1/card/history?{card}&convert=EUR")["series"]
    assert (euros["currency"], euros["converted"]) == ("EUR", None)
    assert dollars["converted"]["amounts_minor"] == [1667]
    [plain, _] = shop.told(f"/api/v1/card/history?{card}")["series"]
    assert "converted" not in plain


def test_a_day_to_come_is_converted_by_what_is_known_today(either_api: Cloud, shop: Asker) -> None:
    put_rates(either_api.store, [rate("9.99", -1)])
    tell_prices(either_api.store, "pokemon", "Base", [told(100, "USD", days_ago=-9)], now_ms())
    [series] = shop.told(f"/api/v1/card/history?{CARD}&convert=EUR")["series"]
    assert series["converted"]["amounts_minor"][-1] == 80


def test_a_mover_has_both_amounts_converted(either_api: Cloud, shop: Asker) -> None:
    make_trends(either_api.store, NOON + timedelta(days=3))
    assert shop.told("/api/v1/trending?days=7")["movers"] == []
    [mover] = shop.told("/api/v1/trending?days=7&convert=EUR")["movers"]
    assert (mover["before_minor"], mover["amount_minor"], mover["currency"]) == (800, 1000, "USD")
    assert mover["converted"] == {**EURO, "before_minor": 640, "amount_minor": 800}


def test_another_rate_is_another_answer_to_whoever_has_the_first(
    either_api: Cloud, shop: Asker
) -> None:
    path = f"/api/v1/card?{CARD}&convert=EUR"
    first = shop.ask(path)
    tag = {"If-None-Match": first.headers["ETag"]}
    assert shop.ask(path, headers=tag).status_code == 304
    assert shop.ask(f"/api/v1/card?{CARD}", headers=tag).status_code == 200
    assert shop.ask(f"/api/v1/card?{CARD}&convert=USD", headers=tag).status_code == 200
    put_rates(either_api.store, [rate("1.60")])
    again = shop.ask(path, headers=tag)
    assert again.status_code == 200
    assert again.json["prices"][0]["converted"]["amount_minor"] == 625  # type: ignore[index]


def test_a_collection_has_a_total_for_each_currency_and_one_of_all_when_asked(
    either_api: Cloud, shop: Asker
) -> None:
    for device, cards in (("counter-1", ("base1-4", "base1-58", "sv1-25")), ("counter-2", ("x",))):
        batch(either_api, device, 1)
        for number, card_id in enumerate(cards, 1):
            scan(either_api, device, number, 1, card_id=card_id)
    value_collections(either_api.store, "EUR", NOON)
    plain = shop.told("/api/v1/collections?days=2")
    one, two = plain["collections"]
    assert one["totals"] == [
        {"currency": "EUR", "priced": 1, "amount_minor": 1500},
        {"currency": "GBP", "priced": 1, "amount_minor": 700},
        {"currency": "USD", "priced": 1, "amount_minor": 1000},
    ]
    assert (one["cards"], one["priced"], two["cards"], two["priced"]) == (3, 3, 1, 0)
    assert (plain["cards"], plain["totals"]) == (4, one["totals"])
    assert "converted" not in plain

    [one, _] = shop.told("/api/v1/collections?days=2&convert=EUR")["collections"]
    euros = {"currency": "EUR", "priced": 2, "amount_minor": 2300, "left_out": ["GBP"]}
    assert one["converted"] == one["days"][-1]["converted"] == euros
    assert one["totals"][2]["converted"] == {**EURO, "amount_minor": 800}
    assert "too old" in one["totals"][1]["converted"]["problem"]

    [dollars, _] = shop.told("/api/v1/collections?days=2&currency=USD")["collections"]
    assert (dollars["priced"], len(dollars["totals"])) == (1, 1)


def test_each_day_of_a_collection_is_converted_by_the_rate_of_that_day(
    either_api: Cloud, shop: Asker
) -> None:
    batch(either_api, "counter-1", 1)
    scan(either_api, "counter-1", 1, 4, card_id="base1-4")
    value_collections(either_api.store, "EUR", NOON)
    put_rates(either_api.store, [rate("1.60", 0)])
    answer = shop.told("/api/v1/collections?days=5&convert=EUR")
    [one] = answer["collections"]
    of_days = [(day["totals"][-1]["amount_minor"], day["converted"]) for day in one["days"]]
    assert [(minor, total["amount_minor"]) for minor, total in of_days] == [
        (800, 0), (800, 0), (1000, 833), (1000, 800), (1000, 625),
    ]  # fmt: skip
    assert [total["left_out"] for _, total in of_days] == [["USD"], ["USD"], [], [], []]
    rates = [day["totals"][-1]["converted"]["rate"] for day in one["days"]]
    assert rates == [None, None, "1.20", "1.25", "1.60"]
    assert one["converted"]["amount_minor"] == answer["converted"]["amount_minor"] == 625


def test_nothing_counted_is_nothing_in_any_currency(shop: Asker) -> None:
    nothing = {"currency": "EUR", "priced": 0, "amount_minor": 0, "left_out": []}
    assert shop.told("/api/v1/collections?convert=EUR")["converted"] == nothing


@pytest.mark.parametrize("wrong", ["eur", "EURO", "€", "E1R", "%00%00%00"])
def test_what_is_no_currency_is_refused(shop: Asker, wrong: str) -> None:
    for path in ("cards?", f"card?{CARD}&", f"card/history?{CARD}&", "trending?", "collections?"):
        answer = shop.ask(f"/api/v1/{path}convert={wrong}")
        assert answer.status_code == 400, path


def test_no_amount_and_no_rate_are_too_large_to_convert(either_api: Cloud, shop: Asker) -> None:
    put_rates(either_api.store, [Rate(date(2020, 1, 1), "EUR", "JPY", Decimal("0.000002"), "x")])
    put_rates(either_api.store, [rate("0.000002", 0, "EUR", "JPY")])
    tell_prices(either_api.store, "pokemon", "Base", [told(2**53, "JPY")], now_ms())
    prices = shop.told(f"/api/v1/card?{CARD}&convert=EUR")["prices"]
    [yen] = [price for price in prices if price["currency"] == "JPY"]
    assert yen["converted"]["amount_minor"] == 2**53 * 50_000_000
