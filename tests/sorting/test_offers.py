"""What the shop would pay: shares and rounding in whole cents, and never a guess."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scanner.card_facts import CardFacts, PriceRange
from scanner.errors import ConditionError
from scanner.offers import (
    Offer,
    OfferLine,
    OfferRules,
    Status,
    make_offer,
    read_offer_rules,
    usual_offer_rules,
    write_offer_rules,
)
from scanner.prices import Money
from tests.sorting.cards import CARD, DEAR, FOIL, STRANGER

SHARE = {"name": "All", "cash_percent": 50, "credit_percent": 70}


def rules_of(*rules: dict[str, Any], **more: Any) -> OfferRules:
    return read_offer_rules({"rules": list(rules), **more})


def worth(cents: int, condition: str | None = "NM", priced_as: str = "NM") -> CardFacts:
    return replace(CARD, condition=condition, price=PriceRange(cents, cents, "EUR", priced_as))


def offer(rules: OfferRules, *cards: CardFacts) -> Offer:
    return make_offer(enumerate(cards, 1), rules, "EUR")


def line(rules: OfferRules, card: CardFacts) -> OfferLine:
    return offer(rules, card).lines[0]


def test_a_lot_is_added_up_in_cash_and_credit() -> None:
    lot = offer(rules_of(SHARE), worth(1001), worth(333), STRANGER)
    assert [(each.cash_minor, each.credit_minor) for each in lot.lines] == [
        (500, 700),
        (166, 233),
        (0, 0),
    ]
    assert (lot.cash, lot.credit) == (Money(666, "EUR"), Money(933, "EUR"))
    assert (lot.count(Status.OFFERED), lot.count(Status.LOOK)) == (2, 1)
    assert lot.lines[0].why == "50% of 10.01 EUR."
    assert lot.lines[2].why == "A person must say which card this is."


@pytest.mark.parametrize(
    ("condition", "priced_as", "cash"),
    [("NM", "NM", 500), ("LP", "NM", 425), ("DMG", "", 100), ("LP", "LP", 500), (None, "NM", 500)],
)
def test_worn_cards_bring_less_unless_the_price_says_so_already(
    condition: str | None, priced_as: str, cash: int
) -> None:
    found = line(rules_of(SHARE), worth(1000, condition, priced_as))
    assert found.cash_minor == cash
    assert ("Taken for near mint." in found.why) == (condition is None)


def test_a_condition_that_nobody_said_may_be_looked_at() -> None:
    found = line(rules_of(SHARE, assume_condition=""), worth(1000, None))
    assert (found.status, found.why, found.cash_minor) == (Status.LOOK, "Condition not known.", 0)


@pytest.mark.parametrize(("round_to", "cash"), [(1, 437), (5, 435), (25, 425), (100, 400)])
def test_offers_are_rounded_down(round_to: int, cash: int) -> None:
    assert line(rules_of(SHARE, round_to_minor=round_to), worth(875)).cash_minor == cash


def test_an_unknown_finish_is_never_silently_normal() -> None:
    unsure = replace(worth(20), finish=None, price=PriceRange(20, 1200, "EUR", "NM"))
    found = line(rules_of(SHARE), unsure)
    assert (found.status, found.cash_minor) == (Status.LOOK, 0)
    assert found.why == "Finish not known: it is worth from 0.20 EUR to 12.00 EUR."
    lowest = line(rules_of(SHARE, unknown_finish="lowest"), unsure)
    assert (lowest.status, lowest.cash_minor) == (Status.OFFERED, 10)
    assert "cheapest finish" in lowest.why
    foils = {**SHARE, "name": "Foils", "when": FOIL}
    assert line(rules_of(foils, SHARE), replace(worth(20), finish=None)).why == "Finish not known."


def test_an_unknown_price_is_never_bulk() -> None:
    unpriced = replace(CARD, price=None)
    found = line(usual_offer_rules("EUR"), unpriced)
    assert (found.status, found.rule, found.why) == (
        Status.LOOK,
        "From 20.00 EUR",
        "Price not known.",
    )
    assert line(rules_of(SHARE), unpriced).status is Status.LOOK
    assert line(rules_of(SHARE), replace(worth(5), price=PriceRange(5, 5, "USD", "NM"))).why == (
        "Price not known."
    )


def test_the_first_rule_that_holds_sets_the_offer_and_is_named() -> None:
    damaged = {
        "name": "No damaged cards",
        "when": {"field": "condition", "op": "is", "value": "DMG"},
        "buy": False,
    }
    dear = {**SHARE, "name": "Hits", "when": DEAR}
    bulk = {"name": "Bulk", "cash_each": "0.05 EUR", "credit_each": "0.08 EUR"}
    rules = rules_of(damaged, dear, bulk)
    lot = offer(rules, worth(500, "DMG"), worth(500), worth(99))
    assert [(each.rule, each.cash_minor) for each in lot.lines] == [
        ("No damaged cards", 0),
        ("Hits", 250),
        ("Bulk", 5),
    ]
    assert lot.lines[0].status is Status.NOT_BOUGHT
    assert lot.lines[0].why == "If condition is DMG: not bought."
    assert line(rules_of(dear), worth(5)).why == "No rule buys this card."
    assert make_offer([(1, worth(5))], rules, "USD").lines[0].status is Status.LOOK


def test_the_shop_may_buy_only_so_many_copies() -> None:
    few = {**SHARE, "when": {"field": "copies_seen", "op": "below", "value": 2}}
    lot = offer(rules_of(few), *[worth(100)] * 3, replace(worth(100), finish="foil"))
    assert [each.cash_minor for each in lot.lines] == [50, 50, 0, 50]


def test_the_usual_rules_pay_more_of_dearer_cards() -> None:
    rules = usual_offer_rules("EUR")
    cents = (5000, 500, 100, 25, 24, 0)
    assert [line(rules, worth(each)).cash_minor for each in cents] == [3000, 250, 40, 6, 1, 1]
    assert read_offer_rules(write_offer_rules(rules)) == rules
    assert rules.rules[0].words == "If price is 20.00 EUR or more: 60% in cash or 75% in credit."
    assert rules.rules[-1].words == (
        "If price is known: 0.01 EUR in cash or 0.02 EUR in credit each."
    )


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"rules": [{"name": "a", "cash_each": "1 EUR"}]}, "no. 1: give both cash_each and"),
        ({"rules": [SHARE | {"cash_each": "1 EUR", "credit_each": "1 EUR"}]}, "not both"),
        ({"rules": [{"name": "a", "cash_each": "1", "credit_each": "1 EUR"}]}, "is no amount"),
        ({"rules": [SHARE, SHARE]}, "two rules have the same name"),
        ({"rules": [SHARE | {"cash_percent": -5}]}, "rules, no. 1, cash_percent: "),
        ({"factors": {"NM": 100}}, "factors: give a percent from 0 to 100 for each of NM, LP"),
        ({"assume_condition": "mint"}, "a condition is one of NM, LP"),
        ({"rules": [SHARE | {"when": {"field": "x"}}]}, "rules, no. 1, when, op: this is missing"),
    ],
    ids=str,
)
def test_wrong_offer_rules_are_refused_with_their_place(
    rules: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConditionError) as refused:
        read_offer_rules(rules)
    assert sentence in str(refused.value)
