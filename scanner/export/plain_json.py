"""The stock as it is, for programs, with each copy's place: nothing is left out. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from scanner.errors import InventoryError
from scanner.export.format import FIELDS, Item, ReadRow, Row, fields_of, identity
from scanner.inventory import Copy


class PlainJson:
    """One object for each line of the stock, with the places of its copies."""

    name = "json"
    label = "JSON"
    about = "Everything known of the stock, for other programs."
    suffix = "json"
    media_type = "application/json"
    adds = False
    sold_there = ""

    def row(self, item: Item) -> Row:
        """The item's object."""
        line = item.line
        cells = {
            **fields_of(item),
            "facts": {key: value for key, value in line.facts.items() if key[:1] != "_"},
            "price_minor": line.price_minor,
            "currency": item.currency,
            "price_of": line.basis,
            "price_as_of": line.price_as_of,
            "price_source": line.price_source,
            "copies": [_copy_json(copy) for copy in item.copies],
        }
        return Row(identity(line), cells)

    def row_of(self, key: str) -> Row:
        """Never needed: the stock is written whole."""
        raise InventoryError(f"{self.label} takes no cards back ({key[:40]}).")

    def write(self, rows: Sequence[tuple[Row, int]]) -> bytes:
        """The file."""
        lines = [{**row.cells, "quantity": count} for row, count in rows]
        whole = {"format": "counterscan-stock", "version": 1, "lines": lines}
        return (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode()

    def read(self, data: bytes) -> list[ReadRow]:
        """A file read back."""
        try:
            whole = json.loads(data)
            lines = whole["lines"]
            return [_read_json(line) for line in lines]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InventoryError("This is not a stock file of Counterscan.") from error


def _read_json(line: Mapping[str, Any]) -> ReadRow:
    known: dict[str, Any] = {name: str(line[name]) for name in FIELDS}
    return ReadRow(quantity=int(line["quantity"]), **known)


def _copy_json(copy: Copy) -> dict[str, Any]:
    return {
        "scan": copy.scan_id,
        "batch": copy.batch_id,
        "batch_name": copy.batch,
        "number_in_batch": copy.sequence,
        "bin": copy.bin,
        "position_in_bin": copy.position,
        "location": copy.location,
        "added_at": copy.added_at,
        "probability": copy.probability,
    }
