"""What a file format offers, and the records that pass between formats and plans. Pure.

A **row** is one line of a file without its quantity; rows with the same `key` are one line. The
key is what the other end knows the thing by: TCGplayer's SKU, a product's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from scanner.inventory import Copy, Line, is_known_finish
from scanner.inventory_catalog import SHARED_NUMBER
from scanner.prices import Money

FIELDS = (
    "game", "card_id", "name", "set", "number", "variant", "finish", "language", "condition",
)  # fmt: skip
"""What a line of the stock is, by the names of its fields."""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the stock with those of its copies that are meant, and the shop's currency."""

    line: Line
    copies: tuple[Copy, ...]
    currency: str

    @property
    def price(self) -> str:
        """What one copy is worth, `12.40`; "" where nobody knows."""
        if self.line.price_minor is None:
            return ""
        return str(Money(self.line.price_minor, self.currency)).split()[0]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file but for its quantity. `hold` says why no copy may be added yet."""

    key: str
    cells: Mapping[str, Any]
    hold: str = ""


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One line of a file read back; None and "" where the format does not say.

    `more` holds the columns that this file has and the format does not know.
    """

    quantity: int
    key: str = ""
    game: str | None = None
    card_id: str | None = None
    name: str | None = None
    set: str | None = None
    number: str | None = None
    variant: str | None = None
    finish: str | None = None
    language: str | None = None
    condition: str | None = None
    price: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)


class Format(Protocol):
    """One file format.

    `adds` says that its quantities are added to what the other end has, so that a copy must go out
    once only. `sold_there` is the reason of `inventory.REMOVED` with which a copy left because the
    other end sold it, and so has counted it off itself.
    """

    name: str
    label: str
    about: str
    suffix: str
    media_type: str
    adds: bool
    sold_there: str

    def row(self, item: Item) -> Row | str:
        """The item's row, or the sentence that says why it can't be mapped."""
        ...

    def row_of(self, key: str) -> Row:
        """The row of a key of which no copy is in stock any more."""
        ...

    def write(self, rows: Sequence[tuple[Row, int]]) -> bytes:
        """The file."""
        ...

    def read(self, data: bytes) -> list[ReadRow]:
        """A file read back. Raises InventoryError, which names the line."""
        ...


NOT_KNOWN = {
    "finish": "Its finish is not proven: set it in the inventory first.",
    "condition": "It has no condition: set one in the inventory first.",
    "language": "It has no language: set one in the inventory first.",
}
"""What a card must be known to be before it can be sold, and what to do where it is not."""


def problem_of(line: Line) -> str:
    """Why nobody can tell what this card is to be sold as; "" where everything is known."""
    if not is_known_finish(line.finish):
        return NOT_KNOWN["finish"]
    if not line.condition:
        return NOT_KNOWN["condition"]
    return "" if line.language else NOT_KNOWN["language"]


def is_told_apart(line: Line) -> bool:
    """Whether set and number alone name this printing, as far as the catalog knows.

    Without a catalog nobody knows, so that a variant then counts as one that must be named.
    """
    if SHARED_NUMBER in line.facts:
        return False
    return bool(line.facts) or not line.variant


def fields_of(item: Item) -> dict[str, Any]:
    """What the item's line is, by `FIELDS`."""
    return {name: getattr(item.line, name) for name in FIELDS}


def bare_number(number: str) -> str:
    """A collector number as lists write it: `42` of `042/120`; others as they are."""
    own = number.partition("/")[0].strip()
    return own.lstrip("0") or own if own.isdecimal() else own


def identity(line: Line) -> str:
    """Names a line for good, whatever its row ids are: `demo:fox:foil:en:NM`."""
    return ":".join((line.game, line.card_id, line.finish, line.language, line.condition))


def split_identity(text: str) -> dict[str, str] | None:
    """What `identity` put together; None for a text that it did not make."""
    game, colon, rest = text.partition(":")
    parts = rest.rsplit(":", 3)
    if not colon or len(parts) != 4:
        return None
    names = ("card_id", "finish", "language", "condition")
    return {"game": game, **dict(zip(names, parts, strict=True))}
