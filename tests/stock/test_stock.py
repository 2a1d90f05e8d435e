"""The stock as a read model: what is in it, where it lies, what a filter finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scanner.batches import BatchPlan
from scanner.errors import ConditionError, InventoryError
from scanner.inventory import EVERYTHING, NOT_SET, Line, StockFilter, read_filter
from scanner.prices import Money
from scanner.records import Decision, Printing
from scanner.routing import Mode
from scanner.stock import Stock
from scanner.store import Store
from tests.stock.shelf import FOX, GOLEM, HERON, NAMED, Shelf

TODAY = datetime.now(UTC).date().isoformat()
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()  # the tests may take so long


def short(lines: list[Line]) -> list[tuple[str, str, str, str, int]]:
    return [(x.name, x.finish, x.condition, x.language, x.quantity) for x in lines]


def test_equal_copies_are_one_line_and_every_difference_is_another(
    shelf: Shelf, stock: Stock
) -> None:
    shelf.scan(FOX)
    shelf.scan(FOX)
    shelf.scan(FOX, "foil")
    shelf.scan(FOX, "unknown")
    shelf.batch("german", BatchPlan(condition="LP", language="de"))
    shelf.scan(FOX)
    shelf.scan(HERON, decision=Decision.REVIEW)
    shelf.scan(HERON, decision=Decision.UNKNOWN)

    assert short(stock.lines(EVERYTHING)) == [
        ("Ember Fox", "normal", "NM", "en", 2),
        ("Ember Fox", "foil", "NM", "en", 1),
        ("Ember Fox", "unknown", "NM", "en", 1),
        ("Ember Fox", "normal", "LP", "de", 1),
    ]
    totals = stock.totals(EVERYTHING)
    assert (totals.lines, totals.copies, totals.unpriced) == (4, 5, 5)


def test_a_card_that_a_person_names_comes_into_stock_and_leaves_when_that_is_undone(
    shelf: Shelf, stock: Stock, page: Store
) -> None:
    scan = shelf.scan(FOX, decision=Decision.UNKNOWN)
    assert stock.lines(EVERYTHING) == stock.lines(StockFilter(removed=True)) == []
    page.add_correction(scan, GOLEM, "holo", "ja", "MP")
    assert short(stock.lines(EVERYTHING)) == [("Moss Golem", "holo", "MP", "ja", 1)]
    page.undo_correction(scan)
    assert stock.lines(EVERYTHING) == []


def test_cards_of_an_offer_are_in_stock_once_they_are_paid_for(
    shelf: Shelf, stock: Stock, page: Store
) -> None:
    batch = shelf.store.create_batch("a collection", 0, "usb", Mode.OFFER, NAMED)
    shelf.batch_id = batch.id or 0
    bought, left = shelf.scan(FOX), shelf.scan(GOLEM)
    assert stock.lines(EVERYTHING) == []
    ten = Money(1000, "EUR")
    lines = [
        {"scans": [bought], "status": "offered"},
        {"scans": [left], "status": "not bought"},
    ]
    page.end_offer(shelf.batch_id, "declined", ten, ten, lines)
    assert stock.lines(EVERYTHING) == []
    page.end_offer(shelf.batch_id, "cash", ten, ten, lines)
    assert short(stock.lines(EVERYTHING)) == [("Ember Fox", "normal", "NM", "en", 1)]
    page.end_offer(shelf.batch_id, "undone", ten, ten, [])
    assert stock.lines(EVERYTHING) == stock.lines(StockFilter(removed=True)) == []


def test_what_nobody_knows_stays_unknown(shelf: Shelf, stock: Stock) -> None:
    shelf.batch("unsorted", BatchPlan())
    shelf.scan(FOX, "unknown")
    assert short(stock.lines(EVERYTHING)) == [("Ember Fox", "unknown", "", "", 1)]
    for wanted in (StockFilter(condition=NOT_SET), StockFilter(finish=NOT_SET, language=NOT_SET)):
        assert stock.totals(wanted).copies == 1
    assert stock.totals(StockFilter(condition="NM")).copies == 0


def test_what_the_catalog_is_certain_of_is_known(shelf: Shelf, stock: Stock, page: Store) -> None:
    shelf.catalog({FOX: {"finishes": "holo", "lang": "ja"}, GOLEM: {"finishes": "normal|foil"}})
    shelf.batch("unsorted", BatchPlan())
    shelf.scan(FOX, "unknown")
    scan = shelf.scan(GOLEM, "unknown")
    assert short(stock.lines(EVERYTHING)) == [
        ("Ember Fox", "holo", "", "", 1),
        ("Moss Golem", "unknown", "", "", 1),
    ]
    page.add_correction(scan, FOX)
    assert short(stock.lines(EVERYTHING)) == [("Ember Fox", "holo", "", "", 2)]


def test_each_copy_says_where_it_lies(shelf: Shelf, stock: Stock) -> None:
    shelf.batch("first", BatchPlan(location="Shelf A"))
    shelf.scan(FOX, bin_number=2)
    shelf.scan(GOLEM, bin_number=2)
    shelf.scan(FOX, bin_number=3)
    stock.totals(EVERYTHING)
    shelf.scan(FOX, bin_number=2)
    shelf.store.add_bin_emptied(2)
    shelf.scan(FOX, bin_number=2)

    [line] = stock.lines(StockFilter(text="fox"))
    copies = stock.copies(EVERYTHING, [line.id])
    assert [(c.batch, c.sequence, c.bin, c.position, c.location) for c in copies] == [
        ("first", 1, 2, 1, "Shelf A"),
        ("first", 3, 3, 1, "Shelf A"),
        ("first", 4, 2, 3, "Shelf A"),
        ("first", 5, 2, 1, "Shelf A"),
    ]
    assert stock.totals(StockFilter(bin=2)).copies == 4
    assert stock.totals(StockFilter(bin=2, text="fox")).copies == 3


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ember", {"Ember Fox"}),
        ("EMB fo", {"Ember Fox"}),
        ("42", {"Ember Fox"}),
        ("042/120", {"Ember Fox"}),
        ("first light", {"Ember Fox", "Tidewatch Heron"}),
        ("extended", {"Tidewatch Heron"}),
        ("golem first", set()),
        ("café", {"Café Owl"}),
        ("cafe", {"Café Owl"}),
        ('"', {"Ember Fox", "Tidewatch Heron", "Moss Golem", "Café Owl"}),
        ('fox" OR name:"golem', set()),
        ("name : golem*", set()),
        ("NEAR(fox", set()),
    ],
)
def test_search_finds_words_begun_in_any_order_and_survives_anything(
    shelf: Shelf, stock: Stock, text: str, names: set[str]
) -> None:
    for printing in (FOX, HERON, GOLEM, Printing("owl", "demo", "Café Owl", "Third", "1")):
        shelf.scan(printing)
    assert {line.name for line in stock.lines(StockFilter(text=text))} == names


def test_filters_count_only_the_copies_that_they_mean(shelf: Shelf, stock: Stock) -> None:
    first = shelf.batch("first")
    shelf.scan(FOX)
    shelf.scan(FOX)
    shelf.scan(GOLEM)
    second = shelf.batch("second")
    shelf.scan(FOX)
    [line] = stock.lines(StockFilter(batch=second))
    assert (line.name, line.quantity) == ("Ember Fox", 1)
    assert stock.totals(StockFilter(batch=first)).copies == 3
    assert stock.totals(StockFilter(batch=first, set="First Light")).copies == 2
    assert stock.totals(StockFilter(game="magic")).copies == 0
    assert stock.totals(StockFilter(added_from=TODAY, added_to=TOMORROW)).copies == 4
    assert stock.totals(StockFilter(added_to="2020-01-01")).copies == 0
    assert len(stock.scan_ids(StockFilter(batch=first, text="fox"))) == 2


def test_a_condition_of_the_one_language_filters_too(shelf: Shelf, stock: Stock) -> None:
    shelf.catalog({FOX: {"rarity": "rare"}, GOLEM: {"rarity": "common"}, HERON: {}})
    for printing in (FOX, GOLEM, HERON):
        shelf.scan(printing)
    shelf.price(FOX, 250)
    shelf.price(GOLEM, 40)
    rare = {"field": "rarity", "op": "is", "value": "rare"}
    cheap = {"field": "price", "op": "below", "value": "1.00 EUR"}
    assert [x.name for x in stock.lines(StockFilter(when=rare))] == ["Ember Fox"]
    assert [x.name for x in stock.lines(StockFilter(when=cheap))] == ["Moss Golem"]
    assert stock.totals(StockFilter(when={"any": [rare, cheap]})).value_minor == 290
    assert len(stock.scan_ids(StockFilter(when={"not": rare}))) == 1
    with pytest.raises(ConditionError):
        read_filter({"when": {"field": "shoe_size", "op": "is", "value": "9"}})


def test_saved_filters_keep_their_names_and_are_replaced_and_removed(
    stock: Stock, page: Store
) -> None:
    stock.save_filter(" Rare  foils ", {"finish": "foil", "price_from": 500, "text": ""})
    stock.save_filter("box", {"location": "Box 3"})
    assert page.saved_filters() == {
        "box": {"location": "Box 3"},
        "Rare foils": {"finish": "foil", "price_from": 500},
    }
    stock.save_filter("box", {"location": "Box 4"})
    page.remove_filter("Rare foils")
    assert page.saved_filters() == {"box": {"location": "Box 4"}}
    for name, values in (("", {"finish": "foil"}), ("x" * 61, {"finish": "foil"}), ("all", {})):
        with pytest.raises(InventoryError):
            stock.save_filter(name, values)
    with pytest.raises(InventoryError):
        page.remove_filter("Rare foils")


@pytest.mark.parametrize(
    "values",
    [
        {"colour": "red"},
        {"text": "x" * 121},
        {"text": ["fox"]},
        {"batch": "-1"},
        {"batch": "1.5"},
        {"price_from": "9" * 13},
        {"added_from": "yesterday"},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(InventoryError):
        read_filter(values)
