"""Exports: what has changed goes out once, is taken back once, and never twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scanner.errors import InventoryError
from scanner.export.desk import ExportDesk
from scanner.inventory import EVERYTHING, StockFilter
from scanner.inventory_log import Edit
from scanner.stock import Stock
from scanner.store import Store
from tests.stock.shelf import FOX, Shelf
from tests.stock.skus import deltas, reasons


def test_a_second_export_without_a_change_is_empty(shelf: Shelf, desk: ExportDesk) -> None:
    shelf.scan(FOX)
    shelf.scan(FOX)
    shelf.scan(FOX, "foil")
    assert deltas(desk) == {"100000": 2, "100001": 1}
    preview = desk.preview("tcgplayer", EVERYTHING)
    assert (preview.plan.rows, preview.plan.unchanged, preview.plan.left_out) == ((), 3, ())
    with pytest.raises(InventoryError, match="nothing to export"):
        desk.make(preview)
    shelf.scan(FOX)
    assert deltas(desk) == {"100000": 1}


@pytest.mark.parametrize("name", ["shopify", "crystalcommerce"])
def test_a_file_that_names_no_currency_says_before_in_which_its_prices_are(
    name: str, shelf: Shelf, reopened: Callable[[str], Stock]
) -> None:
    shelf.scan(FOX)
    shelf.price(FOX, 250, currency="USD")
    desk = ExportDesk(reopened("USD"), shelf.data_dir)
    assert "The prices are in USD, which this file can't say" in desk.preview(name, EVERYTHING).note
    assert desk.preview("csv", EVERYTHING).note == ""
    assert desk.preview(name, StockFilter(game="another")).note == ""


def test_what_has_changed_moves_from_sku_to_sku(
    shelf: Shelf, desk: ExportDesk, stock: Stock, page: Store
) -> None:
    ids = [shelf.scan(FOX) for _ in range(3)]
    deltas(desk)
    worn = stock.edit(Edit(condition="LP"), scan_ids=ids[:1])
    assert deltas(desk) == {"100000": -1, "100010": 1}
    page.undo_change(worn.id or 0)
    assert deltas(desk) == {"100000": 1, "100010": -1}
    stock.edit(Edit(removed="sold"), scan_ids=ids[:2])
    assert deltas(desk) == {"100000": -2}
    assert deltas(desk) == {}


def test_a_card_that_cannot_be_mapped_any_more_is_left_where_it_is(
    shelf: Shelf, desk: ExportDesk, stock: Stock
) -> None:
    scan = shelf.scan(FOX)
    deltas(desk)
    stock.edit(Edit(condition=""), scan_ids=[scan])
    assert deltas(desk) == {}
    assert len(reasons(desk)) == 1
    stock.edit(Edit(condition="MP"), scan_ids=[scan])
    assert deltas(desk) == {"100000": -1, "100020": 1}


def test_what_tcgplayer_sold_itself_is_not_taken_off_twice(
    shelf: Shelf, desk: ExportDesk, stock: Stock
) -> None:
    ids = [shelf.scan(FOX) for _ in range(3)]
    deltas(desk)
    deltas(desk, name="crystalcommerce")
    stock.edit(Edit(removed="sold_tcgplayer"), scan_ids=ids[:1])
    assert deltas(desk) == {}
    assert list(deltas(desk, name="crystalcommerce").values()) == [-1]


def test_an_export_of_a_part_sends_that_part_and_later_the_rest(
    shelf: Shelf, desk: ExportDesk
) -> None:
    first = shelf.batch("first")
    shelf.scan(FOX)
    second = shelf.batch("second")
    shelf.scan(FOX)
    shelf.scan(FOX)
    assert deltas(desk, StockFilter(batch=second)) == {"100000": 2}
    assert deltas(desk, StockFilter(batch=second)) == {}
    assert deltas(desk, StockFilter(batch=first)) == {"100000": 1}
    assert deltas(desk) == {}


def test_an_export_that_was_never_uploaded_is_taken_back(
    shelf: Shelf, desk: ExportDesk, page: Store
) -> None:
    shelf.scan(FOX)
    deltas(desk)
    [(export, counts)] = page.exports(9)
    assert counts
    page.take_export_back(export.id or 0)
    assert [counts for _, counts in page.exports(9)] == [False]
    assert deltas(desk) == {"100000": 1}
    with pytest.raises(InventoryError, match="already"):
        page.take_export_back(export.id or 0)


def test_two_exports_at_once_never_send_a_card_twice(shelf: Shelf, desk: ExportDesk) -> None:
    shelf.scan(FOX)
    one, other = (desk.preview("tcgplayer", EVERYTHING) for _ in range(2))
    made = desk.make(one)
    with pytest.raises(InventoryError, match="just made"):
        desk.make(other)
    assert [path.name for path in (shelf.data_dir / "exports").iterdir()] == [made.file_name]


def test_only_what_is_new_can_be_sent_again_by_formats_that_do_not_add(
    shelf: Shelf, desk: ExportDesk
) -> None:
    shelf.scan(FOX)
    desk.make(desk.preview("csv", EVERYTHING))
    shelf.scan(FOX)
    whole, new = (desk.preview("csv", EVERYTHING, only_new=only) for only in (False, True))
    assert [count for _, count in whole.plan.rows] == [2]
    assert [count for _, count in new.plan.rows] == [1]
