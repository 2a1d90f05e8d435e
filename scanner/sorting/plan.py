"""How to sort many sets with few bins: the fewest passes, as instructions for a clerk. Pure.

`plan_in_order` makes one stack in which each set lies together, in the order asked for. It is a
radix sort from the last digit: bins are restacked after each pass, and `k` passes over `b` bins
order up to `b ** k` sets. Fewer can't do: each pass merges at most `b` runs of the stack into one.

`plan_apart` leaves each set in a pile of its own. A pass over a pile makes at most `b` piles of it,
so `n` sets need at least `(n - 1) / (b - 1)` passes. Huffman's tree with `b` branches needs no
more, and among those the fewest cards are fed (D. Huffman, "A Method for the Construction of
Minimum-Redundancy Codes", 1952).
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from scanner.errors import UsageError
from scanner.sorting.rules import RuleSet, read_rules, write_rules

MAX_SETS = 500
WHOLE = "the whole pile"


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of a pile through the machine.

    `feed` says which pile, `bins` which sets go to bin 1, 2…, and `piles` what becomes of each bin:
    a pile's name, or "" where a set lies there alone and is done.
    """

    number: int
    feed: str
    bins: tuple[tuple[str, ...], ...]
    piles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The passes. `cards_fed` counts a card each time it is fed, 0 where nobody counted the sets.

    `unidentified_bin` is the bin after those that the passes use.
    """

    goal: Literal["in order", "apart"]
    sets: tuple[str, ...]
    passes: tuple[Pass, ...]
    unidentified_bin: int
    feeds_from: Literal["bottom", "top"] = "bottom"
    cards_fed: int = 0

    def rules(self, number: int) -> RuleSet:
        """The sort rules of one pass, from 1; a card of another set goes to the unidentified."""
        done = self.passes[number - 1]
        rules = [
            {
                "name": f"Bin {place}",
                "when": {"field": "set", "op": "one_of", "value": list(sets)},
                "bins": [place],
            }
            for place, sets in enumerate(done.bins, 1)
            if sets
        ]
        name = f"Plan, pass {number} of {len(self.passes)}"
        return read_rules({"name": name, "rules": rules, "unidentified_bin": self.unidentified_bin})


def plan_in_order(
    sets: Sequence[str],
    bins: int,
    counts: Mapping[str, int] | None = None,
    feeds_from: Literal["bottom", "top"] = "bottom",
) -> Plan:
    """One stack in the order of `sets`, on a machine with `bins` bins, the last for strangers.

    A hopper that feeds from the top turns the stack over at each pass; the plan makes up for it.
    Raises UsageError.
    """
    usable = _usable(sets, bins)
    passes = 1
    while usable**passes < len(sets):
        passes += 1
    places = _digits(list(range(len(sets))), usable, passes)
    found = []
    for number in range(passes):
        turned = feeds_from == "top" and (passes - 1 - number) % 2
        digits = [usable - 1 - place[number] if turned else place[number] for place in places]
        if turned:  # bins are used from the first one on
            least = min(digits)
            digits = [digit - least for digit in digits]
        held = tuple(
            tuple(name for name, digit in zip(sets, digits, strict=True) if digit == bin_)
            for bin_ in range(max(digits) + 1)
        )
        found.append(Pass(number + 1, WHOLE if not number else "the stack", held))
    total = sum((counts or {}).get(name, 0) for name in sets)
    return Plan("in order", tuple(sets), tuple(found), bins, feeds_from, total * passes)


def plan_apart(sets: Sequence[str], bins: int, counts: Mapping[str, int] | None = None) -> Plan:
    """Each set in a pile of its own, on a machine with `bins` bins, the last for strangers.

    `counts` are the sets' cards: the sets with most cards are done first. Raises UsageError.
    """
    usable = _usable(sets, bins)
    if usable < 2:
        raise UsageError("one bin beside the unidentified parts nothing; the machine needs 3 bins")
    known = counts or {}
    tree = _huffman([(known.get(name, 1), name) for name in sets], usable)
    found: list[Pass] = []
    waiting: list[tuple[str, _Node]] = [(WHOLE, tree)]
    cards = 0
    while waiting:
        feed, node = waiting.pop(0)
        piles: list[str] = []
        parts = sorted(node.parts, key=lambda part: min(map(list(sets).index, part.names)))
        for part in parts:
            pile = "" if len(part.names) == 1 else f"pile {_letter(len(found), len(piles))}"
            piles.append(pile)
            if pile:
                waiting.append((pile, part))
        held = tuple(tuple(name for name in sets if name in part.names) for part in parts)
        found.append(Pass(len(found) + 1, feed, held, tuple(piles)))
        cards += sum(known.get(name, 0) for part in parts for name in part.names)
    return Plan("apart", tuple(sets), tuple(found), bins, cards_fed=cards)


def instructions(plan: Plan) -> list[str]:
    """The plan as a clerk follows it, one step a line."""
    lines = [_headline(plan)]
    for each in plan.passes:
        lines.append(f"Pass {each.number} of {len(plan.passes)}. Feed: {each.feed}.")
        for place, sets in enumerate(each.bins, 1):
            done = each.piles[place - 1] if each.piles else None
            note = "" if done is None else f" → {done}" if done else " → done"
            lines.append(f"  Bin {place}: {', '.join(sets) or 'nothing'}{note}")
        lines.append(_afterwards(plan, each))
    return lines


def plan_json(plan: Plan) -> dict[str, Any]:
    """A plan as JSON, with the rules of each pass."""
    return {
        "goal": plan.goal,
        "sets": list(plan.sets),
        "cards_fed": plan.cards_fed,
        "steps": instructions(plan),
        "passes": [
            {
                "number": each.number,
                "feed": each.feed,
                "bins": [list(sets) for sets in each.bins],
                "piles": list(each.piles),
                "rules": write_rules(plan.rules(each.number)),
            }
            for each in plan.passes
        ],
    }


def _headline(plan: Plan) -> str:
    sets, passes = len(plan.sets), len(plan.passes)
    what = "one stack in order" if plan.goal == "in order" else "each set in a pile of its own"
    fed = f", {plan.cards_fed:,} cards fed in all" if plan.cards_fed else ""
    return f"{_count(sets, 'set')}, {what}: {_count(passes, 'pass', 'passes')}{fed}."


def _afterwards(plan: Plan, done: Pass) -> str:
    aside = f"Bin {plan.unidentified_bin} (unidentified) stays aside."
    last = len(done.bins)
    if plan.goal == "apart":
        piles = [pile for pile in done.piles if pile]
        if not piles:
            return f"  Take the sets out; they are done. {aside}"
        return f"  Take the bins out one by one and keep {' and '.join(piles)} apart. {aside}"
    stack = "Take the bins out"
    if last > 1:
        between = "then" if last == 2 else f"then bin 2{', and so on,' if last > 3 else ','}"
        stack += f" and stack them: bin 1 at the bottom, {between} bin {last} on top"
    if done.number == len(plan.passes):
        return f"  {stack}. The stack is in order from the bottom. {aside}"
    return f"  {stack}. Feed this stack, not turned over. {aside}"


@dataclass(frozen=True, slots=True)
class _Node:
    names: frozenset[str]
    parts: tuple[_Node, ...] = ()


def _huffman(weighted: Sequence[tuple[int, str]], branches: int) -> _Node:
    """The tree of passes that feeds the fewest cards; its leaves are the sets."""
    heap = [
        (weight, place, _Node(frozenset({name}))) for place, (weight, name) in enumerate(weighted)
    ]
    heapq.heapify(heap)
    serial = len(heap)
    # The first group is the only one that may be smaller, so that the first pass uses every bin.
    size = (len(heap) - 2) % (branches - 1) + 2 if len(heap) > 1 else 1
    while len(heap) > 1 or size == 1:
        taken = [heapq.heappop(heap) for _ in range(min(size, len(heap)))]
        parts = tuple(node for _, _, node in taken)
        whole = _Node(frozenset(name for part in parts for name in part.names), parts)
        heapq.heappush(heap, (sum(weight for weight, _, _ in taken), serial, whole))
        serial += 1
        size = branches
    return heap[0][2]


def _digits(places: list[int], base: int, passes: int) -> list[tuple[int, ...]]:
    """For each place in the order its bin in each pass; the last pass parts into even groups."""
    if passes == 1:
        return [(place,) for place in range(len(places))]
    groups = min(base, len(places))
    room = base ** (passes - 1)
    sizes = [len(places) // groups + (group < len(places) % groups) for group in range(groups)]
    assert max(sizes) <= room
    found: list[tuple[int, ...]] = []
    for group, size in enumerate(sizes):
        inner = _digits(places[:size], base, passes - 1)
        found += [(*digits, group) for digits in inner]
    return found


def _usable(sets: Sequence[str], bins: int) -> int:
    if not 1 <= len(sets) <= MAX_SETS:
        raise UsageError(f"a plan is for 1 to {MAX_SETS} sets, not {len(sets)}")
    if len(set(sets)) < len(sets):
        raise UsageError("a set is named twice; name each once")
    usable = bins - 1
    if usable < 1 or (usable < 2 and len(sets) > 1):
        raise UsageError(f"a machine with {bins} bins can't part sets; it needs 3 or more")
    return usable


def _letter(run: int, pile: int) -> str:
    return f"{run + 1}{chr(ord('A') + pile)}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
