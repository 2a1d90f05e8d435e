"""Bulk edits: rows that say what people said, undone by rows."""

from __future__ import annotations

import pytest

from scanner.errors import InventoryError
from scanner.inventory import EVERYTHING, Line, StockFilter
from scanner.inventory_log import Edit, check_edit
from scanner.stock import Stock
from scanner.store import Store
from tests.stock.shelf import FOX, GOLEM, Shelf


def short(lines: list[Line]) -> list[tuple[str, str, str, str, int]]:
    return [(x.name, x.finish, x.condition, x.language, x.quantity) for x in lines]


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
