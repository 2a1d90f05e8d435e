"""The stock as a read model: what is in it, where it lies, what was said of it, its worth."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

import pytest

from scanner.batches import BatchPlan
from scanner.errors import ConditionError, InventoryError, StoreError
from scanner.inventory import EVERYTHING, NOT_SET, Line, StockFilter, read_filter
from scanner.inventory_log import Edit, check_edit
from scanner.prices import Money
from scanner.records import Decision, Printing
from scanner.routing import Mode
from scanner.stock import Stock
from scanner.store import Store
from scanner.store_index import INDEX
from scanner.store_index_follow import first_number
from scanner.store_open import DATABASE
from tests.stock.shelf import FOX, GOLEM, HERON, NAMED, Shelf

TODAY = datetime.now(UTC).date().isoformat()


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
    assert stock.totals(StockFilter(added_from=TODAY, added_to=TODAY)).copies == 4
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


def test_bulk_edits_add_rows_and_each_can_be_undone(
    shelf: Shelf, stock: Stock, page: Store
) -> None:
    ids = [shelf.scan(FOX) for _ in range(3)]
    worn = stock.edit(Edit(condition="LP", location="Box 3"), scan_ids=ids[:2])
    foil = stock.edit(Edit(finish="foil"), wanted=StockFilter(condition="LP"))
    assert short(stock.lines(EVERYTHING, "quantity")) == [
        ("Ember Fox", "foil", "LP", "en", 2),
        ("Ember Fox", "normal", "NM", "en", 1),
    ]
    assert stock.totals(StockFilter(location="Box 3")).copies == 2
    page.undo_change(worn.id or 0)
    assert short(stock.lines(EVERYTHING, "quantity")) == [
        ("Ember Fox", "foil", "NM", "en", 2),
        ("Ember Fox", "normal", "NM", "en", 1),
    ]
    page.undo_change(foil.id or 0)
    assert short(stock.lines(EVERYTHING)) == [("Ember Fox", "normal", "NM", "en", 3)]
    with pytest.raises(InventoryError, match="already"):
        page.undo_change(foil.id or 0)
    with pytest.raises(InventoryError, match="no change 99"):
        page.undo_change(99)
    assert [(change.summary, stands) for change, stands in page.changes(9)] == [
        ("Finish: Foil", False),
        ("Condition: Lightly played · Location: Box 3", False),
    ]


def test_removed_copies_leave_the_stock_and_come_back(
    shelf: Shelf, stock: Stock, page: Store
) -> None:
    shelf.price(FOX, 500)
    ids = [shelf.scan(FOX) for _ in range(3)]
    sold = stock.edit(Edit(removed="sold"), scan_ids=ids[:2])
    assert stock.totals(EVERYTHING).copies == 1
    [gone] = stock.lines(StockFilter(removed=True))
    assert gone.quantity == 2
    assert {copy.removed for copy in stock.copies(StockFilter(removed=True), [gone.id])} == {"sold"}
    stock.edit(Edit(removed=""), wanted=StockFilter(removed=True), line_ids=[gone.id])
    assert stock.totals(EVERYTHING).copies == 3
    page.undo_change(sold.id or 0)
    assert stock.totals(EVERYTHING).copies == 3


def test_cards_that_came_since_the_page_was_read_are_not_edited(shelf: Shelf, stock: Stock) -> None:
    shelf.scan(FOX)
    seen = stock.newest_scan()
    shelf.scan(FOX)
    change = stock.edit(Edit(condition="HP"), wanted=EVERYTHING, up_to=seen)
    assert change.cards == 1
    with pytest.raises(InventoryError, match="not in stock any more"):
        stock.edit(Edit(condition="HP"), scan_ids=[12345])


def test_a_later_correction_overrides_an_edit_only_where_it_says_something(
    shelf: Shelf, stock: Stock, page: Store
) -> None:
    scan = shelf.scan(FOX)
    stock.edit(Edit(condition="LP", finish="foil"), scan_ids=[scan])
    page.add_correction(scan, GOLEM, "holo")
    assert short(stock.lines(EVERYTHING)) == [("Moss Golem", "holo", "LP", "en", 1)]
    stock.edit(Edit(finish="normal"), scan_ids=[scan])
    assert short(stock.lines(EVERYTHING)) == [("Moss Golem", "normal", "LP", "en", 1)]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"colour": "red"},
        {"condition": "M"},
        {"finish": ""},
        {"language": "xx"},
        {"removed": "eaten"},
        {"location": "x" * 81},
        {"location": "a\x00b"},
        {"condition": 7},
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(InventoryError):
        check_edit(values)


def test_the_words_of_the_newest_pack_count(shelf: Shelf, stock: Stock) -> None:
    old = Printing(FOX.card_id, FOX.game, "Ember Fx", "Frist Light", "42")
    shelf.scan(old)
    assert [line.name for line in stock.lines(StockFilter(text="Frist"))] == ["Ember Fx"]
    shelf.scan(FOX)
    [line] = stock.lines(StockFilter(text="042 first"))
    assert (line.name, line.set, line.number, line.quantity) == (
        "Ember Fox", "First Light", "042/120", 2,
    )  # fmt: skip
    assert stock.lines(StockFilter(text="Frist")) == []
    shelf.catalog({FOX: {"set_name": "The First Light", "rarity": "rare"}})
    assert stock.choices()["set"] == [("First Light", 2, "The First Light")]


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
    ids = [shelf.scan(FOX), shelf.scan(FOX), shelf.scan(GOLEM)]
    shelf.price(GOLEM, 1000, day="2026-01-06")
    assert stock.value_by_set(EVERYTHING) == [
        ("demo", "The Second Tide", 1, 1000),
        ("demo", "First Light", 2, 200),
    ]
    golems = StockFilter(when={"field": "name", "op": "contains", "value": "golem"})
    assert stock.value_by_set(golems) == [("demo", "The Second Tide", 1, 1000)]
    assert stock.value_over_time() == [(TODAY, 1200)]
    shelf.price(FOX, 300, day="2099-01-01")
    assert stock.value_over_time() == [(TODAY, 1200), ("2099-01-01", 1600)]
    stock.edit(Edit(removed="sold"), scan_ids=ids[:1])
    assert stock.value_over_time()[-1] == ("2099-01-01", 1300)
    assert stock.value_over_time()[-1][1] == stock.totals(EVERYTHING).value_minor


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


def test_the_index_is_made_anew_when_it_is_lost_damaged_or_of_another_catalog(
    shelf: Shelf, stock: Stock, reopened: Callable[..., Stock]
) -> None:
    shelf.price(FOX, 100)
    shelf.price(FOX, 9, currency="USD")
    shelf.scan(FOX, bin_number=1)
    stock.edit(Edit(location="Box 1"), scan_ids=[1])
    before = stock.lines(EVERYTHING)
    assert reopened().lines(EVERYTHING) == before

    path = shelf.data_dir / INDEX
    path.write_bytes(b"not a database" * 400)
    assert reopened().lines(EVERYTHING) == before
    for file in shelf.data_dir.glob(f"{INDEX}*"):
        file.unlink()
    assert stock.lines(EVERYTHING) == before

    assert reopened("USD").lines(EVERYTHING)[0].price_minor == 9
    shelf.catalog({FOX: {"rarity": "rare"}})
    assert reopened().lines(EVERYTHING)[0].facts == {"rarity": "rare"}


def test_an_index_that_breaks_under_the_page_is_made_anew(shelf: Shelf, stock: Stock) -> None:
    for number in range(80):
        shelf.scan(Printing(f"c{number}", "demo", f"Card {number}", "Set", str(number)))
    before = stock.lines(EVERYTHING)
    path = shelf.data_dir / INDEX
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 8192))
    for file in shelf.data_dir.glob(f"{INDEX}-*"):
        file.unlink()
    with pytest.raises(StoreError, match="made anew"):
        stock.lines(EVERYTHING)
    assert stock.lines(EVERYTHING) == before


def test_following_the_log_step_by_step_ends_where_reading_it_at_once_does(
    shelf: Shelf, stock: Stock, page: Store, reopened: Callable[..., Stock]
) -> None:
    shelf.price(FOX, 100)
    for number in range(12):
        printing = (FOX, HERON, GOLEM)[number % 3]
        scan = shelf.scan(printing, ("normal", "foil")[number % 2], bin_number=1 + number % 2)
        stock.totals(EVERYTHING)
        if number % 4 == 0:
            stock.edit(Edit(condition="MP"), scan_ids=[scan])
        if number % 5 == 0:
            page.add_correction(scan, GOLEM, "holo")
        if number == 7:
            shelf.store.add_bin_emptied(2)
            shelf.price(GOLEM, 40, "holo")
        stock.totals(EVERYTHING)

    def seen(of: Stock) -> list[object]:
        lines = of.lines(EVERYTHING, "set")
        return [
            (x.card_id, x.finish, x.condition, x.quantity, x.price_minor,
             [(c.scan_id, c.bin, c.position) for c in of.copies(EVERYTHING, [x.id])])
            for x in sorted(lines, key=lambda x: (x.card_id, x.finish, x.condition))
        ]  # fmt: skip

    stepwise = seen(stock)
    for file in shelf.data_dir.glob(f"{INDEX}*"):
        file.unlink()
    assert seen(reopened()) == stepwise


@pytest.mark.parametrize(
    ("number", "first"),
    [("042/120", 42), ("OP01-007", 7), ("TG12/TG30", 12), ("A-", 0), ("", 0), ("★", 0), ("²", 0)],
)
def test_the_number_that_a_set_is_ordered_by(number: str, first: int) -> None:
    assert first_number(number) == first
