"""The dry run over a past batch, and the command that shows it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scanner import cli
from scanner.errors import StoreError
from scanner.routing import Routing
from scanner.sorting.shop_rules import list_rules, lookup_of, rules_named, save_rules
from scanner.sorting.trial import TriedCard, cards_of_batch, sets_of, try_rules
from tests.sorting.cards import CARD, DEAR, STRANGER, priced, rule, rules_of
from tests.sorting.shop import Facts, Shop, answer


def tried(*cards: Any) -> list[TriedCard]:
    went = Routing(1, "accepted", "")
    return [TriedCard(place, place, card, went) for place, card in enumerate(cards, 1)]


def test_a_dry_run_counts_by_bin_and_by_rule() -> None:
    rules = rules_of(rule("Hits", [1], DEAR), rule("Sets", [2, 3], each="set"), rule("Idle", [4]))
    other = replace(CARD, set="LF2")
    trial = try_rules(tried(priced(500), CARD, other, CARD, STRANGER), rules, 9)
    assert trial.by_bin == {1: 1, 2: 2, 3: 1, 9: 1}
    assert trial.by_rule == {"Hits": 1, "Sets": 3, "Unidentified": 1}
    assert trial.values == {("Sets", 2): "LF1", ("Sets", 3): "LF2"}
    assert trial.idle_rules == ("Idle",)
    assert trial.moved == 4
    assert [line.routing.rule for line in trial.lines][:2] == ["Hits", "Sets"]


def test_a_dry_run_counts_how_often_a_full_bin_stops_the_machine() -> None:
    rules = rules_of(rule("All", [1, 2]), bins=[{"number": n, "most_cards": 2} for n in (1, 2)])
    trial = try_rules(tried(*[CARD] * 8), rules, 9)
    assert trial.by_bin == {1: 6, 2: 2}
    assert trial.stops == {1: 2}


def test_a_dry_run_counts_copies_as_the_machine_does() -> None:
    again = {"field": "copies_seen", "op": "at_least", "value": 2}
    rules = rules_of(rule("Spare", [2], again), rule("Keep", [1]))
    assert try_rules(tried(*[CARD] * 5), rules, 9).by_bin == {1: 2, 2: 3}


def test_a_past_batch_is_tried_by_what_is_known_now(shop: Shop) -> None:
    router = shop.router()
    batch_id = shop.begin(router)
    for card in ("A-1", "A-2", "B-1"):
        shop.pass_card(router, answer(card))
    shop.web.add_correction(3, answer("A-1").printing)
    lookup = lookup_of(shop.feed, Facts(), "EUR")
    cards = list(cards_of_batch(shop.feed, lookup, batch_id))
    assert [each.card.card_id for each in cards] == ["A-1", "A-2", "A-1"]
    assert [each.went.bin for each in cards if each.went] == [1, 1, 1]
    assert sets_of(cards) == {"A": 3}
    with pytest.raises(StoreError, match="There is no batch 77"):
        list(cards_of_batch(shop.feed, lookup, 77))


def test_rules_are_kept_by_name_and_renamed_in_force(shop: Shop) -> None:
    save_rules(shop.web, rules_of(rule("All", [1])))
    shop.web.choose_rules("sort", "Shop")
    renamed = rules_of(rule("All", [2])).model_copy(update={"name": "New"})
    save_rules(shop.web, renamed, was_called="Shop")
    (only,) = list_rules(shop.web)
    assert (only.name, only.in_force, only.rules) == ("New", True, renamed)
    with pytest.raises(ValueError, match="already; choose another name"):
        save_rules(shop.web, renamed)
    with pytest.raises(ValueError, match="there are: New"):
        rules_named(shop.web, "Shop")


class Command:
    """`counterscan sort …` over the shop's log."""

    def __init__(self, shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
        self.data_dir = shop.feed._log.data_dir
        self.capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        assert cli.main(["--data", str(self.data_dir), "sort", *words]) == code
        said = self.capsys.readouterr()
        return said.err if code else said.out


@pytest.fixture
def sort(shop: Shop, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(shop, capsys)


def test_the_command_keeps_shows_and_chooses_rules(
    shop: Shop, sort: Command, tmp_path: Path
) -> None:
    assert "There are no sort rules yet" in sort("rules")
    assert "Kept “By set”" in sort("rules", "--preset", "set", "--bins", "6")
    assert sort("rules") == "  By set: 1 rule\n"
    sort("rules", "--use", "By set")
    assert sort("rules").startswith("* By set")
    shown = sort("rules", "--show", "By set")
    assert "1. Each set: Every card: bins 1 to 5, one for each set." in shown
    file = tmp_path / "rules.json"
    file.write_text(sort("rules", "--show", "By set", "--json").replace("By set", "Mine"))
    sort("rules", "--add", str(file))
    sort("rules", "--add", str(file))
    assert [row["name"] for row in json.loads(sort("rules", "--json"))] == ["By set", "Mine"]
    sort("rules", "--remove", "Mine")
    sort("rules", "--use-none")
    assert shop.web.chosen_rules("sort") is None
    assert "no sort rules called 'Mine'" in sort("rules", "--use", "Mine", code=2)
    file.write_text('{"name": "x", "unidentified_bin": 1, "rules": [{"name": "a"}]}')
    assert "rules, no. 1, bins: this is missing" in sort("rules", "--add", str(file), code=2)
    file.write_text("[" * 100_000)
    assert "is no JSON" in sort("rules", "--add", str(file), code=2)


def test_the_command_tries_rules_over_a_batch_and_plans_its_sets(shop: Shop, sort: Command) -> None:
    assert "no sort rules are in force" in sort("try", code=2)
    shop.use_rules({"rules": [rule("Sets", [1, 2], each="set"), rule("Idle", [3], DEAR)]})
    assert "no batch has been scanned yet" in sort("try", code=2)
    router = shop.router()
    shop.begin(router)
    for card in ("A-1", "B-1", "A-2"):
        shop.pass_card(router, answer(card))
    told = sort("try", "--cards")
    assert "    1  Card A-1: bin 1, Sets. Every card; set A.\n" in told
    assert "  Bin 1: 2 cards of A\n" in told
    assert "  Idle took no card.\n" in told
    trial = json.loads(sort("try", "--json"))
    assert [line["bin"] for line in trial["lines"]] == [1, 2, 1]
    assert trial["moved"] == 0
    plan = sort("plan", "--batch", "1", "--bins", "3")
    assert plan.startswith("2 sets, one stack in order: 1 pass, 3 cards fed in all.")
    apart = json.loads(sort("plan", "--sets", "A, B,C", "--apart", "--bins", "3", "--json"))
    assert [each["bins"] for each in apart["passes"]] == [[["A", "B"], ["C"]], [["A"], ["B"]]]
    assert "say which sets" in sort("plan", code=2)
    assert "2 to 16 bins" in sort("plan", "--sets", "A", "--bins", "40", code=2)
