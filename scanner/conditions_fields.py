"""What a condition may ask about: each field, its kind, and which comparisons go with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from scanner.card_facts import CardFacts, PriceRange

Value = tuple[str, ...] | float | PriceRange | None
"""What a field holds of one card; None when nobody knows."""

MORE = "fact:"
"""`fact:artist` asks about the column `artist` of the catalog's table."""


class Kind(StrEnum):
    """What a field holds: words to compare, a number, an amount of money."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"


class Op(StrEnum):
    """How a field is compared with a value."""

    IS = "is"
    IS_NOT = "is_not"
    ONE_OF = "one_of"
    NONE_OF = "none_of"
    CONTAINS = "contains"
    BEGINS_WITH = "begins_with"
    LETTERS = "letters"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    ABOVE = "above"
    BELOW = "below"
    BETWEEN = "between"
    KNOWN = "known"
    UNKNOWN = "unknown"


_KNOWN = (Op.KNOWN, Op.UNKNOWN)
_ORDERED = (Op.AT_LEAST, Op.AT_MOST, Op.ABOVE, Op.BELOW, Op.BETWEEN)
_WORDS = (Op.IS, Op.IS_NOT, Op.ONE_OF, Op.NONE_OF)
OPS: Mapping[Kind, tuple[Op, ...]] = {
    Kind.TEXT: (*_WORDS, Op.CONTAINS, Op.BEGINS_WITH, Op.LETTERS, *_KNOWN),
    Kind.NUMBER: (Op.IS, Op.IS_NOT, *_ORDERED, *_KNOWN),
    Kind.MONEY: (*_ORDERED, *_KNOWN),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to ask about. `label` is the clerk's word for it, `unit` stands after its numbers.

    `choices` are the only words that it can hold, empty where any word may stand.
    """

    name: str
    label: str
    kind: Kind
    read: Callable[[CardFacts], Value]
    choices: tuple[str, ...] = ()
    unit: str = ""

    @property
    def ops(self) -> tuple[Op, ...]:
        """The comparisons that make sense of it."""
        return (*_WORDS, *_KNOWN) if self.choices else OPS[self.kind]


def _one(value: str | None) -> Value:
    return None if value is None else (value,)


def _sets(card: CardFacts) -> Value:
    """By its code or by its name: people use both."""
    if card.set is None:
        return None
    return (card.set,) if not card.set_name else (card.set, card.set_name)


def _number(value: int | None) -> Value:
    return None if value is None else float(value)


FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field("game", "game", Kind.TEXT, lambda card: _one(card.game)),
        Field("set", "set", Kind.TEXT, _sets),
        Field("name", "name", Kind.TEXT, lambda card: _one(card.name)),
        Field("number", "number", Kind.TEXT, lambda card: _one(card.number)),
        Field("variant", "variant", Kind.TEXT, lambda card: _one(card.variant)),
        Field("rarity", "rarity", Kind.TEXT, lambda card: _one(card.rarity)),
        Field("type", "type", Kind.TEXT, lambda card: card.types),
        Field("colour", "colour", Kind.TEXT, lambda card: card.colours),
        Field(
            "colours",
            "number of colours",
            Kind.NUMBER,
            lambda card: None if card.colours is None else float(len(card.colours)),
        ),
        Field("price", "price", Kind.MONEY, lambda card: card.price),
        Field(
            "finish",
            "finish",
            Kind.TEXT,
            lambda card: _one(card.finish),
            ("normal", "holo", "reverse", "foil"),
        ),
        Field("language", "language", Kind.TEXT, lambda card: _one(card.language)),
        Field(
            "condition",
            "condition",
            Kind.TEXT,
            lambda card: _one(card.condition),
            ("NM", "LP", "MP", "HP", "DMG"),
        ),
        Field(
            "decision",
            "answer",
            Kind.TEXT,
            lambda card: (card.decision,),
            ("accepted", "review", "unknown"),
        ),
        Field(
            "confidence",
            "confidence",
            Kind.NUMBER,
            lambda card: card.confidence_percent,
            unit="%",
        ),
        Field("copies_seen", "copies seen before", Kind.NUMBER, lambda c: _number(c.copies_seen)),
        Field("list", "list", Kind.TEXT, lambda card: tuple(sorted(card.lists))),
        Field("alert", "alert", Kind.TEXT, lambda card: tuple(sorted(card.alerts))),
        Field("alerts", "number of alerts", Kind.NUMBER, lambda card: float(len(card.alerts))),
        Field("batch", "batch", Kind.TEXT, lambda card: _one(card.batch)),
        Field("bin", "bin", Kind.NUMBER, lambda card: _number(card.bin)),
    )
}
"""Every field by its name, in the order in which a form offers them."""


def field_of(name: str) -> Field | None:
    """The field of this name; `fact:COLUMN` is a column of the catalog's table."""
    column = name.removeprefix(MORE)
    if column == name:
        return FIELDS.get(name)
    if not column or len(column) > 60 or not column.isprintable():
        return None
    return Field(name, column, Kind.TEXT, lambda card: _one(card.more.get(column)))
