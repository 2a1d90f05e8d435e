"""What the stock is worth, now and day by day."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

from scanner.batches import BatchPlan
from scanner.inventory import EVERYTHING, StockFilter
from scanner.inventory_log import Edit
from scanner.price_feed import PriceNews, PriceTold
from scanner.stock import Stock
from scanner.store import Store
from scanner.store_open import DATABASE
from tests.stock.shelf import FOX, GOLEM, Shelf


def test_prices_are_never_another_finishs(shelf: Shelf, stock: Stock) -> None:
    for finish in ("normal", "foil", "holo", "unknown"):
        shelf.scan(FOX, finish)
    shelf.price(FOX, 100, "normal")
    shelf.price(FOX, 900, "foil")
    shelf.price(FOX, 120, "normal")
    shelf.price(FOX, 777, "normal", currency="USD")
    prices = {line.finish: (line.price_minor, line.basis) for line in stock.lines(EVERYTHING)}
    assert prices == {
        "normal": (120, "exact"),
        "foil": (900, "exact"),
        "holo": (None, ""),
        "unknown": (120, "at least"),
    }
    totals = stock.totals(EVERYTHING)
    assert (totals.value_minor, totals.unpriced) == (1140, 1)


def test_a_price_of_another_condition_says_so(shelf: Shelf, stock: Stock) -> None:
    shelf.batch("worn", BatchPlan(condition="HP", language="en"))
    shelf.scan(FOX)
    shelf.price(FOX, 100)
    [line] = stock.lines(EVERYTHING)
    assert (line.price_minor, line.basis) == (100, "near mint")
    shelf.price(FOX, 30, condition="HP")
    [line] = stock.lines(EVERYTHING)
    assert (line.price_minor, line.basis) == (30, "exact")


def test_a_price_that_its_source_says_again_is_not_old(shelf: Shelf, stock: Stock) -> None:
    shelf.scan(FOX)
    shelf.price(FOX, 100, day="2026-01-05")
    [line] = stock.lines(EVERYTHING)
    assert line.price_as_of == "2026-01-05 10:00:00"
    with closing(sqlite3.connect(shelf.data_dir / DATABASE, isolation_level=None)) as log:
        log.execute("INSERT INTO price_confirmed VALUES (1, '2026-05-05 10:00:00.000000')")
    [line] = stock.page(EVERYTHING, "name", 9, 0).lines
    assert line.price_as_of == "2026-05-05 10:00:00"


def test_value_by_set_and_over_time(shelf: Shelf, stock: Stock) -> None:
    shelf.catalog({GOLEM: {"set_name": "The Second Tide"}})
    shelf.price(FOX, 100, day="2026-01-05")
    before = datetime.now(UTC).date().isoformat()
    ids = [shelf.scan(FOX), shelf.scan(FOX), shelf.scan(GOLEM)]
    shelf.price(GOLEM, 1000, day="2026-01-06")
    assert stock.value_by_set(EVERYTHING) == [
        ("demo", "The Second Tide", 1, 1000),
        ("demo", "First Light", 2, 200),
    ]
    golems = StockFilter(when={"field": "name", "op": "contains", "value": "golem"})
    assert stock.value_by_set(golems) == [("demo", "The Second Tide", 1, 1000)]
    today, worth = stock.value_over_time()[-1]  # it may have become midnight between the scans
    assert before <= today <= datetime.now(UTC).date().isoformat()
    assert worth == 1200
    shelf.price(FOX, 300, day="2099-01-01")
    assert stock.value_over_time()[-2:] == [(today, 1200), ("2099-01-01", 1600)]
    stock.edit(Edit(removed="sold"), scan_ids=ids[:1])
    assert stock.value_over_time()[-1] == ("2099-01-01", 1300)
    assert stock.value_over_time()[-1][1] == stock.totals(EVERYTHING).value_minor


def test_of_two_prices_of_one_kind_in_one_message_the_last_counts_and_no_row_comes_twice(
    shelf: Shelf, stock: Stock
) -> None:
    shelf.scan(FOX, "normal")
    at = datetime(2026, 5, 1, tzinfo=UTC)
    news = PriceNews(
        FOX.game,
        [PriceTold(FOX.card_id, "normal", "NM", "EUR", minor, "tcgcsv", at) for minor in (100, 90)],
    )
    with Store.open(shelf.data_dir, role="sync") as sync:
        assert [sync.receive_prices(news, {}) for _ in range(2)] == [1, 0]
    assert [line.price_minor for line in stock.lines(EVERYTHING)] == [90]
