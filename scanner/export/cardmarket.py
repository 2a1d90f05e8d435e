"""Cardmarket's stock file: semicolons, numbers for languages, its own product numbers. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import ClassVar

from scanner.card_words import FINISHES, LANGUAGES
from scanner.errors import InventoryError
from scanner.export.format import Item, ReadRow, Row, problem_of
from scanner.export.table import only_unknown, read_count, read_table, write_table
from scanner.inventory import Line
from scanner.records import Finish

_CURRENCIES = ("EUR", "GBP")
"""What Cardmarket counts in; it would read any other amount as if it were one of them."""


class Cardmarket:
    """Cardmarket's stock file: semicolons, numbers for languages, its own product numbers."""

    name = "cardmarket"
    label = "Cardmarket"
    about = "A stock file for Cardmarket; needs a catalog that knows its product numbers."
    suffix = "csv"
    media_type = "text/csv; charset=utf-8"
    adds = False
    sold_there = ""
    columns = (
        "idArticle", "idProduct", "English Name", "Local Name", "Exp.", "Exp. Name", "Language",
        "Condition", "isFoil", "isSigned", "isPlayset", "isAltered", "Comments", "Amount", "Price",
    )  # fmt: skip
    languages: ClassVar[Mapping[str, str]] = {
        "en": "1", "fr": "2", "de": "3", "es": "4", "it": "5", "zh-Hans": "6", "ja": "7",
        "pt": "8", "ru": "9", "ko": "10", "zh-Hant": "11",
    }  # fmt: skip
    conditions: ClassVar[Mapping[str, str]] = {
        "NM": "NM",
        "LP": "EX",
        "MP": "GD",
        "HP": "PL",
        "DMG": "PO",
    }

    def row(self, item: Item) -> Row | str:
        """The row of the item's article, or why it has none."""
        line = item.line
        product = line.facts.get("cardmarket_id", "").strip()
        problem = problem_of(line) or self._problem(line, product)
        if problem:
            return problem
        cells = {
            "idProduct": product,
            "English Name": line.name,
            "Exp. Name": line.set_name,
            "Language": self.languages[line.language],
            "Condition": self.conditions[line.condition],
            "isFoil": "1" if line.finish == Finish.FOIL else "",
            "Price": item.price if item.currency in _CURRENCIES else "",
        }
        return Row(json.dumps([cells[name] for name in sorted(cells) if name != "Price"]), cells)

    def _problem(self, line: Line, product: str) -> str:
        if not product.isdecimal():
            return "The catalog has no Cardmarket product number for it."
        if line.language not in self.languages:
            return f"Cardmarket has no number for {LANGUAGES.get(line.language, line.language)}."
        only = line.facts.get("finishes", "").strip().lower() == line.finish
        if line.finish not in (Finish.NORMAL, Finish.FOIL) and not only:
            return f"Cardmarket's file has no column for {FINISHES[line.finish].lower()} cards."
        return ""

    def row_of(self, key: str) -> Row:
        """Never needed: the stock is sent whole."""
        raise InventoryError(f"{self.label} takes no cards back ({key[:40]}).")

    def write(self, rows: Sequence[tuple[Row, int]]) -> bytes:
        """The file."""
        cells = ({**row.cells, "Amount": str(count)} for row, count in rows)
        return write_table(self.columns, cells, delimiter=";", quote_all=True)

    def read(self, data: bytes) -> list[ReadRow]:
        """A file read back; a card that is no foil is `normal` or what its printing is."""
        languages = {number: code for code, number in self.languages.items()}
        conditions = {word: code for code, word in self.conditions.items()}
        needed = ("idProduct", "Language", "Condition", "isFoil", "Amount")
        return [
            ReadRow(
                quantity=read_count(line, row["Amount"]),
                key=row["idProduct"],
                name=row.get("English Name"),
                set=row.get("Exp. Name"),
                finish=Finish.FOIL.value if row["isFoil"] not in ("", "0") else None,
                language=languages.get(row["Language"], ""),
                condition=conditions.get(row["Condition"], ""),
                price=row.get("Price"),
                more=only_unknown(row, self.columns),
            )
            for line, row in read_table(data, needed)
        ]
