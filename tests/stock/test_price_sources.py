"""Where several sources know a printing, the shop's order of sources says whose price counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.config import load_settings
from scanner.inventory import EVERYTHING
from scanner.price_log import LoggedPrices
from scanner.price_sources import Priced, SourceOrder, plain_name
from scanner.prices import Money
from scanner.stock import Stock
from scanner.store import Store
from tests.stock.shelf import FOX, Shelf


def told(source: str, minor: int, finish: str = "normal", condition: str = "") -> Priced:
    return Priced(finish, condition, Money(minor, "EUR"), source)


def minors(order: SourceOrder, *prices: Priced) -> list[int]:
    return [price.money.amount_minor for price in order.chosen(prices)]


def test_the_first_source_that_knows_a_finish_prices_it_alone() -> None:
    order = SourceOrder(("shop", "tcgcsv"))
    assert minors(order, told("tcgcsv", 5), told("shop", 7), told("tcgcsv", 6)) == [7]
    assert minors(order, told("tcgcsv", 5), told("tcgcsv", 6)) == [6]
    worn = told("tcgcsv", 3, condition="LP")
    assert minors(order, worn, told("shop", 7)) == [7], "two sources' conditions do not compare"
    shiny = told("tcgcsv", 90, "foil")
    assert sorted(minors(order, shiny, told("shop", 7))) == [7, 90]


def test_sources_without_a_place_come_last_and_asking_prices_not_at_all() -> None:
    order = SourceOrder(("tcgcsv",))
    assert minors(order, told("b", 1), told("a", 2), told("b", 1, condition="NM")) == [1, 1]
    assert minors(order, told("b", 1), told("a", 2)) == [2], "of these the one that spoke last"
    assert minors(order, told("a", 2), told("tcgcsv", 1), told("a", 3)) == [1]
    assert minors(order, told("eBay", 9)) == []
    assert minors(SourceOrder(("tcgcsv", "ebay")), told("eBay", 9)) == [9]


def test_a_source_that_says_that_it_is_asked_counts_only_where_it_is_named() -> None:
    order = SourceOrder(("tcgcsv", "tcgplayer"))
    assert minors(order, told("ebay (asking)", 9), told("tcgplayer (asking)", 8)) == []
    assert minors(order, told("tcgplayer", 7), told("tcgplayer (asking)", 8)) == [7]
    assert minors(SourceOrder(("tcgplayer (asking)",)), told("tcgplayer (asking)", 8)) == [8]
    assert minors(SourceOrder(("ebay",)), told("ebay (asking)", 9)) == [9]


@pytest.mark.parametrize("written", ["pokemontcg.io", "PokemonTCG", "Pokemon TCG"])
def test_a_source_is_known_however_it_is_written(written: str) -> None:
    assert plain_name(written) == plain_name("pokemontcg")


def test_stock_batch_review_and_decision_take_the_same_price_with_its_source_and_age(
    shelf: Shelf,
) -> None:
    shelf.scan(FOX, "normal")
    shelf.price(FOX, 700, source="cardmarket", day="2026-05-01")
    shelf.price(FOX, 900, source="scryfall", day="2026-05-02")
    shelf.price(FOX, 9900, source="ebay", day="2026-05-03")
    for named, minor, source, day in (
        (("cardmarket", "scryfall"), 700, "cardmarket", "2026-05-01"),
        (("scryfall",), 900, "scryfall", "2026-05-02"),
        (("ebay",), 9900, "ebay", "2026-05-03"),
    ):
        order = SourceOrder(named)
        with Store.open(shelf.data_dir, role="web", price_order=order) as page:
            stock = Stock(page, shelf.data_dir, "EUR")
            [line] = stock.lines(EVERYTHING)
            assert (line.price_minor, line.price_source) == (minor, source)
            assert line.price_as_of[:10] == day
            assert stock.value_over_time()[-1][1] == minor
            stock.close()
            assert page.batch_value(shelf.batch_id, "EUR").amount_minor == minor
            assert LoggedPrices(page, "EUR").price(FOX) == Money(minor, "EUR")


def test_the_setting_names_the_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().prices.order == SourceOrder()
    monkeypatch.setenv("COUNTERSCAN_PRICES_SOURCES", "shop, tcgcsv")
    assert load_settings().prices.order == SourceOrder(("shop", "tcgcsv"))
