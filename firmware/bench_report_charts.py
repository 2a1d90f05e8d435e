"""The report's charts, as SVG that stands in the page. Colours are the page's CSS variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

_WIDTH, _HEIGHT = 460, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 24, 34, 54
# How far up the wrong ones are drawn, and the step between the rungs. What lies above the highest
# is of no use to a shop; a curve leaves the chart there.
_SCALES = ((0.005, 0.001), (0.01, 0.002), (0.02, 0.005), (0.05, 0.01))
_PLOT_WIDTH, _PLOT_HEIGHT = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_LEAST_BAR = 4  # units, so that a bin of which nothing was right is still seen

Curve = Sequence[Sequence[float]]


def accept_chart(decision: Mapping[str, Any]) -> Markup:
    """Share accepted (across) against the share of wrong ones among them (up): over the cards
    whose picture is theirs alone, and over every answer."""
    every: Curve = decision.get("curve") or []
    alone: Curve = decision.get("curve_alone") or []
    if not every:
        return Markup("")
    stated = decision["stated_error_rate"]
    highest, step = _scale(alone or every)
    ticks = [(tick / 5, f"{tick * 20}%") for tick in range(6)]
    count = round(highest / step)
    rungs = [(rung / count, f"{step * rung * 100:.3g}%") for rung in range(count + 1)]
    line = _y(stated / highest)
    drawn = "".join(
        f'<polyline class="curve {name}" points="{_path(curve, highest)}"/>'
        for name, curve in (("every", every), ("alone", alone))
    )
    body = (
        f'<line class="limit" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{line:.1f}" y2="{line:.1f}"/>'
        f'<text class="limit-text" x="{_LEFT + 6}" y="{line - 6:.1f}">{stated:.1%} wrong</text>'
        # A viewport of its own cuts off what lies above the highest rung.
        f'<svg x="0" y="{_TOP - 2}" width="{_WIDTH}" height="{_PLOT_HEIGHT + 6}"'
        f' viewBox="0 {_TOP - 2} {_WIDTH} {_PLOT_HEIGHT + 6}">{drawn}</svg>'
    )
    reached = [point for point in alone if point[2] <= stated]
    if reached:
        _, share, error = max(reached, key=lambda point: point[1])
        body += (
            f'<circle class="reached" cx="{_x(share):.1f}" cy="{_y(error / highest):.1f}" r="5"/>'
        )
    return _frame(body, ticks, rungs, "share of them accepted", "wrong among the accepted")


def reliability_chart(decision: Mapping[str, Any]) -> Markup:
    """What was said (across) against what was true (up); a bar for each tenth, its count in a row
    of its own above all bars."""
    bins: Sequence[Mapping[str, Any]] = decision.get("bins") or []
    if not any(one["count"] for one in bins):
        return Markup("")
    bars = dots = ""
    for one in bins:
        if not one["count"]:
            continue
        left, width = _x(one["low"]) + 2, _x(one["high"]) - _x(one["low"]) - 4
        top = _y(one["right"])
        height = max(_y(0) - top, _LEAST_BAR)
        bars += (
            f'<rect class="slot" x="{left:.1f}" y="{_TOP}" width="{width:.1f}"'
            f' height="{_PLOT_HEIGHT}"/>'
            f'<rect class="bin" x="{left:.1f}" y="{_y(0) - height:.1f}" width="{width:.1f}"'
            f' height="{height:.1f}"/>'
            f'<text class="count" x="{left + width / 2:.1f}" y="{_TOP - 10}">'
            f"{one['count']:,}</text>"
        )
        dots += f'<circle class="said" cx="{_x(one["said"]):.1f}" cy="{top:.1f}" r="4.5"/>'
    even = f'<line class="limit" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>'
    ticks = [(tick / 5, f"{tick * 20}%") for tick in range(6)]
    said = "calibrated chance that was stated" if decision["calibrated"] else "score"
    return _frame(bars + even + dots, ticks, ticks, said, "right printing")


def _scale(curve: Curve) -> tuple[float, float]:
    """The highest rung and the step of the smallest scale that shows the whole curve."""
    worst = max(error for _, _, error in curve)
    return next((scale for scale in _SCALES if worst <= scale[0]), _SCALES[-1])


def _path(curve: Curve, highest: float) -> str:
    return " ".join(f"{_x(share):.1f},{_y(error / highest):.1f}" for _, share, error in curve)


def _x(share: float) -> float:
    return _LEFT + share * _PLOT_WIDTH


def _y(share: float) -> float:
    return _TOP + (1 - share) * _PLOT_HEIGHT


def _frame(
    body: str,
    ticks: Sequence[tuple[float, str]],
    rungs: Sequence[tuple[float, str]],
    across: str,
    up: str,
) -> Markup:
    """Axes, grid and titles around a chart's body. Every text here is the product's own."""
    parts = []
    for share, text in rungs:
        y = _y(share)
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="rung" x="{_LEFT - 7}" y="{y + 4:.1f}">{text}</text>'
        )
    parts += [
        f'<text class="tick" x="{_x(share):.1f}" y="{_HEIGHT - _BOTTOM + 22}">{text}</text>'
        for share, text in ticks
    ]
    parts.append(f'<text class="title" x="{_x(0.5)}" y="{_HEIGHT - 6}">{across}</text>')
    return Markup(
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label="{up} by {across}">{"".join(parts)}{body}</svg>'
    )
