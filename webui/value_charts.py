"""Charts drawn as SVG: the value by set as bars, the value over time as a line. Pure.

Words stand beside the drawing, not in it, so that they keep their size on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

MAX_BARS = 12
MAX_POINTS = 120
WIDTH, HEIGHT = 600.0, 200.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its words, its amount, and its length as a share of the longest, 0…100."""

    label: str
    note: str
    amount_minor: int
    share: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A line over days in a field of `WIDTH` by `HEIGHT`.

    `line` and `area` are SVG path data; `top_minor` is the value at the field's upper edge.
    """

    line: str
    area: str
    first_day: str
    last_day: str
    top_minor: int
    last_minor: int
    points: tuple[tuple[str, int], ...]


def bars(amounts: Sequence[tuple[str, str, int]]) -> list[Bar]:
    """Bars for `(label, note, amount)`, largest first; what is left over makes one more."""
    shown = list(amounts[:MAX_BARS])
    rest = amounts[MAX_BARS:]
    if rest:
        shown.append((f"{len(rest):,} more", "", sum(amount for _, _, amount in rest)))
    longest = max((amount for _, _, amount in shown), default=0)
    return [
        Bar(label, note, amount, round(100 * amount / longest, 2) if longest else 0.0)
        for label, note, amount in shown
    ]


def curve(points: Sequence[tuple[str, int]], today: str) -> Curve | None:
    """A stepped line through the values at the ends of days; None without a value.

    The value holds from one point to the next, and up to `today`.
    """
    if not any(value for _, value in points):
        return None
    thinned = _thinned(points)
    if thinned[-1][0] < today:
        thinned.append((today, thinned[-1][1]))
    first, last = (date.fromisoformat(thinned[place][0]) for place in (0, -1))
    days = max(1, (last - first).days)
    top = _round_up(max(value for _, value in thinned))
    steps: list[str] = []
    for day, value in thinned:
        across = WIDTH * (date.fromisoformat(day) - first).days / days
        up = HEIGHT - HEIGHT * max(0, value) / top
        steps.append(f"H{across:.1f}V{up:.1f}" if steps else f"M{across:.1f} {up:.1f}")
    if len(thinned) == 1:
        steps.append(f"H{WIDTH:.1f}")
    line = "".join(steps)
    return Curve(
        line=line,
        area=f"{line}V{HEIGHT:.1f}H0Z",
        first_day=thinned[0][0],
        last_day=thinned[-1][0],
        top_minor=top,
        last_minor=thinned[-1][1],
        points=tuple(thinned),
    )


def _thinned(points: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """At most `MAX_POINTS` of them, evenly, the last one kept."""
    if len(points) <= MAX_POINTS:
        return list(points)
    every = (len(points) - 1) / (MAX_POINTS - 1)
    return [points[round(place * every)] for place in range(MAX_POINTS)]


def _round_up(value: int) -> int:
    """The next number that a person would write beside an axis: 1, 2 or 5 with noughts."""
    step = 1
    while step * 10 <= value:
        step *= 10
    for factor in (1, 2, 5):
        if value <= step * factor:
            return step * factor
    return step * 10
