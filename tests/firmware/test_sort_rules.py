"""The shop's rules in the feed loop: where cards fall, and bins that hold all they may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmware.phases import Phase
from scanner.inventory_catalog import LibraryFacts
from scanner.sorting.shop_router import ShopRouter

Make = Callable[..., Any]


def with_rules(bench: Any, rules: dict[str, Any], bins: int) -> Any:
    """The bench routes by these rules from the next batch on."""
    bench.page.add_rule_set("sort", "Shop", {"name": "Shop", "unidentified_bin": bins, **rules})
    bench.page.choose_rules("sort", "Shop")
    bench.machine.router = ShopRouter(bench.store, LibraryFacts(bench.data_dir), "EUR", bins)
    bench.restart()
    return bench


def numbers(*cards: int) -> dict[str, Any]:
    return {"field": "name", "op": "one_of", "value": [f"Card {card}" for card in cards]}


def contents(bench: Any) -> dict[int, list[int]]:
    bench.mechanism.advance(1.0)
    return dict(bench.mechanism.diverter.contents)


def test_cards_fall_where_the_rules_say_and_the_log_says_why(make_bench: Make) -> None:
    rules = {
        "rules": [{"name": "Two", "when": numbers(1, 3), "bins": [2]}],
        "rest_bin": 1,
    }
    bench = with_rules(make_bench(cards=5, bins=3), rules, 3)
    bench.ask("start", expected_cards=5, mode="sort")
    bench.work_until_phase(Phase.FINISHED)
    assert contents(bench) == {1: [0, 2, 4], 2: [1, 3]}
    routes = bench.store.routes_of_batch(bench.store.latest_batch().id)
    assert [routing.rule for routing in routes.values()] == [
        "All other cards", "Two", "All other cards", "Two", "All other cards",
    ]  # fmt: skip
    assert routes[2].why == "Name is one of Card 1, Card 3."


@pytest.mark.parametrize("told_by", ["bin_emptied", "resume"])
@pytest.mark.parametrize("dies", [False, True])
def test_a_bin_that_holds_all_it_may_stops_the_machine_until_it_is_emptied(
    make_bench: Make, told_by: str, dies: bool
) -> None:
    rules = {"rules": [{"name": "All", "bins": [2]}], "bins": [{"number": 2, "most_cards": 3}]}
    bench = with_rules(make_bench(cards=8, bins=3), rules, 3)
    bench.ask("start", expected_cards=8, mode="sort")
    taken: list[int] = []
    for _ in range(2):
        bench.work_until_phase(Phase.BIN_FULL)
        if dies:
            bench.machine.router = ShopRouter(bench.store, LibraryFacts(bench.data_dir), "EUR", 3)
            bench.restart()
            bench.work_until_phase(Phase.BIN_FULL)
        told = bench.store.latest_events(1)[0]
        assert told.detail.startswith("Bin 2 is full.")
        assert len(bench.mechanism.diverter.contents[2]) == 3
        taken += bench.mechanism.diverter.empty(2)
        bench.ask(told_by, **({"bin": 2} if told_by == "bin_emptied" else {}))
        bench.work_until(lambda: bench.loop.state.phase is not Phase.BIN_FULL)
    bench.work_until_phase(Phase.FINISHED)
    assert taken == [0, 1, 2, 3, 4, 5]
    assert contents(bench)[2] == [6, 7]
    assert bench.store.bin_contents() == {2: 2}
    assert bench.names() == [f"card-{card}" for card in range(8)]


def test_rules_changed_in_the_middle_count_from_the_next_batch(make_bench: Make) -> None:
    bench = with_rules(make_bench(cards=4, bins=3), {"rules": [{"name": "A", "bins": [1]}]}, 3)
    bench.ask("start", expected_cards=4, mode="sort")
    bench.work_until(lambda: len(bench.told) == 2)
    changed = {"name": "Shop", "unidentified_bin": 3, "rules": [{"name": "B", "bins": [2]}]}
    bench.page.add_rule_set("sort", "Shop", changed)
    bench.work_until_phase(Phase.FINISHED)
    assert contents(bench) == {1: [0, 1, 2, 3]}
    bench.mechanism.load([4, 5])
    bench.ask("start", expected_cards=2, mode="sort")
    bench.work_until(lambda: len(bench.told) == 6)
    bench.work_until_phase(Phase.FINISHED)
    assert contents(bench) == {1: [0, 1, 2, 3], 2: [4, 5]}
