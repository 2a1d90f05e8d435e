"""Rules in their order, bins and their limits, and that every decision says which rule took it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scanner.card_facts import CardFacts
from scanner.errors import ConditionError
from scanner.routing import Routing
from scanner.sorting.route import SortState, bins_at_their_limit, route
from scanner.sorting.rules import REST, UNCLEAR, UNIDENTIFIED, read_rules, write_rules
from tests.sorting.cards import CARD, DEAR, FOIL, STRANGER, priced, rule, rules_of


class Machine:
    """Routes cards one after another, as the loop does."""

    def __init__(self, rules: Any, bins: int = 9) -> None:
        self.rules, self.state = rules, SortState(bins)

    def feed(self, card: CardFacts) -> Routing:
        routing = route(card, self.rules, self.state)
        self.state.put(card, self.rules, routing)
        return routing


def test_the_first_rule_that_holds_takes_the_card_and_is_named() -> None:
    machine = Machine(rules_of(rule("Hits", [1], DEAR), rule("Foils", [2], FOIL), rest_bin=3))
    assert machine.feed(priced(100)) == Routing(1, "Hits", "Price is 1.00 EUR or more.")
    assert machine.feed(replace(CARD, finish="foil")).rule == "Foils"
    assert machine.feed(CARD) == Routing(3, REST, "No rule asks for this card.")


def test_a_rule_that_is_off_takes_nothing() -> None:
    machine = Machine(rules_of(rule("Hits", [1], DEAR, on=False), rule("All", [2])))
    assert machine.feed(priced(100)) == Routing(2, "All", "Every card.")


def test_a_card_without_a_price_is_no_bulk() -> None:
    hits, bulk = rule("Hits", [1], DEAR), rule("Bulk", [2])
    unpriced = replace(CARD, price=None)
    why = "Price not known: a person must look."
    assert Machine(rules_of(hits, bulk)).feed(unpriced) == Routing(9, UNCLEAR, why)
    assert Machine(rules_of(hits)).feed(unpriced) == Routing(9, UNCLEAR, why)
    assert Machine(rules_of(hits, bulk)).feed(priced(20, 900)).rule == UNCLEAR
    assert Machine(rules_of(hits, bulk)).feed(priced(20, 90)).rule == "Bulk"
    assert Machine(rules_of(hits, bulk, unclear="next")).feed(unpriced).rule == "Bulk"
    same_bin = rules_of(rule("Hits", [2], DEAR), bulk)
    assert Machine(same_bin).feed(unpriced).rule == "Bulk"


def test_an_unknown_finish_is_never_taken_for_normal() -> None:
    normal = {"field": "finish", "op": "is", "value": "normal"}
    machine = Machine(rules_of(rule("Foils", [1], FOIL), rule("Normal", [2], normal)))
    routing = machine.feed(replace(CARD, finish=None))
    assert (routing.bin, routing.rule) == (9, UNCLEAR)
    assert routing.why == "Finish not known: a person must look."


def test_unidentified_cards_have_a_bin_that_no_rule_takes_them_from_by_accident() -> None:
    machine = Machine(rules_of(rule("All", [1]), rule("All of one set", [2], each="set")))
    assert machine.feed(STRANGER) == Routing(9, UNIDENTIFIED, "The card is not in the catalog.")
    in_review = replace(CARD, decision="review")
    assert machine.feed(in_review).bin == 9
    sorts_review = Machine(rules_of(rule("All", [1]), review="sort"))
    assert sorts_review.feed(in_review).bin == 1
    review = {"field": "decision", "op": "is", "value": "review"}
    asked_for = Machine(rules_of(rule("To look at", [4], review), rule("All", [1])))
    assert asked_for.feed(in_review).bin == 4
    assert asked_for.feed(STRANGER).bin == 9


def test_each_new_set_gets_the_next_free_bin_and_keeps_it() -> None:
    machine = Machine(rules_of(rule("Sets", [1, 2], each="set"), rest_bin=5))
    fed = [machine.feed(replace(CARD, set=name)) for name in ("B", "A", "B", "C", "A")]
    assert [routing.bin for routing in fed] == [1, 2, 1, 5, 2]
    assert fed[1].why == "Every card; set A."
    assert fed[3] == Routing(5, REST, "“Sets” has no bin left for set C.")
    machine.state.emptied(1)
    assert machine.feed(replace(CARD, set="C")).bin == 5
    assert machine.feed(replace(CARD, set="B")).bin == 1


def test_a_set_that_nobody_knows_gets_no_bin() -> None:
    machine = Machine(rules_of(rule("Sets", [1, 2], each="set")))
    assert machine.feed(replace(CARD, set=None)).rule == UNCLEAR
    assert machine.state.taken == {}


def test_two_dynamic_rules_keep_their_bins_apart() -> None:
    foils = rule("Foils", [1, 2], FOIL, each="set")
    machine = Machine(rules_of(foils, rule("Others", [3, 4], each="rarity")))
    shiny = replace(CARD, finish="foil")
    assert [machine.feed(card).bin for card in (shiny, CARD, shiny)] == [1, 3, 1]


@pytest.mark.parametrize(
    ("each", "card", "value"),
    [
        ("letter", replace(CARD, name="“Élan”"), "first letter E"),
        ("colour", replace(CARD, colours=("Red", "Blue")), "colour Red and Blue"),
        ("colour", replace(CARD, colours=()), "colour none"),
        ("type", replace(CARD, types=("Creature", "Fox")), "type Creature"),
        ("game", CARD, "game lanternfall"),
        ("finish", CARD, "finish normal"),
    ],
)
def test_dynamic_bins_go_by_more_than_sets(each: str, card: CardFacts, value: str) -> None:
    machine = Machine(rules_of(rule("Each", [1], each=each)))
    assert machine.feed(card).why == f"Every card; {value}."


def test_bins_fill_one_after_another_and_then_wait() -> None:
    limits = [{"number": 1, "most_cards": 2}, {"number": 2, "most_cards": 1}]
    machine = Machine(rules_of(rule("All", [1, 2]), bins=limits))
    assert [machine.feed(CARD).bin for _ in range(3)] == [1, 1, 2]
    assert bins_at_their_limit(machine.rules, machine.state) == {1, 2}
    waits = machine.feed(CARD)
    assert waits == Routing(1, "All", "Every card. Bin 1 is full: it waits.")
    machine.state.emptied(1)
    assert machine.feed(CARD).why == "Every card."


def test_a_full_bin_may_leave_its_cards_to_the_next_rule() -> None:
    limits = [{"number": 1, "most_cards": 1}]
    first = rule("First", [1], when_full="next")
    machine = Machine(rules_of(first, rule("Second", [2]), bins=limits))
    machine.feed(CARD)
    assert machine.feed(CARD) == Routing(2, "Second", "Every card. The bins of “First” are full.")
    machine.state.emptied(1)
    machine.state.full = frozenset({1})  # what its sensor says
    assert machine.feed(CARD).bin == 2


def test_a_bin_takes_so_many_copies_of_one_card_and_no_more() -> None:
    limits = [{"number": 1, "most_copies": 2}]
    machine = Machine(rules_of(rule("Keep", [1]), rule("Spare", [2]), bins=limits))
    other, foil = replace(CARD, card_id="LF1-008"), replace(CARD, finish="foil")
    fed = [machine.feed(card) for card in (CARD, CARD, other, CARD, foil)]
    assert [routing.bin for routing in fed] == [1, 1, 1, 2, 1]
    assert fed[3].why == "Every card. “Keep” has enough copies of this card."
    sets = Machine(rules_of(rule("Sets", [1, 2], each="set"), bins=limits))
    assert [sets.feed(CARD).rule for _ in range(3)] == ["Sets", "Sets", REST]


def test_rules_for_more_bins_than_the_machine_has_never_name_one_that_is_not_there() -> None:
    machine = Machine(rules_of(rule("Far", [7]), rule("Near", [2, 8])), bins=4)
    routing = machine.feed(CARD)
    assert routing.bin == 2
    assert routing.why == "Every card. “Far” has no bin on a machine with 4."
    assert machine.feed(STRANGER).bin == 4


def test_rules_come_back_from_their_json() -> None:
    rules = rules_of(
        rule("Hits", [1], {"all": [DEAR, {"not": FOIL}]}, when_full="next"),
        rule("Sets", [2, 3, 4], each="set"),
        bins=[{"number": 2, "name": "Left tray", "most_cards": 400, "most_copies": 4}],
    )
    assert read_rules(write_rules(rules)) == rules
    assert rules.highest_bin == 9
    assert [each.words for each in rules.rules] == [
        "If price is 1.00 EUR or more and finish is not foil: bin 1.",
        "Every card: bins 2 to 4, one for each set.",
    ]


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"name": "x"}, "unidentified_bin: this is missing"),
        ({"name": "x", "unidentified_bin": 17}, "unidentified_bin: "),
        ({"name": "", "unidentified_bin": 1}, "name: "),
        ({"rules": [{"name": "a", "bins": [0]}]}, "rules, no. 1, bins: bins are numbered from 1"),
        ({"rules": [{"name": "a", "bins": [1, 1]}]}, "rules, no. 1, bins: a bin is named twice"),
        ({"rules": [{"name": "a", "bins": []}]}, "rules, no. 1, bins: "),
        ({"rules": [{"name": "a", "bins": [1], "each": "smell"}]}, "rules, no. 1, each: "),
        ({"rules": [rule("a", [1]), rule("A", [2])]}, "two rules are called 'a'"),
        ({"rules": [rule("Unidentified", [1])]}, "choose another"),
        ({"rules": [rule("a\x07", [1])]}, "one line of plain text"),
        (
            {"rules": [rule("a", [1]), rule("b", [1], {"field": "price", "op": "is"})]},
            "rules, no. 2, when: price can't be compared with 'is'",
        ),
        ({"bins": [{"number": 1}, {"number": 1}]}, "a bin is described twice"),
        ({"wishes": 3}, "wishes: nobody knows this key"),
    ],
    ids=str,
)
def test_wrong_rules_are_refused_with_their_place(rules: dict[str, Any], sentence: str) -> None:
    whole = rules if "name" in rules else {"name": "x", "unidentified_bin": 1} | rules
    with pytest.raises(ConditionError) as refused:
        read_rules(whole)
    assert sentence in str(refused.value)
    with pytest.raises(ConditionError):
        read_rules([whole])
