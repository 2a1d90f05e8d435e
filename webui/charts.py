"""Charts as SVG that the page draws itself. Pure: from times and values to lines and labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

WIDTH, HEIGHT = 360, 150
LEFT, RIGHT, TOP, BOTTOM = 38, 8, 8, 22

Value = TypeVar("Value")
Points = list[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, its pieces as SVG points (a gap parts them), its last value as text."""

    name: str
    pieces: list[str]
    dots: list[tuple[float, float]]
    last: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the template draws; places are in the units of the view box."""

    title: str
    said: str
    lines: list[Line]
    grid: list[tuple[float, str]]
    times: list[tuple[float, str, str]]


def bucketed(
    samples: Sequence[tuple[datetime, Value]],
    since: datetime,
    width: timedelta,
    value_of: Callable[[Sequence[Value]], float | None],
) -> Points:
    """Return one point for each stretch of `width` that has a value, at the stretch's middle."""
    found: dict[int, list[Value]] = {}
    for at, sample in samples:
        if at >= since:
            found.setdefault((at - since) // width, []).append(sample)
    points = []
    for number, inside in sorted(found.items()):
        value = value_of(inside)
        if value is not None:
            points.append((since + width * (number + 0.5), value))
    return points


def line_chart(
    title: str,
    unit: str,
    series: Sequence[tuple[str, Points]],
    since: datetime,
    until: datetime,
    width: timedelta,
    *,
    top: float = 0.0,
) -> Chart | None:
    """Return a chart from zero up to the largest value or `top`; None where there is no value."""
    values = [value for _, points in series for _, value in points]
    if not values:
        return None
    step = _step(max(*values, top))
    highest = step * math.ceil(max(*values, top, step) / step)

    def place(point: tuple[datetime, float]) -> tuple[float, float]:
        share = (point[0] - since) / (until - since)
        x = LEFT + share * (WIDTH - LEFT - RIGHT)
        y = TOP + (1 - point[1] / highest) * (HEIGHT - TOP - BOTTOM)
        return round(x, 1), round(y, 1)

    lines = [_line(name, points, unit, width, place) for name, points in series if points]
    rows = round(highest / step)
    return Chart(
        title=title,
        said="; ".join(_said(name, points, unit) for name, points in series if points),
        lines=lines,
        grid=[(place((since, step * row))[1], _short(step * row)) for row in range(rows + 1)],
        times=_times(since, until, place),
    )


def _line(
    name: str,
    points: Points,
    unit: str,
    width: timedelta,
    place: Callable[[tuple[datetime, float]], tuple[float, float]],
) -> Line:
    pieces: list[list[tuple[datetime, float]]] = []
    for point in points:
        if pieces and point[0] - pieces[-1][-1][0] <= width * 2.5:
            pieces[-1].append(point)
        else:
            pieces.append([point])
    return Line(
        name,
        [" ".join("{},{}".format(*place(p)) for p in piece) for piece in pieces if len(piece) > 1],
        [place(piece[0]) for piece in pieces if len(piece) == 1],
        f"{_short(points[-1][1])} {unit}",
    )


def _said(name: str, points: Points, unit: str) -> str:
    values = [value for _, value in points]
    words = f"{name}: " if name else ""
    return (
        f"{words}{_short(values[-1])} {unit} last, "
        f"between {_short(min(values))} and {_short(max(values))} {unit}"
    )


def _times(
    since: datetime,
    until: datetime,
    place: Callable[[tuple[datetime, float]], tuple[float, float]],
) -> list[tuple[float, str, str]]:
    days = (until - since).days > 2
    marks = []
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        at = since + (until - since) * share
        text = (
            "now"
            if share == 1
            else f"{at.astimezone():%d %b}"
            if days
            else f"{at.astimezone():%H:%M}"
        )
        marks.append((place((at, 0.0))[0], text, anchor))
    return marks


def _step(highest: float) -> float:
    """The distance of the lines of the grid: 1, 2 or 5 times a power of ten."""
    if highest <= 0:
        return 1.0
    rough = highest / 3
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= rough)


def _short(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1000:.0f}k"
    return f"{value:.0f}" if value >= 100 or float(value).is_integer() else f"{value:.1f}"
