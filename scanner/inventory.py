"""The shop's stock as people ask for it: copies, lines of equal copies, and filters. Pure.

A **copy** is one scanned card that was accepted and not removed since. A **line** is all copies
of one printing in one finish, language and condition. What nobody knows of a copy is "" (its
condition, its language) or `unknown` (its finish), and never quietly a usual value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from scanner.conditions import AnyCondition, read_condition
from scanner.errors import InventoryError
from scanner.records import Finish

REMOVED = {
    "sold": "Sold in the shop",
    "sold_tcgplayer": "Sold on TCGplayer",
    "lost": "Lost or damaged",
    "mistake": "Scanned by mistake",
}
"""Why a copy left the stock. What TCGplayer sold, it has taken off its own count already."""

NOT_SET = "-"
"""The value of a filter that asks for copies of which nobody knows the thing."""

SORTS = {
    "name": "Name",
    "set": "Set and number",
    "value": "Value, highest first",
    "price": "Price, highest first",
    "quantity": "Most copies first",
    "newest": "Newest first",
}
MAX_TEXT = 120


@dataclass(frozen=True, slots=True)
class Copy:
    """One card in stock and where it lies.

    `sequence` is its place in its batch, from 1; `bin` the sorter's bin (0: none) and `position`
    its place in that bin, from 1; `location` what a person said, else the batch's. `batch` is the
    batch's name. `removed` is why it left the stock, "" while it is there. `probability` is how
    likely its name is right, 0…1: 1 where a person said it, None where nobody can tell.
    """

    scan_id: int
    line_id: int
    batch_id: int
    batch: str
    sequence: int
    bin: int
    position: int
    location: str
    added_at: str
    removed: str
    crop_path: str
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Equal copies. `price_minor` is for one copy, None where nobody knows.

    `basis` says what the price is of: `exact`, `near mint` (of another condition than the copy's)
    or `at least` (of the cheapest finish, where the copy's is unknown). `facts` are the columns of
    the catalog's table; `crop_path` is the newest copy's picture. `price_id` is the price's row in
    the log, 0 for none.
    """

    id: int
    game: str
    card_id: str
    name: str
    set: str
    number: str
    variant: str
    finish: str
    language: str
    condition: str
    quantity: int
    price_minor: int | None
    basis: str
    price_source: str
    price_as_of: str
    added_at: str
    crop_path: str
    facts: Mapping[str, str] = field(default_factory=dict)
    price_id: int = 0

    @property
    def value_minor(self) -> int:
        """What all its copies are worth; 0 where no price is known."""
        return self.quantity * (self.price_minor or 0)

    @property
    def set_name(self) -> str:
        """The set's full name where the catalog tells it apart from its code."""
        return self.facts.get("set_name") or self.set

    @property
    def set_code(self) -> str:
        """The set's code, "" where the catalog has only a name."""
        return self.facts.get("set_code") or (self.set if "set_name" in self.facts else "")


@dataclass(frozen=True, slots=True)
class Totals:
    """What a filter finds: lines, copies, their value, and how many copies have no price."""

    lines: int
    copies: int
    value_minor: int
    unpriced: int


@dataclass(frozen=True, slots=True)
class StockFilter:
    """Which copies are meant. Every field that is set must hold; all empty means the whole stock.

    `finish`, `condition` and `language` may be `NOT_SET`. `batch` is a batch's id, `bin` a bin's
    number, prices are in minor units of the shop's currency, `added_from` and `added_to` days
    (`2026-05-31`). `removed` asks for copies that left the stock, in place of those that are there.
    `when` is a condition as in `scanner/conditions.py`.
    """

    text: str = ""
    game: str = ""
    set: str = ""
    finish: str = ""
    condition: str = ""
    language: str = ""
    batch: int = 0
    bin: int = 0
    location: str = ""
    price_from: int | None = None
    price_to: int | None = None
    added_from: str = ""
    added_to: str = ""
    removed: bool = False
    when: Mapping[str, Any] | None = None

    @property
    def rule(self) -> AnyCondition | None:
        """The condition, read. Raises ConditionError."""
        return None if self.when is None else read_condition(self.when)

    @property
    def by_copy(self) -> bool:
        """Whether some copies of a line may be meant and others not."""
        return bool(
            self.batch or self.bin or self.location or self.added_from or self.added_to
        ) or (self.removed)

    def to_json(self) -> dict[str, Any]:
        """Only what is set; `read_filter` takes it back."""
        return {key: value for key, value in asdict(self).items() if value not in ("", 0, None)}


EVERYTHING = StockFilter()
_TEXTS = {name.name for name in fields(StockFilter) if name.type == "str"}
_NUMBERS = {"batch", "bin"}
_AMOUNTS = {"price_from", "price_to"}
_DAYS = {"added_from", "added_to"}


def read_filter(values: Mapping[str, Any]) -> StockFilter:
    """A filter from a form or from JSON; what is empty counts as not given.

    Raises InventoryError, which names the field; ConditionError for `when`.
    """
    unknown = sorted(set(values) - {name.name for name in fields(StockFilter)})
    if unknown:
        raise InventoryError(f"A filter has no field {unknown[0][:40]!r}: leave it out.")
    found: dict[str, Any] = {}
    for key, value in values.items():
        if value is None or value == "":
            continue
        if key in _TEXTS:
            found[key] = _text(key, value)
        elif key in _NUMBERS | _AMOUNTS:
            found[key] = _number(key, value)
        elif key == "removed":
            found[key] = value in (True, 1, "1", "true", "on")
        else:
            found[key] = value
    made = StockFilter(**found)
    if made.rule is not None and not isinstance(made.when, Mapping):
        raise InventoryError("A filter's condition is a JSON object.")
    return made


def _text(key: str, value: object) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not isinstance(value, str) or len(text) > MAX_TEXT or not text.isprintable():
        raise InventoryError(f"The filter's {key} is a text of at most {MAX_TEXT} letters.")
    if key in _DAYS and not (len(text) == 10 and text[4] == text[7] == "-"):
        raise InventoryError(f"The filter's {key} is a day, such as 2026-05-31.")
    return text


def _number(key: str, value: object) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or len(text) > 12:
        raise InventoryError(f"The filter's {key} is a whole number.")
    return int(text)


def is_known_finish(finish: str) -> bool:
    """Whether a picture, the catalog or a person has proven the finish."""
    return finish not in ("", Finish.UNKNOWN.value)


def first_number(number: str) -> int:
    """The first run of digits of a collector number: 42 of `042/120`, `OP01-042` and `TG42`.

    A set's own digits, before a dash, are passed over; 0 where there is none.
    """
    own = number.rpartition("-")[2] if "-" in number else number
    digits = ""
    for sign in own:
        if sign.isdecimal() and sign.isascii():
            digits += sign
        elif digits:
            break
    return int(digits[:9]) if digits else 0
