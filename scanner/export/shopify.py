"""Shopify's product file: a product for each printing, a variant for each kind of copy. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.card_facts import folded
from scanner.card_words import CONDITIONS, FINISHES, LANGUAGES
from scanner.errors import InventoryError
from scanner.export.format import Item, ReadRow, Row, identity, problem_of, split_identity
from scanner.export.table import only_unknown, read_count, read_table, write_table
from scanner.inventory import Line


class Shopify:
    """Shopify's product file: one product for each printing, one variant for each kind of copy."""

    name = "shopify"
    label = "Shopify"
    about = (
        "Products for Shopify, one for each printing, with a variant for each condition, finish "
        "and language. Quantities work for a shop with one location."
    )
    suffix = "csv"
    media_type = "text/csv; charset=utf-8"
    adds = False
    sold_there = ""
    columns = (
        "Title", "URL handle", "Description", "Vendor", "Product category", "Type", "Tags",
        "Published on online store", "Status", "SKU", "Barcode",
        "Option1 name", "Option1 value", "Option2 name", "Option2 value", "Option3 name",
        "Option3 value", "Price", "Compare-at price", "Cost per item", "Charge tax",
        "Inventory tracker", "Inventory quantity", "Continue selling when out of stock",
        "Requires shipping", "Fulfillment service", "Product image URL",
    )  # fmt: skip

    def row(self, item: Item) -> Row | str:
        """The item's variant, or why it has none."""
        line = item.line
        problem = problem_of(line)
        if problem:
            return problem
        if not item.price or not item.line.price_minor:
            return "It has no price: Shopify would give it away."
        edition = " ".join(filter(None, (line.set_name, line.number, line.variant)))
        cells = {
            "Title": f"{line.name} ({edition})" if edition else line.name,
            "URL handle": slug(line),
            "Type": "Trading card",
            "Tags": ", ".join(
                word.replace(",", " ") for word in (line.game, line.set_name) if word
            ),
            "Published on online store": "TRUE",
            "Status": "Active",
            "SKU": identity(line),
            "Option1 name": "Condition",
            "Option1 value": CONDITIONS[line.condition],
            "Option2 name": "Finish",
            "Option2 value": FINISHES[line.finish],
            "Option3 name": "Language",
            "Option3 value": LANGUAGES.get(line.language, line.language),
            "Price": item.price,
            "Charge tax": "TRUE",
            "Inventory tracker": "shopify",
            "Continue selling when out of stock": "DENY",
            "Requires shipping": "TRUE",
            "Fulfillment service": "manual",
        }
        return Row(identity(line), cells)

    def row_of(self, key: str) -> Row:
        """Never needed: the stock is sent whole."""
        raise InventoryError(f"{self.label} takes no cards back ({key[:40]}).")

    def write(self, rows: Sequence[tuple[Row, int]]) -> bytes:
        """The file; the variants of a product stand together, as Shopify wants them."""
        ordered = sorted(rows, key=lambda entry: (entry[0].cells["URL handle"], entry[0].key))
        cells = ({**row.cells, "Inventory quantity": str(count)} for row, count in ordered)
        return write_table(self.columns, cells)

    def read(self, data: bytes) -> list[ReadRow]:
        """A file read back; the SKU says what each variant is."""
        found: list[ReadRow] = []
        for line, row in read_table(data, ("Title", "SKU", "Inventory quantity")):
            quantity = read_count(line, row["Inventory quantity"])
            found.append(
                ReadRow(
                    quantity=quantity,
                    key=row["SKU"],
                    price=row.get("Price"),
                    more=only_unknown(row, self.columns),
                    **(split_identity(row["SKU"]) or {}),
                )
            )
        return found


def slug(line: Line) -> str:
    """The address of a printing's product: `demo-first-light-042-120-ember-fox-a1b2`."""
    words = (line.game, line.set, line.number, line.variant, line.name, line.card_id)
    plain = folded(" ".join(filter(None, words))).replace("'", "")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:200]
