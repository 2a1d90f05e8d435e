"""What a copy is worth by what this device was told, now and day by day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scanner.inventory import is_known_finish
from scanner.records import Finish

EXACT, NEAR_MINT, AT_LEAST = "exact", "near mint", "at least"
_ANY_CONDITION = ("", "NM")


@dataclass(frozen=True, slots=True)
class Told:
    """One price that this device was told, on a `day` (`2026-05-31`), in the shop's currency."""

    finish: str
    condition: str
    amount_minor: int
    day: str
    source: str = ""
    as_of: str = ""
    price_id: int = 0


@dataclass(frozen=True, slots=True)
class Worth:
    """What one copy is worth, and of what that is the price (`scanner.inventory.Line`)."""

    amount_minor: int
    basis: str
    source: str
    as_of: str
    price_id: int = 0


Kinds = Mapping[tuple[str, str], Told]
"""The newest price of each finish and condition."""


def newest(told: Iterable[Told]) -> dict[tuple[str, str], Told]:
    """The newest of each finish and condition; `told` is oldest first."""
    return {(price.finish, price.condition): price for price in told}


def worth(kinds: Kinds, finish: str, condition: str) -> Worth | None:
    """What a copy in this finish and condition is worth.

    Never another finish's price, with one exception that says so: of a copy whose finish nobody
    knows, the cheapest finish's, as `at least`. A condition that no price is told for takes the
    near-mint one, as `near mint`.
    """
    if is_known_finish(finish):
        return _of_finish(kinds, finish, condition)
    found = [_of_finish(kinds, one, condition) for one in sorted({key[0] for key in kinds})]
    known = [price for price in found if price is not None]
    if not known:
        return None
    least = min(known, key=lambda price: price.amount_minor)
    basis = least.basis if len({price.amount_minor for price in known}) == 1 else AT_LEAST
    return Worth(least.amount_minor, basis, least.source, least.as_of, least.price_id)


def _of_finish(kinds: Kinds, finish: str, condition: str) -> Worth | None:
    # A source that knows no finishes says "unknown": its price is any finish's.
    for one in (finish, Finish.UNKNOWN.value):
        exact = kinds.get((one, condition)) if condition else None
        if exact is not None:
            return _worth(exact, EXACT)
        for general in _ANY_CONDITION:
            price = kinds.get((one, general))
            if price is not None:
                same = condition in ("NM", "") or general == condition
                basis = EXACT if same else NEAR_MINT
                return _worth(price, basis)
    return None


def _worth(price: Told, basis: str) -> Worth:
    return Worth(price.amount_minor, basis, price.source, price.as_of, price.price_id)


def value_steps(
    finish: str, condition: str, stays: Sequence[tuple[str, str]], told: Sequence[Told]
) -> dict[str, int]:
    """By how much a line's value changed on each day, in minor units; days without change left out.

    Args:
        finish, condition: the line's.
        stays: for each copy the day it came and the day it left ("" while it is there).
        told: every price told of the printing, oldest first.
    """
    moves: dict[str, int] = {}
    for came, left in stays:
        moves[came] = moves.get(came, 0) + 1
        if left:
            moves[left] = moves.get(left, 0) - 1
    steps: dict[str, int] = {}
    kinds: dict[tuple[str, str], Told] = {}
    waiting = list(told)[::-1]
    copies = price = value = 0
    for day in sorted({*moves, *(one.day for one in told)}):
        while waiting and waiting[-1].day <= day:
            one = waiting.pop()
            kinds[one.finish, one.condition] = one
        now = worth(kinds, finish, condition)
        price = now.amount_minor if now else 0
        copies += moves.get(day, 0)
        if copies * price != value:
            steps[day] = copies * price - value
            value = copies * price
    return steps


def running_total(steps: Mapping[str, int]) -> list[tuple[str, int]]:
    """The value at the end of each day on which it changed, in the order of days."""
    total, points = 0, []
    for day in sorted(steps):
        total += steps[day]
        points.append((day, total))
    return points
