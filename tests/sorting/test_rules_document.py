"""docs/RULES.md: its examples are read as they stand, and it names every field and comparison."""

from __future__ import annotations

import json
import re
from pathlib import Path

from scanner.conditions import read_condition
from scanner.conditions_fields import FIELDS, Op
from scanner.offers import read_offer_rules
from scanner.sorting.rules import Each, read_rules

DOCUMENT = (Path(__file__).parents[2] / "docs/RULES.md").read_text(encoding="utf-8")
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)]


def test_every_example_is_read() -> None:
    one, joined, rules, offer = EXAMPLES
    read_condition(one)
    read_condition(joined)
    assert read_rules(rules).highest_bin == 8
    assert len(read_offer_rules(offer).rules) == 3


def test_every_field_and_comparison_is_named() -> None:
    named = set(re.findall(r"`(\w+)`", DOCUMENT))
    assert set(FIELDS) <= named
    assert {op.value for op in Op} <= named
    assert {each.value for each in Each} <= named
