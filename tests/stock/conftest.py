"""A shop with a log, and cards put into it as the feed process does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scanner.export.desk import ExportDesk
from scanner.stock import Stock
from scanner.store import Store
from tests.stock.shelf import FOX, Shelf
from tests.stock.skus import sku_file


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with Shelf(tmp_path / "data") as shelf:
        yield shelf


@pytest.fixture
def page(shelf: Shelf) -> Iterator[Store]:
    with Store.open(shelf.data_dir, role="web") as opened:
        yield opened


@pytest.fixture
def stock(shelf: Shelf, page: Store) -> Iterator[Stock]:
    stock = Stock(page, shelf.data_dir, "EUR")
    yield stock
    stock.close()


@pytest.fixture
def reopened(shelf: Shelf, page: Store) -> Iterator[Callable[[], Stock]]:
    """The stock as another process, or the same one after a restart, sees it."""
    opened: list[Stock] = []

    def again(currency: str = "EUR") -> Stock:
        opened.append(Stock(page, shelf.data_dir, currency))
        return opened[-1]

    yield again
    for stock in opened:
        stock.close()


@pytest.fixture
def desk(shelf: Shelf, stock: Stock) -> ExportDesk:
    made = ExportDesk(stock, shelf.data_dir)
    made.learn(sku_file([FOX], "Demo", "First Light"))
    return made
