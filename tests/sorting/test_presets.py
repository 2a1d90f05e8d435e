"""The presets: each makes rules that fit the bins there are and that keep a bin for the rest."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest

from scanner.card_facts import CardFacts
from scanner.conditions import read_condition
from scanner.conditions_judge import judge
from scanner.errors import ConditionError
from scanner.sorting.presets import PRESETS, letter_ranges, make_preset
from scanner.sorting.route import SortState, route
from tests.sorting.cards import CARD, STRANGER, priced


@pytest.mark.parametrize("bins", range(2, 17))
@pytest.mark.parametrize("key", PRESETS)
def test_a_preset_fits_the_machine(key: str, bins: int) -> None:
    if bins < PRESETS[key].least_bins:
        with pytest.raises(ConditionError, match="needs"):
            make_preset(key, bins)
        return
    rules = make_preset(key, bins, "USD")
    assert rules.unidentified_bin == rules.highest_bin == bins
    assert all(bins not in rule.bins for rule in rules.rules)
    assert route(STRANGER, rules, SortState(bins)).bin == bins


@pytest.mark.parametrize("parts", range(1, 16))
def test_the_alphabet_is_parted_without_gap_or_overlap(parts: int) -> None:
    ranges = letter_ranges(parts)
    assert len(ranges) <= parts
    for letter in string.ascii_uppercase + string.digits:
        card = CardFacts(name=f"{letter}ardvark")
        tests = [read_condition({"field": "name", "op": "letters", "value": r}) for r in ranges]
        assert [judge(test, card) for test in tests].count(True) == 1


def test_a_price_split_sends_the_dearest_to_the_first_bin() -> None:
    rules = make_preset("price", 5)
    prices = (100_00, 20_00, 19_99, 5_00, 1_00, 99, 0)
    bins = [route(priced(cents), rules, SortState(5)).bin for cents in prices]
    assert bins == [1, 1, 2, 2, 3, 4, 4]
    assert route(replace(CARD, price=None), rules, SortState(5)).bin == 5


def test_hits_are_what_is_dear_or_wanted() -> None:
    rules = make_preset("hits", 4)
    wanted = replace(priced(5), lists=frozenset({"want list"}))
    bins = [route(card, rules, SortState(4)).bin for card in (priced(100), wanted, priced(99))]
    assert bins == [1, 1, 3]


def test_an_unknown_preset_is_refused_with_the_list() -> None:
    with pytest.raises(ConditionError, match="choose one of set, game, letter"):
        make_preset("smell", 4)
