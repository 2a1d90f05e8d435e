"""A shop's alert rules: which cards, and what must happen to them. Read, checked, worded. Pure.

A rule's cards are a condition (`scanner/conditions.py`); its cause is that the scanner sees such a
card, that its price lies above or below an amount or has moved, or that sources disagree. Device
and cloud hold the same rules: the device judges cards as they are scanned, the cloud judges prices
as they change. Whether prices meet a rule says `scanner/alerts_judge.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from scanner.conditions import (
    EVERY_CARD,
    AnyOf,
    Condition,
    check_size,
    problems_of,
    write_condition,
)
from scanner.conditions_judge import fields_asked
from scanner.conditions_words import describe
from scanner.errors import ConditionError
from scanner.prices import Money, read_money

MAX_NAME = 60
MAX_ALERT_RULES = 100
LONGEST_DAYS = 90
MOST_PERCENT = 10_000.0
MOST_BEEPS = 5

LampColour = Literal["purple", "white", "cyan"]
Direction = Literal["either", "up", "down"]


class Cause(StrEnum):
    """What must happen to one of a rule's cards."""

    SEEN = "seen"
    ABOVE = "above"
    BELOW = "below"
    CHANGED = "changed"
    DISAGREE = "disagree"


CAUSE_WORDS: Mapping[Cause, str] = {
    Cause.SEEN: "the scanner sees it",
    Cause.ABOVE: "its price is more than",
    Cause.BELOW: "its price is less than",
    Cause.CHANGED: "its price has changed by at least",
    Cause.DISAGREE: "sources disagree about its price by more than",
}
_WITH_AMOUNT = frozenset({Cause.ABOVE, Cause.BELOW})
_WITH_PERCENT = frozenset({Cause.CHANGED, Cause.DISAGREE})
_CIRCULAR = frozenset({"alert", "alerts"})


class AlertRule(BaseModel):
    """One rule. `amount` is money as a person writes it, `2.50 EUR`, for above and below.

    `percent` is for changed (over `days`) and for disagree. `only_scanned` leaves out printings
    that no scanner of the shop has seen. `colour` and `beeps` are what lamp and buzzer say when a
    card sets it off.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=MAX_NAME)
    cards: Condition = EVERY_CARD
    cause: Cause = Cause.SEEN
    amount: str = Field("", max_length=40)
    percent: float = Field(0.0, ge=0, le=MOST_PERCENT, allow_inf_nan=False)
    days: int = Field(7, ge=1, le=LONGEST_DAYS)
    direction: Direction = "either"
    only_scanned: bool = True
    colour: LampColour = "purple"
    beeps: int = Field(2, ge=0, le=MOST_BEEPS)
    on: bool = True

    @field_validator("name")
    @classmethod
    def _is_one_line(cls, name: str) -> str:
        line = " ".join(name.split())
        if not line or not line.isprintable():
            raise ValueError("write the name in one line of plain text")
        return line

    @model_validator(mode="after")
    def _fits_together(self) -> AlertRule:
        if fields_asked(self.cards) & _CIRCULAR:
            raise ValueError("an alert can't ask about alerts; ask about the card")
        if self.cause in _WITH_AMOUNT:
            read_money(self.amount)
        elif self.amount:
            raise ValueError(f"an amount has no meaning where {CAUSE_WORDS[self.cause]}")
        if self.cause in _WITH_PERCENT and self.percent <= 0:
            raise ValueError("say by how many percent, such as 20")
        return self

    @property
    def money(self) -> Money:
        """The amount that a price is compared with; only where the cause is about one."""
        return read_money(self.amount)

    @property
    def asks_prices(self) -> bool:
        """Whether anything but the card itself is looked at."""
        return self.cause is not Cause.SEEN

    @property
    def fingerprint(self) -> str:
        """Names what the rule says: the same rule on two devices has the same."""
        text = json.dumps(write_alert(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def words(self) -> str:
        """The rule in plain English, without its name."""
        cards = describe(self.cards)
        if cards == "every card":
            return f"Any card, when {self._cause_in_words()}."
        several = isinstance(self.cards, AnyOf) and len(self.cards.parts) > 1
        return f"When {f'({cards})' if several else cards} and {self._cause_in_words()}."

    def _cause_in_words(self) -> str:
        words = CAUSE_WORDS[self.cause]
        match self.cause:
            case Cause.SEEN:
                return words
            case Cause.ABOVE | Cause.BELOW:
                return f"{words} {self.money}"
            case Cause.DISAGREE:
                return f"{words} {self.percent:g}%"
        how = {"either": "changed", "up": "risen", "down": "fallen"}[self.direction]
        days = "a day" if self.days == 1 else f"{self.days} days"
        return f"{words.replace('changed', how)} {self.percent:g}% in {days}"


@dataclass(frozen=True, slots=True)
class HeldRule:
    """A rule that holds on a scanner: its own, or, with a `key`, one of all scanners."""

    rule: AlertRule
    key: str = ""

    @property
    def id(self) -> str:
        """Tells it from every other rule here; two may have one name where both came from afar."""
        return self.key or self.rule.name


def read_alert(value: object, name: str = "") -> AlertRule:
    """The rule that a JSON value stands for; a condition alone is about cards that are scanned.

    Raises ConditionError, which names the place.
    """
    check_size(value)
    if isinstance(value, Mapping) and "name" not in value and name:
        value = {"name": name, **(value if "cause" in value else {"cards": value})}
    try:
        return AlertRule.model_validate(value)
    except ValidationError as error:
        raise ConditionError("; ".join(problems_of(error))) from None


def write_alert(rule: AlertRule) -> dict[str, Any]:
    """The JSON of a rule; `read_alert` takes it back."""
    content = rule.model_dump(mode="json", exclude={"cards"})
    return content | {"cards": write_condition(rule.cards)}
