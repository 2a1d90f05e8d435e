"""What the tests of sorting put before the rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scanner.card_facts import CardFacts, PriceRange
from scanner.sorting.rules import RuleSet, read_rules

CARD = CardFacts(
    decision="accepted",
    confidence_percent=99.0,
    card_id="LF1-007",
    game="lanternfall",
    set="LF1",
    name="Ember Fox",
    rarity="Common",
    colours=("Red",),
    finish="normal",
    price=PriceRange(30, 30, "EUR"),
    copies_seen=0,
)
STRANGER = CardFacts(decision="unknown", confidence_percent=11.0)
DEAR = {"field": "price", "op": "at_least", "value": "1 EUR"}
FOIL = {"field": "finish", "op": "is", "value": "foil"}


def rule(name: str, bins: list[int], when: Any = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "bins": bins} | ({"when": when} if when else {}) | more


def rules_of(*rules: dict[str, Any], **more: Any) -> RuleSet:
    return read_rules({"name": "Shop", "rules": list(rules), "unidentified_bin": 9} | more)


def priced(low: int, high: int | None = None) -> CardFacts:
    return replace(CARD, price=PriceRange(low, low if high is None else high, "EUR"))
