"""A shop's sort rules: what is written on the page, kept as JSON, and read by the feed loop."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from scanner.conditions import (
    EVERY_CARD,
    Condition,
    check_size,
    problems_of,
    write_condition,
)
from scanner.conditions_words import describe
from scanner.config_machine import MOST_BINS
from scanner.errors import ConditionError

MAX_RULES = 100
MAX_NAME = 60

UNIDENTIFIED = "Unidentified"
UNCLEAR = "Not enough known"
REST = "All other cards"
_RESERVED = frozenset(name.casefold() for name in (UNIDENTIFIED, UNCLEAR, REST))


class Each(StrEnum):
    """What a rule with dynamic bins sorts by: the first values seen get a bin each."""

    SET = "set"
    GAME = "game"
    LETTER = "letter"
    RARITY = "rarity"
    TYPE = "type"
    COLOUR = "colour"
    FINISH = "finish"
    LANGUAGE = "language"


EACH_WORDS = {
    Each.SET: "set",
    Each.GAME: "game",
    Each.LETTER: "first letter",
    Each.RARITY: "rarity",
    Each.TYPE: "type",
    Each.COLOUR: "colour",
    Each.FINISH: "finish",
    Each.LANGUAGE: "language",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bin(_Part):
    """One bin. `most_cards` and `most_copies` (of one printing) are 0 where there is no limit."""

    number: int = Field(ge=1, le=MOST_BINS)
    name: str = Field("", max_length=MAX_NAME)
    most_cards: int = Field(0, ge=0, le=100_000)
    most_copies: int = Field(0, ge=0, le=100_000)

    _name_is_one_line = field_validator("name")(lambda text: _one_line(text))


class Rule(_Part):
    """The cards that `when` holds for go to `bins`, which are filled one after another.

    With `each`, every new value gets the next free bin of `bins` and keeps it. When its bins are
    full, the rule lets a card `wait` until one is emptied, or leaves it to the `next` rule.
    """

    name: str = Field(min_length=1, max_length=MAX_NAME)
    when: Condition = EVERY_CARD
    bins: tuple[int, ...] = Field(min_length=1, max_length=MOST_BINS)
    each: Each | None = None
    when_full: Literal["wait", "next"] = "wait"
    on: bool = True

    @field_validator("name")
    @classmethod
    def _may_be_called_so(cls, name: str) -> str:
        if _one_line(name).casefold() in _RESERVED:
            raise ValueError(f"{name!r} is what the machine calls its own rule; choose another")
        return _one_line(name)

    @field_validator("bins")
    @classmethod
    def _bins_that_exist(cls, bins: tuple[int, ...]) -> tuple[int, ...]:
        if any(not 1 <= number <= MOST_BINS for number in bins):
            raise ValueError(f"bins are numbered from 1 to {MOST_BINS}")
        if len(set(bins)) < len(bins):
            raise ValueError("a bin is named twice; name it once")
        return bins

    @property
    def words(self) -> str:
        """The rule in plain English, without its name."""
        cards = describe(self.when)
        subject = "Every card" if cards == "every card" else f"If {cards}"
        if self.each is not None:
            place = f"{bins_in_words(self)}, one for each {EACH_WORDS[self.each]}"
        elif len(self.bins) > 1:
            place = f"{bins_in_words(self)}, one after another"
        else:
            place = bins_in_words(self)
        return f"{subject}: {place}."


class RuleSet(_Part):
    """Rules in the order in which they are asked; the first that holds takes the card.

    Cards that nobody could identify go to `unidentified_bin`, unless a rule asks about the answer
    or the confidence; so do those in review, unless `review` is `sort`. So do cards of which too
    little is known to say whether a rule takes them, unless `unclear` is `next`: a card without a
    known price is not bulk. What no rule takes goes to `rest_bin`, 0 for the unidentified bin.
    """

    name: str = Field(min_length=1, max_length=MAX_NAME)
    rules: tuple[Rule, ...] = Field((), max_length=MAX_RULES)
    bins: tuple[Bin, ...] = Field((), max_length=MOST_BINS)
    unidentified_bin: int = Field(ge=1, le=MOST_BINS)
    rest_bin: int = Field(0, ge=0, le=MOST_BINS)
    review: Literal["unidentified", "sort"] = "unidentified"
    unclear: Literal["unidentified", "next"] = "unidentified"

    _name_is_one_line = field_validator("name")(lambda text: _one_line(text))

    @model_validator(mode="after")
    def _fits_together(self) -> RuleSet:
        names = Counter(rule.name.casefold() for rule in self.rules)
        double = next((rule.name for rule in self.rules if names[rule.name.casefold()] > 1), None)
        if double is not None:
            raise ValueError(f"two rules are called {double!r}; give each its own name")
        if len({each.number for each in self.bins}) < len(self.bins):
            raise ValueError("a bin is described twice; describe it once")
        return self

    @property
    def highest_bin(self) -> int:
        """How many bins a machine needs for these rules."""
        used = [number for rule in self.rules if rule.on for number in rule.bins]
        return max(self.unidentified_bin, self.rest_bin, *used, 1)

    @property
    def limits(self) -> dict[int, Bin]:
        """What is said of each bin, by its number."""
        return {each.number: each for each in self.bins}


def read_rules(value: object) -> RuleSet:
    """The rule set that a JSON value stands for. Raises ConditionError, which names the place."""
    check_size(value)
    try:
        return RuleSet.model_validate(value)
    except ValidationError as error:
        raise ConditionError("; ".join(problems_of(error))) from None


def write_rules(rules: RuleSet) -> dict[str, Any]:
    """The JSON of a rule set; `read_rules` takes it back."""
    content = rules.model_dump(mode="json", exclude={"rules"})
    content["rules"] = [
        rule.model_dump(mode="json", exclude={"when"}) | {"when": write_condition(rule.when)}
        for rule in rules.rules
    ]
    return content


def bins_in_words(rule: Rule) -> str:
    """`bin 3`, `bins 1 to 4` or `bins 1, 3, 6`."""
    numbers = rule.bins
    if len(numbers) == 1:
        return f"bin {numbers[0]}"
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"bins {numbers[0]} to {numbers[-1]}"
    return f"bins {', '.join(map(str, numbers))}"


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    if not line.isprintable():
        raise ValueError("write the name in one line of plain text")
    return line
