"""What the shop would pay for a lot: by rules on price, finish and condition. Pure.

Amounts are integers in minor units. A card whose price or finish nobody knows is not offered for as
if it were normal: it is put aside for a person, and the total says that it is without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from scanner.card_facts import CardFacts, PriceRange
from scanner.card_words import CONDITIONS
from scanner.conditions import EVERY_CARD, Condition, check_size, problems_of, write_condition
from scanner.conditions_judge import judge, open_questions
from scanner.conditions_words import describe
from scanner.errors import ConditionError
from scanner.prices import Money, read_money

OFFER = "offer"
MAX_RULES = 60
NO_RULE = "No rule"
USUAL_FACTORS = {"NM": 100, "LP": 85, "MP": 65, "HP": 45, "DMG": 20}


class Status(StrEnum):
    """What becomes of one card of the lot."""

    OFFERED = "offered"
    NOT_BOUGHT = "not bought"
    LOOK = "look"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OfferRule(_Part):
    """What is paid for the cards that `when` holds for.

    A share of their price in percent, or `cash_each` and `credit_each` (`0.05 EUR`) whatever they
    are worth; with `buy` false the shop does not want them.
    """

    name: str = Field(min_length=1, max_length=60)
    when: Condition = EVERY_CARD
    buy: bool = True
    cash_percent: int = Field(0, ge=0, le=150)
    credit_percent: int = Field(0, ge=0, le=200)
    cash_each: str = ""
    credit_each: str = ""

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        line = " ".join(name.split())
        if not line.isprintable():
            raise ValueError("write the name in one line of plain text")
        return line

    @model_validator(mode="after")
    def _one_way_to_pay(self) -> OfferRule:
        if bool(self.cash_each) != bool(self.credit_each):
            raise ValueError("give both cash_each and credit_each, or neither")
        if self.cash_each:
            if self.cash_percent or self.credit_percent:
                raise ValueError("give percents or amounts for each card, not both")
            if read_money(self.cash_each).currency != read_money(self.credit_each).currency:
                raise ValueError("cash_each and credit_each must have the same currency")
        return self

    @property
    def words(self) -> str:
        """The rule in plain English, without its name."""
        cards = describe(self.when)
        subject = "Every card" if cards == "every card" else f"If {cards}"
        if not self.buy:
            return f"{subject}: not bought."
        if self.cash_each:
            cash, credit = read_money(self.cash_each), read_money(self.credit_each)
            return f"{subject}: {cash} in cash or {credit} in credit each."
        return f"{subject}: {self.cash_percent}% in cash or {self.credit_percent}% in credit."


class OfferRules(_Part):
    """How the shop buys. The first rule that holds sets the offer; without one it does not buy.

    `factors` are percents of the price by condition, used where a price is for near mint. A card
    whose condition nobody said is taken for `assume_condition`, "" to have a person look.
    `unknown_finish` is `look`, or `lowest` to offer for the cheapest finish it may be. Each offer
    is rounded down to a multiple of `round_to_minor`.
    """

    name: str = Field("Buying", min_length=1, max_length=60)
    rules: tuple[OfferRule, ...] = Field((), max_length=MAX_RULES)
    factors: dict[str, int] = Field(default_factory=lambda: dict(USUAL_FACTORS))
    assume_condition: str = "NM"
    unknown_finish: Literal["look", "lowest"] = "look"
    round_to_minor: int = Field(1, ge=1, le=10_000)

    @field_validator("factors")
    @classmethod
    def _a_factor_for_each(cls, factors: dict[str, int]) -> dict[str, int]:
        if set(factors) != set(CONDITIONS) or any(not 0 <= f <= 100 for f in factors.values()):
            raise ValueError(f"give a percent from 0 to 100 for each of {', '.join(CONDITIONS)}")
        return factors

    @field_validator("assume_condition")
    @classmethod
    def _a_condition(cls, condition: str) -> str:
        if condition and condition not in CONDITIONS:
            raise ValueError(f"a condition is one of {', '.join(CONDITIONS)}, or empty")
        return condition

    @model_validator(mode="after")
    def _own_names(self) -> OfferRules:
        names = [rule.name.casefold() for rule in self.rules]
        if len(set(names)) < len(names):
            raise ValueError("two rules have the same name; give each its own")
        return self


@dataclass(frozen=True, slots=True)
class OfferLine:
    """One card of the lot: what is offered for it, by which rule and why."""

    scan_id: int
    card: CardFacts
    status: Status
    rule: str
    why: str
    cash_minor: int = 0
    credit_minor: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """The lot. The totals are of the offered cards alone; `look` counts those put aside."""

    lines: tuple[OfferLine, ...]
    currency: str

    @property
    def cash(self) -> Money:
        """What the shop pays in cash."""
        return Money(sum(line.cash_minor for line in self.lines), self.currency)

    @property
    def credit(self) -> Money:
        """What it gives in store credit."""
        return Money(sum(line.credit_minor for line in self.lines), self.currency)

    def count(self, status: Status) -> int:
        """How many cards there are of this status."""
        return sum(line.status is status for line in self.lines)


def read_offer_rules(value: object) -> OfferRules:
    """The rules that a JSON value stands for. Raises ConditionError, which names the place."""
    check_size(value)
    try:
        return OfferRules.model_validate(value)
    except ValidationError as error:
        raise ConditionError("; ".join(problems_of(error))) from None


def write_offer_rules(rules: OfferRules) -> dict[str, Any]:
    """The JSON of the rules; `read_offer_rules` takes it back."""
    content = rules.model_dump(mode="json", exclude={"rules"})
    content["rules"] = [
        rule.model_dump(mode="json", exclude={"when"}) | {"when": write_condition(rule.when)}
        for rule in rules.rules
    ]
    return content


def usual_offer_rules(currency: str) -> OfferRules:
    """What many shops begin with: the dearer the card, the larger the share."""

    def band(limit_minor: int, cash: int, credit: int) -> dict[str, Any]:
        limit = str(Money(limit_minor, currency))
        test = {"field": "price", "op": "at_least", "value": limit}
        shares = {"cash_percent": cash, "credit_percent": credit}
        return {"name": f"From {limit}", "when": test, **shares}

    bulk = {
        "name": "Bulk",
        "when": {"field": "price", "op": "known"},
        "cash_each": str(Money(1, currency)),
        "credit_each": str(Money(2, currency)),
    }
    bands = [band(20_00, 60, 75), band(5_00, 50, 65), band(1_00, 40, 55), band(25, 25, 35)]
    return read_offer_rules({"rules": [*bands, bulk]})


def make_offer(cards: Iterable[tuple[int, CardFacts]], rules: OfferRules, currency: str) -> Offer:
    """The offer for a lot: scans with their cards, in order; copies are counted as they come."""
    seen: dict[tuple[str, str, str], int] = {}
    lines = []
    for scan_id, card in cards:
        known = card
        if card.card_id:
            known = replace(card, copies_seen=seen.get(card.copy_key, 0))
            seen[card.copy_key] = seen.get(card.copy_key, 0) + 1
        lines.append(offer_for(scan_id, known, rules, currency))
    return Offer(tuple(lines), currency)


def offer_for(scan_id: int, card: CardFacts, rules: OfferRules, currency: str) -> OfferLine:
    """What is offered for one card."""

    def look(why: str, rule: str = "") -> OfferLine:
        return OfferLine(scan_id, card, Status.LOOK, rule, why)

    if card.decision != "accepted":
        return look("A person must say which card this is.")
    assumed = ""
    if card.condition is None:
        if not rules.assume_condition:
            return look("Condition not known.")
        card = replace(card, condition=rules.assume_condition)
        assumed = f" Taken for {CONDITIONS[rules.assume_condition].lower()}."
    price = card.price
    if price is not None and price.low_minor != price.high_minor:
        if rules.unknown_finish == "look":
            low, high = (Money(m, price.currency) for m in (price.low_minor, price.high_minor))
            return look(f"Finish not known: it is worth from {low} to {high}.")
        price = replace(price, high_minor=price.low_minor)
        card = replace(card, price=price)
        assumed += " Taken for the cheapest finish."
    for rule in rules.rules:
        answer = judge(rule.when, card)
        if answer is None:
            labels = " and ".join(open_questions(rule.when, card))
            return look(f"{labels[:1].upper()}{labels[1:]} not known.", rule.name)
        if answer:
            return _by_rule(scan_id, card, rule, rules, currency, assumed)
    return OfferLine(scan_id, card, Status.NOT_BOUGHT, NO_RULE, "No rule buys this card.")


def _by_rule(
    scan_id: int, card: CardFacts, rule: OfferRule, rules: OfferRules, currency: str, assumed: str
) -> OfferLine:
    if not rule.buy:
        return OfferLine(scan_id, card, Status.NOT_BOUGHT, rule.name, rule.words)
    if rule.cash_each:
        cash, credit = read_money(rule.cash_each), read_money(rule.credit_each)
        if cash.currency != currency:
            why = f"The rule pays in {cash.currency}, the shop counts in {currency}."
            return OfferLine(scan_id, card, Status.LOOK, rule.name, why)
        why = f"{cash} in cash each.{assumed}"
        return OfferLine(
            scan_id, card, Status.OFFERED, rule.name, why, cash.amount_minor, credit.amount_minor
        )
    if card.price is None or card.price.currency != currency:
        return OfferLine(scan_id, card, Status.LOOK, rule.name, "Price not known.")
    factor = _factor(card.price, card.condition or "", rules)
    cash_minor, credit_minor = (
        _share(card.price.low_minor, factor, percent, rules.round_to_minor)
        for percent in (rule.cash_percent, rule.credit_percent)
    )
    worn = f", {factor}% for {card.condition}" if factor != 100 else ""
    price = Money(card.price.low_minor, currency)
    told = f" ({card.price.source}, {card.price.as_of[:10]})" if card.price.source else ""
    why = f"{rule.cash_percent}% of {price}{told}{worn}.{assumed}"
    return OfferLine(scan_id, card, Status.OFFERED, rule.name, why, cash_minor, credit_minor)


def _factor(price: PriceRange, condition: str, rules: OfferRules) -> int:
    """The percent for the condition; 100 where the price is for that condition already."""
    return 100 if price.condition == condition else rules.factors[condition]


def _share(price_minor: int, factor: int, percent: int, round_to_minor: int) -> int:
    """A share of a price, rounded down to what the shop pays in; whole numbers throughout."""
    return price_minor * factor * percent // (100 * 100 * round_to_minor) * round_to_minor
