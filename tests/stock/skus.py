"""TCGplayer files as a shop downloads them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from scanner.export.tcgplayer import COLUMNS
from scanner.export.tcgplayer_words import CONDITIONS
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
