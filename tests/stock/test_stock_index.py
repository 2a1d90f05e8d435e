"""The index of the stock follows the log, and is made anew whenever something is odd."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scanner.errors import StoreError
from scanner.inventory import EVERYTHING, StockFilter, first_number
from scanner.inventory_log import Edit
from scanner.records import Printing
from scanner.stock import Stock
from scanner.store import Store
from scanner.store_index import INDEX
from tests.stock.shelf import FOX, GOLEM, HERON, Shelf


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
