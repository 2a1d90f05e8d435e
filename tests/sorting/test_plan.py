"""The planner: that a plan does what it says, and that no plan with fewer passes could."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from functools import cache

import pytest

from scanner.card_facts import CardFacts
from scanner.errors import UsageError
from scanner.sorting.plan import Plan, instructions, plan_apart, plan_in_order
from scanner.sorting.route import SortState, route

NAMES = [f"S{number:02d}" for number in range(40)]


def run_in_order(plan: Plan, pile: Sequence[str]) -> list[str]:
    """The stack after a clerk has followed the plan, from the bottom; bins fill as rules say."""
    stack = list(pile)
    for number in range(1, len(plan.passes) + 1):
        fed = stack if plan.feeds_from == "bottom" or number == 1 else stack[::-1]
        rules = plan.rules(number)
        held: dict[int, list[str]] = {}
        for name in fed:
            routing = route(CardFacts(decision="accepted", set=name), rules, SortState(16))
            held.setdefault(routing.bin, []).append(name)
        assert plan.unidentified_bin not in held
        stack = [name for bin_ in sorted(held) for name in held[bin_]]
    return stack


@pytest.mark.parametrize("feeds_from", ["bottom", "top"])
@pytest.mark.parametrize(("sets", "bins"), [(1, 2), (3, 4), (4, 3), (10, 5), (17, 5), (40, 3)])
def test_following_the_plan_puts_the_stack_in_order(sets: int, bins: int, feeds_from: str) -> None:
    plan = plan_in_order(NAMES[:sets], bins, feeds_from=feeds_from)  # type: ignore[arg-type]
    pile = NAMES[:sets] * 3
    for seed in range(5):
        random.Random(seed).shuffle(pile)
        assert run_in_order(plan, pile) == sorted(pile)
    assert run_in_order(plan, sorted(pile, reverse=True)) == sorted(pile)


def one_pass_further(stack: tuple[int, ...], bins: int) -> Iterator[tuple[int, ...]]:
    """Every stack that any way of sending each single card to a bin can make of this one."""
    for sent in itertools.product(range(bins), repeat=len(stack)):
        yield tuple(
            card
            for bin_ in range(bins)
            for card, where in zip(stack, sent, strict=True)
            if where == bin_
        )


@pytest.mark.parametrize(("sets", "bins"), [(2, 2), (3, 2), (4, 2), (5, 2), (6, 2), (4, 3), (5, 3)])
def test_no_plan_with_fewer_passes_puts_every_pile_in_order(sets: int, bins: int) -> None:
    wanted = tuple(range(sets))
    reached = {wanted[::-1]}  # the worst pile
    fewest = 0
    while wanted not in reached:
        reached = {after for stack in reached for after in one_pass_further(stack, bins)}
        fewest += 1
    assert len(plan_in_order(NAMES[:sets], bins + 1).passes) == fewest


def run_apart(plan: Plan, pile: Sequence[str]) -> tuple[list[list[str]], int]:
    """The piles in the end, and how many cards were fed."""
    piles = {"the whole pile": list(pile)}
    done: list[list[str]] = []
    fed = 0
    for each in plan.passes:
        rules = plan.rules(each.number)
        held: dict[int, list[str]] = {}
        for name in piles.pop(each.feed):
            fed += 1
            routing = route(CardFacts(decision="accepted", set=name), rules, SortState(16))
            held.setdefault(routing.bin, []).append(name)
        for place, becomes in enumerate(each.piles, 1):
            if becomes:
                piles[becomes] = held[place]
            else:
                done.append(held[place])
    assert not piles
    return done, fed


@pytest.mark.parametrize(("sets", "bins"), [(1, 3), (2, 3), (3, 4), (4, 4), (9, 4), (40, 6)])
def test_following_the_plan_leaves_each_set_apart(sets: int, bins: int) -> None:
    names = NAMES[:sets]
    counts = {name: 1 + 7 * place % 11 for place, name in enumerate(names)}
    pile = [name for name in names for _ in range(counts[name])]
    random.Random(1).shuffle(pile)
    plan = plan_apart(names, bins, counts)
    done, fed = run_apart(plan, pile)
    assert sorted(done) == [[name] * counts[name] for name in names]
    assert fed == plan.cards_fed


def partitions(items: tuple[int, ...], most: int) -> Iterator[list[tuple[int, ...]]]:
    """Every way to part the items into 2 to `most` groups."""
    if len(items) == 1:
        yield [items]
        return
    first, rest = items[:1], items[1:]
    for groups in partitions(rest, most):
        for place, group in enumerate(groups):
            yield [*groups[:place], first + group, *groups[place + 1 :]]
        if len(groups) < most:
            yield [first, *groups]


@cache
def fewest(cards: tuple[int, ...], bins: int) -> tuple[int, int]:
    """The fewest passes and, apart from them, the fewest cards fed; by trying everything."""
    if len(cards) == 1:
        return 0, 0
    tried = [
        [fewest(tuple(sorted(group)), bins) for group in groups]
        for groups in partitions(cards, bins)
        if len(groups) > 1
    ]
    return (
        1 + min(sum(passes for passes, _ in parts) for parts in tried),
        sum(cards) + min(sum(fed for _, fed in parts) for parts in tried),
    )


@pytest.mark.parametrize("bins", [2, 3, 4])
@pytest.mark.parametrize(
    "cards",
    [(1, 1), (5, 1, 1), (9, 4, 2, 1), (3, 3, 3, 3, 3), (8, 1, 5, 2, 2, 1), (1,) * 7],
)
def test_no_plan_with_fewer_passes_or_cards_parts_the_sets(
    cards: tuple[int, ...], bins: int
) -> None:
    counts = dict(zip(NAMES, cards, strict=False))
    plan = plan_apart(NAMES[: len(cards)], bins + 1, counts)
    passes, fed = fewest(tuple(sorted(cards)), bins)
    assert (len(plan.passes), plan.cards_fed) == (passes, fed)


STACK = "  Take the bins out and stack them: bin 1 at the bottom, then bin 2 on top."
ASIDE = "Bin 3 (unidentified) stays aside."


def test_the_instructions_can_be_followed() -> None:
    counts = {"LF1": 120, "LF2": 80, "LF3": 40}
    assert instructions(plan_in_order(["LF1", "LF2", "LF3"], 3, counts)) == [
        "3 sets, one stack in order: 2 passes, 480 cards fed in all.",
        "Pass 1 of 2. Feed: the whole pile.",
        "  Bin 1: LF1, LF3",
        "  Bin 2: LF2",
        f"{STACK} Feed this stack, not turned over. {ASIDE}",
        "Pass 2 of 2. Feed: the stack.",
        "  Bin 1: LF1, LF2",
        "  Bin 2: LF3",
        f"{STACK} The stack is in order from the bottom. {ASIDE}",
    ]
    assert instructions(plan_apart(["LF1", "LF2", "LF3"], 3, counts)) == [
        "3 sets, each set in a pile of its own: 2 passes, 360 cards fed in all.",
        "Pass 1 of 2. Feed: the whole pile.",
        "  Bin 1: LF1 → done",
        "  Bin 2: LF2, LF3 → pile 1B",
        f"  Take the bins out one by one and keep pile 1B apart. {ASIDE}",
        "Pass 2 of 2. Feed: pile 1B.",
        "  Bin 1: LF2 → done",
        "  Bin 2: LF3 → done",
        f"  Take the sets out; they are done. {ASIDE}",
    ]


@pytest.mark.parametrize(("sets", "bins"), [([], 4), (["A", "A"], 4), (["A", "B"], 2), (["A"], 1)])
def test_what_cannot_be_planned_is_refused(sets: list[str], bins: int) -> None:
    with pytest.raises(UsageError):
        plan_in_order(sets, bins)
    with pytest.raises(UsageError):
        plan_apart(sets, bins)
