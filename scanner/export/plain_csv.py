"""The stock as it is, for spreadsheets: nothing is left out. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.errors import InventoryError
from scanner.export.format import FIELDS, Item, ReadRow, Row, fields_of, identity
from scanner.export.table import only_unknown, read_count, read_table, write_table
from scanner.inventory import Copy

MAX_PLACES = 25


class PlainCsv:
    """One line of the stock a row, with where its copies lie."""

    name = "csv"
    label = "Spreadsheet (CSV)"
    about = "Everything known of the stock, for Excel, Numbers or LibreOffice."
    suffix = "csv"
    media_type = "text/csv; charset=utf-8"
    adds = False
    sold_there = ""
    columns = (
        *FIELDS, "set_name", "rarity", "quantity", "price", "currency", "price_of", "price_as_of",
        "price_source", "probability", "where",
    )  # fmt: skip

    def row(self, item: Item) -> Row:
        """The item's row."""
        line = item.line
        cells = {
            **fields_of(item),
            "set_name": line.set_name,
            "rarity": line.facts.get("rarity", ""),
            "price": item.price,
            "currency": item.currency if item.price else "",
            "price_of": line.basis,
            "price_as_of": line.price_as_of[:10],
            "price_source": line.price_source,
            "probability": _least_probability(item.copies),
            "where": _where(item.copies),
        }
        return Row(identity(line), cells)

    def row_of(self, key: str) -> Row:
        """Never needed: the stock is written whole."""
        raise InventoryError(f"{self.label} takes no cards back ({key[:40]}).")

    def write(self, rows: Sequence[tuple[Row, int]]) -> bytes:
        """The file; its mark tells a spreadsheet that it is UTF-8."""
        cells = ({**row.cells, "quantity": str(count)} for row, count in rows)
        return write_table(self.columns, cells, bom=True)

    def read(self, data: bytes) -> list[ReadRow]:
        """A file read back."""
        return [
            ReadRow(
                quantity=read_count(line, row["quantity"]),
                price=row.get("price"),
                more=only_unknown(row, self.columns),
                **{name: row[name] for name in FIELDS},
            )
            for line, row in read_table(data, (*FIELDS, "quantity"))
        ]


def _least_probability(copies: Sequence[Copy]) -> str:
    """How likely the name of the copy that is least sure is right; "" where nobody can tell."""
    known = [copy.probability for copy in copies if copy.probability is not None]
    return f"{min(known):.6f}" if known else ""


def _where(copies: Sequence[Copy]) -> str:
    """Where copies lie, for a person: `Saturday no. 3, bin 2 no. 1, Box 4; …`."""
    places = [place_words(copy) for copy in copies[:MAX_PLACES]]
    more = len(copies) - len(places)
    return "; ".join(places) + (f"; and {more} more" if more else "")


def place_words(copy: Copy) -> str:
    """Where one copy lies, for a person."""
    words = [f"{copy.batch or f'batch {copy.batch_id}'} no. {copy.sequence}"]
    if copy.bin:
        words.append(f"bin {copy.bin} no. {copy.position}")
    if copy.location:
        words.append(copy.location)
    return ", ".join(words)
