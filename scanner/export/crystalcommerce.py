"""CrystalCommerce's file for adding stock: quantities are added to what is there. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import ClassVar

from scanner.card_words import FINISHES, LANGUAGES
from scanner.export.format import Item, ReadRow, Row, identity, problem_of, split_identity
from scanner.export.table import only_unknown, read_count, read_table, write_table
from scanner.inventory import Line
from scanner.records import Finish


class CrystalCommerce:
    """CrystalCommerce's file for adding stock: quantities are added to what is there."""

    name = "crystalcommerce"
    label = "CrystalCommerce"
    about = (
        "Adds stock in CrystalCommerce. Holds only what has changed since the last export, so "
        "that each file is to be uploaded once."
    )
    suffix = "csv"
    media_type = "text/csv; charset=utf-8"
    adds = True
    sold_there = ""
    columns = (
        "Product Name", "Add Qty", "Condition", "Category", "OLDPRICE", "OLDSKU", "Language",
    )  # fmt: skip
    conditions: ClassVar[Mapping[str, str]] = {
        "NM": "NM-Mint",
        "LP": "Light Play",
        "MP": "Moderate Play",
        "HP": "Heavy Play",
        "DMG": "Damaged",
    }

    def row(self, item: Item) -> Row | str:
        """The item's row, or why it has none."""
        line = item.line
        problem = problem_of(line)
        if problem:
            return problem
        cells = {
            "Product Name": _crystal_name(line),
            "Condition": self.conditions[line.condition],
            "Category": line.set_name,
            "OLDPRICE": item.price,
            "OLDSKU": identity(line),
            "Language": LANGUAGES.get(line.language, line.language),
        }
        remembered = {name: value for name, value in cells.items() if name != "OLDPRICE"}
        return Row(json.dumps(remembered, sort_keys=True), cells)

    def row_of(self, key: str) -> Row:
        """The row of a key of which no copy is in stock any more: the key has its words."""
        cells = json.loads(key)
        return Row(key, {str(name): str(value) for name, value in cells.items()})

    def write(self, rows: Sequence[tuple[Row, int]]) -> bytes:
        """The file."""
        cells = ({**row.cells, "Add Qty": str(count)} for row, count in rows)
        return write_table(self.columns, cells)

    def read(self, data: bytes) -> list[ReadRow]:
        """A file read back; our own SKU says what each row is."""
        return [
            ReadRow(
                quantity=read_count(line, row["Add Qty"]),
                key=row.get("OLDSKU", ""),
                price=row.get("OLDPRICE"),
                more=only_unknown(row, self.columns),
                **(split_identity(row.get("OLDSKU", "")) or {}),
            )
            for line, row in read_table(data, ("Product Name", "Add Qty", "Condition"))
        ]


def _crystal_name(line: Line) -> str:
    words = [line.name]
    if line.number:
        words.append(line.number)
    if line.variant:
        words.append(line.variant)
    if line.finish != Finish.NORMAL:
        words.append(FINISHES[line.finish])
    return " - ".join(words)
