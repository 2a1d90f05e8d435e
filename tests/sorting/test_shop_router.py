"""The feed loop's router: the shop's rules, what lies in the bins, and going on after a restart."""

from __future__ import annotations

import pytest

from scanner.conditions import read_condition, write_condition
from scanner.records import Decision, Finish
from scanner.routing import Mode
from scanner.sorting.rules import UNCLEAR
from tests.sorting.cards import DEAR, FOIL, rule
from tests.sorting.shop import Shop, answer

SETS = {"rules": [rule("Sets", [1, 2], each="set")], "rest_bin": 5}


def test_cards_go_by_the_rules_in_force(shop: Shop) -> None:
    shop.use_rules({"rules": [rule("Hits", [1], DEAR), rule("Bulk", [2])]})
    shop.price("A-1", 20), shop.price("A-1", 400, "foil"), shop.price("A-2", 5)
    router = shop.router()
    shop.begin(router)
    assert shop.pass_card(router, answer("A-2")) == 2
    assert shop.pass_card(router, answer("A-1", finish=Finish.FOIL)) == 1
    assert shop.pass_card(router, answer("A-1", finish=Finish.NORMAL)) == 2
    assert shop.pass_card(router, answer("A-1")) == 9
    assert shop.pass_card(router, answer("B-1")) == 9
    assert shop.pass_card(router, answer("A-1", Decision.UNKNOWN)) == 9
    routes = list(shop.feed.routes_of_batch(shop.batch_id).values())
    assert [routing.rule for routing in routes] == [
        "Bulk", "Hits", "Bulk", UNCLEAR, UNCLEAR, "Unidentified",
    ]  # fmt: skip
    assert routes[3].why == "Price not known: a person must look."


def test_without_rules_and_in_other_modes_cards_go_by_decision(shop: Shop) -> None:
    router = shop.router()
    shop.begin(router)
    assert router.route(answer("A-1"), frozenset()).rule == "accepted"
    shop.use_rules(SETS)
    shop.begin(router, Mode.SCAN)
    assert router.route(answer("A-1"), frozenset()).rule == "accepted"
    shop.begin(router)
    assert router.route(answer("A-1"), frozenset()).rule == "Sets"
    shop.web.choose_rules("sort", "")
    shop.begin(router)
    assert router.route(answer("A-1"), frozenset()).rule == "accepted"


