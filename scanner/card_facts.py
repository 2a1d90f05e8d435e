"""Everything known about one card in front of the machine: what conditions are asked about."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from scanner.records import Finish

# The tables of the games name one thing differently; the first column that a table has counts.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "set_name": ("set_name",),
    "rarity": ("rarity",),
    "types": ("type", "types", "card_type", "kind", "type_line", "category", "supertype"),
    "colours": ("colour", "color", "colours", "colors", "faction", "attribute", "element"),
    "language": ("language", "lang"),
}
KNOWN_COLUMNS = frozenset(name for names in _COLUMNS.values() for name in names)


@dataclass(frozen=True, slots=True)
class PriceRange:
    """What the card is worth at least and at most, in minor units of `currency`.

    Both are the same once its finish is known, or where that makes no difference. `condition` is
    the one that the prices are for, empty where the source does not say. `source` says so, as of
    `as_of` (UTC, to the second; the oldest of several).
    """

    low_minor: int
    high_minor: int
    currency: str
    condition: str = ""
    source: str = field(default="", compare=False)
    as_of: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class CardFacts:
    """One card. None means that nobody knows, and never stands for a usual value.

    `decision` and `confidence_percent` (0…100) are the recogniser's: the probability that its
    answer is right; of scans from before that was kept, how alike the card and its picture are.
    `types` and `colours` may be empty: a card known to have none. `copies_seen` counts the cards of
    the same printing and finish that came before it in the batch. `lists` are the shop's lists that
    the card is on, `alerts` the alerts that it sets off, `more` every other column of the catalog's
    table.
    """

    decision: str = "unknown"
    confidence_percent: float = 0.0
    card_id: str = ""
    game: str | None = None
    set: str | None = None
    set_name: str | None = None
    number: str | None = None
    name: str | None = None
    variant: str | None = None
    rarity: str | None = None
    types: tuple[str, ...] | None = None
    colours: tuple[str, ...] | None = None
    finish: str | None = None
    language: str | None = None
    condition: str | None = None
    price: PriceRange | None = None
    copies_seen: int | None = None
    batch: str | None = None
    bin: int | None = None
    lists: frozenset[str] = frozenset()
    alerts: frozenset[str] = frozenset()
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def copy_key(self) -> tuple[str, str, str]:
        """Two cards with the same key are copies of one another."""
        return self.game or "", self.card_id, self.finish or Finish.UNKNOWN.value


def columns_of(facts: Mapping[str, str]) -> dict[str, object]:
    """The fields of `CardFacts` that a catalog's columns fill: rarity, types, colours and so on.

    Several types or colours in one cell are separated by `|`, `/`, `,` or `;`.
    """
    found: dict[str, object] = {}
    for name, columns in _COLUMNS.items():
        value = next((facts[column] for column in columns if column in facts), None)
        if value is None:
            continue
        if name in ("types", "colours"):
            found[name] = split_values(value)
        elif value:
            found[name] = value
    found["more"] = {key: value for key, value in facts.items() if key not in KNOWN_COLUMNS}
    return found


def split_values(text: str) -> tuple[str, ...]:
    """The values of a cell that may hold several."""
    for separator in ("/", ",", ";"):
        text = text.replace(separator, "|")
    return tuple(dict.fromkeys(part.strip() for part in text.split("|") if part.strip()))


def folded(text: str) -> str:
    """The text as people compare it: without capitals, accents and doubled spaces."""
    plain = unicodedata.normalize("NFKD", text)
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(bare.casefold().split())


def on_lists(card: CardFacts, lists: Mapping[str, Set[str]]) -> frozenset[str]:
    """The names of the lists that a card is on: by its name, its id, or its set and number.

    `lists` hold folded entries.
    """
    words = {folded(card.name or ""), folded(card.card_id), folded(f"{card.set} {card.number}")}
    return frozenset(name for name, entries in lists.items() if words & entries)


def first_letters(name: str) -> str:
    """The name as it is filed: folded, from its first letter or digit on."""
    plain = folded(name)
    start = next((place for place, sign in enumerate(plain) if sign.isalnum()), 0)
    return plain[start:]
