"""Numbers in addresses: those that a row may have, so that no database is asked for others."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

LARGEST = 2**63 - 1


class RowNumber(IntegerConverter):
    """`<int:ID>` as Flask has it, of 64 bits; at an address with a longer one there is nothing."""

    regex = r"\d{1,19}"

    def __init__(
        self,
        map: Map,  # noqa: A002 - werkzeug's own name
        fixed_digits: int = 0,
        min: int | None = None,  # noqa: A002
        max: int | None = LARGEST,  # noqa: A002
        signed: bool = False,
    ) -> None:
        super().__init__(map, fixed_digits, min, max, signed)


def bound_numbers(app: Flask) -> None:
    """Let every `<int:…>` of the routes that come now be a row's number."""
    app.url_map.converters["int"] = RowNumber