def test_rules_that_cannot_be_read_are_told_and_stop_nothing(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.web.add_rule_set("sort", "Newer", {"from": "a newer Counterscan"})
    shop.web.choose_rules("sort", "Newer")
    router = shop.router()
    shop.begin(router)
    assert router.route(answer("A-1"), frozenset()).rule == "accepted"
    assert "the sort rules can't be followed: name: this is missing" in caplog.text


def test_a_batch_goes_on_with_the_rules_and_bins_it_had_after_a_restart(shop: Shop) -> None:
    limits = [{"number": 1, "most_copies": 2}]
    shop.use_rules({**SETS, "bins": limits})
    router = shop.router()
    shop.begin(router)
    before = [shop.pass_card(router, answer(card)) for card in ("B-1", "A-1", "B-1", "C-1")]
    assert before == [1, 2, 1, 5]
    shop.use_rules({"rules": [rule("All", [7])]})  # for the next batch
    after = shop.router()
    after.begin(shop.batch_id, Mode.SORT)
    assert after.route(answer("C-2"), frozenset()).bin == 5
    assert after.route(answer("A-2"), frozenset()).bin == 2
    assert after.route(answer("B-1"), frozenset()).bin == 5, "there are two copies already"
    shop.begin(after)
    assert shop.pass_card(after, answer("A-2")) == 7


def test_a_set_keeps_its_bin_while_its_cards_lie_there(shop: Shop) -> None:
    shop.use_rules(SETS)
    router = shop.router()
    shop.begin(router)
    assert [shop.pass_card(router, answer(card)) for card in ("B-1", "A-1")] == [1, 2]
    shop.feed.add_bin_emptied(1)
    router.emptied(1)
    assert shop.pass_card(router, answer("B-1")) == 1, "it stays B's within the batch"
    shop.feed.add_bin_emptied(1)
    router.emptied(1)
    shop.begin(router)
    assert [shop.pass_card(router, answer(card)) for card in ("A-2", "C-1", "B-1")] == [2, 1, 5]


def test_a_set_keeps_its_bin_when_another_rule_is_changed_but_not_under_other_rules(
    shop: Shop,
) -> None:
    shop.use_rules(SETS)
    router = shop.router()
    shop.begin(router)
    shop.pass_card(router, answer("B-1"))
    shop.use_rules({**SETS, "rest_bin": 6})
    shop.begin(router)
    assert [shop.pass_card(router, answer(card)) for card in ("A-1", "B-1")] == [2, 1]
    shop.use_rules(SETS, "Other")
    shop.begin(router)
    assert shop.pass_card(router, answer("C-1")) == 1


def test_a_correction_does_not_move_what_lies_in_a_bin(shop: Shop) -> None:
    shop.use_rules(SETS)
    router = shop.router()
    shop.begin(router)
    shop.pass_card(router, answer("B-1"))
    shop.web.add_correction(1, answer("A-1").printing)
    again = shop.router()
    again.begin(shop.batch_id, Mode.SORT)
    assert again.route(answer("B-1"), frozenset()).bin == 1


def test_copies_are_counted_by_printing_and_finish_also_over_a_restart(shop: Shop) -> None:
    second = {"field": "copies_seen", "op": "at_least", "value": 1}
    shop.use_rules({"rules": [rule("Again", [1], second), rule("First", [2])]})
    router = shop.router()
    shop.begin(router)
    cards = [answer("B-1"), answer("B-1"), answer("A-1"), answer("A-1", finish=Finish.FOIL)]
    assert [shop.pass_card(router, card) for card in cards] == [2, 1, 2, 2]
    asked_twice = answer("C-1")
    assert {router.route(asked_twice, frozenset()).bin for _ in range(3)} == {2}
    again = shop.router()
    again.begin(shop.batch_id, Mode.SORT)
    assert again.route(answer("A-1"), frozenset()).bin == 1
    shop.begin(again)
    assert again.route(answer("A-1"), frozenset()).bin == 2


def test_lists_alerts_and_what_the_batch_says_are_known(shop: Shop) -> None:
    wanted = {"field": "list", "op": "is", "value": "Want list"}
    shop.web.set_card_list("Want list", ["card a-1", "C-9", "B 1"])
    shop.web.set_card_list("Old", ["Card A-2"])
    shop.web.set_card_list("Old", [], removed=True)
    shop.web.add_rule_set("alert", "Reds", write_condition(read_condition(FOIL)))
    rules = [
        rule("Alerts", [4], {"field": "alert", "op": "is", "value": "reds"}),
        rule("Wanted", [1], wanted),
        rule("Old", [2], {"field": "list", "op": "is", "value": "Old"}),
        rule("Blue", [3], {"field": "colour", "op": "is", "value": "blue"}),
    ]
    shop.use_rules({"rules": rules, "rest_bin": 5, "unclear": "next"})
    router = shop.router()
    shop.begin(router)
    cards = ["A-1", "A-2", "B-1", "C-9", "C-1"]
    assert [shop.pass_card(router, answer(card)) for card in cards] == [1, 3, 1, 1, 5]
    assert shop.pass_card(router, answer("A-1", finish=Finish.FOIL)) == 4


def test_a_card_beyond_a_bins_limit_waits_until_it_is_emptied(shop: Shop) -> None:
    shop.use_rules({"rules": [rule("All", [3])], "bins": [{"number": 3, "most_cards": 2}]})
    router = shop.router()
    shop.begin(router)
    for card in ("A-1", "A-2"):
        shop.pass_card(router, answer(card))
        assert router.waits_for() == 0, "the card that fills a bin still falls into it"
    shop.pass_card(router, answer("B-1"))
    assert router.waits_for() == 3
    again = shop.router()
    again.begin(shop.batch_id, Mode.SORT)
    assert again.waits_for() == 3
    shop.feed.add_bin_emptied(3, 2)
    router.emptied(1)
    assert router.waits_for() == 3
    router.emptied(3)
    assert router.waits_for() == 0
    shop.pass_card(router, answer("A-1"))
    assert router.waits_for() == 0, "the card that waited and this one fill it again"
    shop.pass_card(router, answer("A-1"))
    assert router.waits_for() == 3
