"""Makes exports: works out a plan from the stock, writes the file, and remembers what went out."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scanner.catalog.disk import write_atomic
from scanner.errors import InventoryError
from scanner.export.format import Format, Item
from scanner.export.formats import currency_note, format_of
from scanner.export.plan import Plan, plan_export
from scanner.export.tcgplayer import Tcgplayer
from scanner.export.tcgplayer_skus import SkuTable, read_skus
from scanner.inventory import EVERYTHING, Copy, StockFilter
from scanner.stock import Stock
from scanner.store_faults import explained
from scanner.tables_stock import StockExport

FOLDER = "exports"


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan with what it was worked out from: its format and the export before it.

    `note` says in which currency the prices are, where the file can't.
    """

    target: Format
    plan: Plan
    wanted: StockFilter
    after_export: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a TCGplayer file taught: how many SKUs it names, how many of them were news."""

    named: int
    news: int


class ExportDesk:
    """Exports of one stock. Thread-safe."""

    def __init__(self, stock: Stock, data_dir: Path) -> None:
        """Files are kept in the data folder's `exports`."""
        self._stock = stock
        self._data_dir = data_dir
        self._lock = threading.Lock()
        self._skus: tuple[object, SkuTable] = (None, SkuTable(()))

    def skus(self) -> SkuTable:
        """The SKUs that the shop's own files taught, read once for as long as nothing is new."""
        store = self._stock.store
        sets = store.named_sets()
        newest = (store.newest_sku(), sets)
        with self._lock:
            if self._skus[0] != newest:
                self._skus = (newest, SkuTable(store.skus(), sets))
            return self._skus[1]

    def preview(self, name: str, wanted: StockFilter, *, only_new: bool = False) -> Preview:
        """What an export would do, without doing it.

        Raises:
            InventoryError: there is no such format.
        """
        if wanted.removed:
            raise InventoryError("Cards that left the stock can't be exported: change the filter.")
        target = format_of(name, self.skus() if name == Tcgplayer.name else SkuTable(()))
        after, standing = self._stock.store.exported(name)
        items = self._items(EVERYTHING if target.adds else wanted)
        meant = frozenset(self._stock.scan_ids(wanted))
        plan = plan_export(target, items, meant, standing, self._stock.removed(), only_new=only_new)
        note = currency_note(target, self._stock.currency) if plan.rows else ""
        return Preview(target, plan, wanted, after, note)

    def make(self, preview: Preview) -> StockExport:
        """Write the file that a preview showed, and remember it.

        Raises:
            InventoryError: it would be empty, or another export came in between.
            StoreError: the disk won't take it; nothing is remembered then.
        """
        plan, target = preview.plan, preview.target
        if not plan.rows:
            raise InventoryError("There is nothing to export: nothing has changed since the last.")
        name = f"counterscan-{target.name}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.{target.suffix}"
        with explained(self._data_dir):
            folder = self._data_dir / FOLDER
            folder.mkdir(exist_ok=True)
            write_atomic(folder / name, target.write(plan.rows))
        export = StockExport(
            kind="made",
            format=target.name,
            file_name=name,
            filter=preview.wanted.to_json(),
            rows=len(plan.rows),
            added=sum(count for _, count in plan.rows if count > 0),
            taken=plan.taken,
            left_out=sum(entry.quantity for entry in plan.left_out),
        )
        try:
            return self._stock.store.add_export(export, plan.cards, preview.after_export)
        except BaseException:
            (folder / name).unlink(missing_ok=True)
            raise

    def file_of(self, export: StockExport) -> Path:
        """Where an export's file is. Raises InventoryError when it is gone."""
        path = self._data_dir / FOLDER / export.file_name
        if not export.file_name or not path.is_file():
            raise InventoryError("This export's file is gone: take it back and make it anew.")
        return path

    def learn(self, data: bytes) -> Learned:
        """Learn the SKU ids of the shop's own TCGplayer file. Raises InventoryError."""
        rows = read_skus(data)
        return Learned(len(rows), self._stock.store.add_skus(rows))

    def _items(self, wanted: StockFilter) -> list[Item]:
        lines = self._stock.lines(wanted, "set")
        copies: dict[int, list[Copy]] = defaultdict(list)
        for copy in self._stock.copies(wanted, [line.id for line in lines], None):
            copies[copy.line_id].append(copy)
        currency = self._stock.currency
        return [Item(line, tuple(copies[line.id]), currency) for line in lines]
