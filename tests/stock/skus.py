"""TCGplayer files as a shop downloads them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from scanner.export.desk import ExportDesk
from scanner.export.format import ReadRow
from scanner.export.tcgplayer import COLUMNS
from scanner.export.tcgplayer_words import CONDITIONS
from scanner.inventory import EVERYTHING, StockFilter
from scanner.records import Printing


def sku_file(
    printings: Sequence[Printing],
    product_line: str,
    set_name: str,
    shines: Sequence[str] = ("", "Foil"),
    price: str = "1.10",
    **columns: str,
) -> bytes:
    """Every condition and finish of these printings, one SKU each."""
    rows: list[Mapping[str, str]] = []
    for place, printing in enumerate(printings):
        for step, condition in enumerate(CONDITIONS.values()):
            for turn, shine in enumerate(shines):
                sku = str(100_000 + place * 100 + step * 10 + turn)
                rows.append(
                    {
                        "TCGplayer Id": sku,
                        "Product Line": product_line,
                        "Set Name": set_name,
                        "Product Name": printing.name,
                        "Number": printing.number,
                        "Rarity": "R",
                        "Condition": f"{condition} {shine}".strip(),
                        "Total Quantity": "4",
                        "TCG Marketplace Price": price,
                        **columns,
                    }
                )
    return write(rows)


def write(rows: Sequence[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> bytes:
    """The file, as TCGplayer quotes it."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, "", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def deltas(desk: ExportDesk, wanted: StockFilter = EVERYTHING, name: str = "tcgplayer") -> dict[
    str, int
]:  # fmt: skip
    """Make the next file and read it back: key and quantity."""
    preview = desk.preview(name, wanted)
    if not preview.plan.rows:
        return {}
    rows: list[ReadRow] = preview.target.read(desk.file_of(desk.make(preview)).read_bytes())
    return {row.key: row.quantity for row in rows}


def reasons(desk: ExportDesk, name: str = "tcgplayer") -> list[str]:
    """Why copies are left out of an export."""
    return [entry.reason for entry in desk.preview(name, EVERYTHING).plan.left_out]
