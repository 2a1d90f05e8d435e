"""What a copy is worth by what this device was told, now and day by day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scanner.inventory import is_known_finish
from scanner.price_sources import Priced, SourceOrder
from scanner.records import Finish

EXACT, NEAR_MINT, AT_LEAST = "exact", "near mint", "at least"
_ANY_CONDITION = ("NM", "")


@dataclass(frozen=True, slots=True)
class Told:
    """One price that this device was told, on a `day` (`2026-05-31`)."""

    day: str
    price: Priced


@dataclass(frozen=True, slots=True)
class Worth:
    """What one copy is worth, and of what that is the price (`scanner.inventory.Line`)."""

    price: Priced
    basis: str

    @property
    def amount_minor(self) -> int:
        """In minor units of the shop's currency."""
        return self.price.money.amount_minor


def worth(prices: Iterable[Priced], finish: str, condition: str) -> Worth | None:
    """What a copy in this finish and condition is worth, by the prices that count.

    Never another finish's price, with one exception that says so: of a copy whose finish nobody
    knows, the cheapest finish's, as `at least`. A condition that no price is told for takes the
    near-mint one, as `near mint`.
    """
    kinds = {(price.finish, price.condition): price for price in prices}
    if is_known_finish(finish):
        return _of_finish(kinds, finish, condition)
    found = [_of_finish(kinds, one, condition) for one in sorted({key[0] for key in kinds})]
    known = [price for price in found if price is not None]
    if not known:
        return None
    least = min(known, key=lambda price: price.amount_minor)
    if len({price.amount_minor for price in known}) == 1:
        return least
    return Worth(least.price, AT_LEAST)


def _of_finish(
    kinds: Mapping[tuple[str, str], Priced], finish: str, condition: str
) -> Worth | None:
    # A source that knows no finishes says "unknown": its price is any finish's.
    for one in (finish, Finish.UNKNOWN.value):
        exact = kinds.get((one, condition)) if condition else None
        if exact is not None:
            return Worth(exact, EXACT)
        for general in _ANY_CONDITION:
            price = kinds.get((one, general))
            if price is not None:
                return Worth(price, EXACT if condition in ("NM", "") else NEAR_MINT)
    return None


def value_steps(
    finish: str,
    condition: str,
    stays: Sequence[tuple[str, str]],
    told: Sequence[Told],
    order: SourceOrder,
) -> dict[str, int]:
    """By how much a line's value changed on each day, in minor units; days without change left out.

    Args:
        finish, condition: the line's.
        stays: for each copy the day it came and the day it left ("" while it is there).
        told: every price told of the printing, oldest first.
        order: whose price counts.
    """
    moves: dict[str, int] = {}
    for came, left in stays:
        moves[came] = moves.get(came, 0) + 1
        if left:
            moves[left] = moves.get(left, 0) - 1
    steps: dict[str, int] = {}
    known: list[Priced] = []
    waiting = list(told)[::-1]
    copies = price = value = 0
    for day in sorted({*moves, *(one.day for one in told)}):
        if waiting and waiting[-1].day <= day:
            while waiting and waiting[-1].day <= day:
                known.append(waiting.pop().price)
            now = worth(order.chosen(known), finish, condition)
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
