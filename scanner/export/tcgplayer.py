"""TCGplayer's file for Import to Staged: quantities are deltas, the ids are the shop's own. Pure.

A duplicate id makes TCGplayer reject the whole file, so that rows merge; a price must be at least
0.01; `Total Quantity` is ignored there and repeats what the shop's own file said.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from scanner.export.format import Item, ReadRow, Row, problem_of
from scanner.export.table import only_unknown, read_count, read_table, write_table
from scanner.export.tcgplayer_skus import SKU, SkuTable
from scanner.export.tcgplayer_words import finish_of, read_kind
from scanner.tables_stock import Sku

COLUMNS = (
    SKU, "Product Line", "Set Name", "Product Name", "Title", "Number", "Rarity", "Condition",
    "TCG Market Price", "TCG Direct Low", "TCG Low Price With Shipping", "TCG Low Price",
    "Total Quantity", "Add to Quantity", "TCG Marketplace Price", "Photo URL",
)  # fmt: skip
_DELTA, _PRICE = "Add to Quantity", "TCG Marketplace Price"
_LEAST_PRICE = Decimal("0.01")


class Tcgplayer:
    """The format over the SKUs that the shop's own file taught."""

    name = "tcgplayer"
    label = "TCGplayer"
    about = (
        "For Import to Staged. Holds only what has changed since the last export, so that each "
        "file is to be uploaded once."
    )
    suffix = "csv"
    media_type = "text/csv; charset=utf-8"
    adds = True
    sold_there = "sold_tcgplayer"

    def __init__(self, skus: SkuTable) -> None:
        """Take the SKUs."""
        self._skus = skus

    def row(self, item: Item) -> Row | str:
        """The row of the item's SKU, or why it has none."""
        problem = problem_of(item.line)
        if problem:
            return problem
        sku = self._skus.find(item.line)
        if isinstance(sku, str):
            return sku
        price = _price(sku.price) or (_price(item.price) if item.currency == "USD" else "")
        hold = (
            ""
            if price
            else "It has no price: TCGplayer refuses a card without one, and your own file names "
            "none either."
        )
        return Row(sku.sku, _cells(sku, price), hold)

    def row_of(self, key: str) -> Row:
        """The row of a SKU of which no copy is in stock any more."""
        sku = self._skus.by_id.get(key)
        if sku is None:
            return Row(key, {SKU: key, _PRICE: str(_LEAST_PRICE)})
        return Row(key, _cells(sku, _price(sku.price) or str(_LEAST_PRICE)))

    def write(self, rows: Sequence[tuple[Row, int]]) -> bytes:
        """The file, every value quoted."""
        cells = ({**row.cells, _DELTA: str(count)} for row, count in rows)
        return write_table(COLUMNS, cells, quote_all=True)

    def read(self, data: bytes) -> list[ReadRow]:
        """A file read back; `quantity` is the delta."""
        found: list[ReadRow] = []
        for line, row in read_table(data, (*COLUMNS[:8], _DELTA)):
            kind = read_kind(row["Condition"])
            found.append(
                ReadRow(
                    quantity=read_count(line, row[_DELTA]),
                    key=row[SKU],
                    name=row["Product Name"],
                    set=row["Set Name"],
                    number=row["Number"],
                    finish=finish_of(kind.shine) if kind else None,
                    language=kind.language if kind else None,
                    condition=kind.condition if kind else None,
                    price=row.get(_PRICE),
                    more=only_unknown(row, COLUMNS),
                )
            )
        return found


def _cells(sku: Sku, price: str) -> dict[str, str]:
    return {
        SKU: sku.sku,
        "Product Line": sku.product_line,
        "Set Name": sku.set_name,
        "Product Name": sku.product_name,
        "Title": sku.title,
        "Number": sku.number,
        "Rarity": sku.rarity,
        "Condition": sku.condition,
        "Total Quantity": str(sku.quantity),
        _PRICE: price,
    }


def _price(text: str) -> str:
    """The price as TCGplayer takes it; "" where it would refuse it."""
    try:
        amount = Decimal(text.replace("$", "").replace(",", "").strip())
    except InvalidOperation:
        return ""
    return f"{amount:.2f}" if amount.is_finite() and amount >= _LEAST_PRICE else ""
