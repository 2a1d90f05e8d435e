"""The report's charts, as SVG that stands in the page. Colours are the page's CSS variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

_WIDTH, _HEIGHT = 460, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 14, 44
# What lies above is of no use to a shop; the curve leaves the chart there.
_HIGHEST_ERROR = 0.05
_PLOT_WIDTH, _PLOT_HEIGHT = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM


def accept_chart(decision: Mapping[str, Any]) -> Markup:
    """Share accepted (across) against the share of wrong ones among them (up)."""
    curve = decision.get("curve") or []
    if not curve:
        return Markup("")
    stated = decision["stated_error_rate"]
    worst = max(error for _, _, error in curve)
    highest = min(max(worst * 1.1, stated * 5), _HIGHEST_ERROR)
    path = " ".join(f"{_x(share):.1f},{_y(error / highest):.1f}" for _, share, error in curve)
    ticks = [(tick / 4, f"{tick * 25}%") for tick in range(5)]
    rungs = [(rung / 4, f"{highest * rung / 4:.1%}") for rung in range(5)]
    line = _y(stated / highest)
    body = (
        f'<line class="limit" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{line:.1f}" y2="{line:.1f}"/>'
        f'<text class="limit-text" x="{_LEFT + 6}" y="{line - 5:.1f}">{stated:.1%} wrong</text>'
        f'<svg x="0" y="{_TOP - 2}" width="{_WIDTH}" height="{_PLOT_HEIGHT + 4}"'
        f' viewBox="0 {_TOP - 2} {_WIDTH} {_PLOT_HEIGHT + 4}">'
        f'<polyline class="curve" points="{path}"/></svg>'
    )
    return _frame(body, ticks, rungs, "share of the pictures accepted", "wrong among the accepted")


def reliability_chart(decision: Mapping[str, Any]) -> Markup:
    """What was said (across) against what was true (up); a bar for each tenth, its count above."""
    bins: Sequence[Mapping[str, Any]] = decision.get("bins") or []
    if not any(one["count"] for one in bins):
        return Markup("")
    body = f'<line class="limit" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>'
    for one in bins:
        if not one["count"]:
            continue
        left, right = _x(one["low"]) + 2, _x(one["high"]) - 2
        top = _y(one["right"])
        body += (
            f'<rect class="bin" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}"'
            f' height="{max(_y(0) - top, 1):.1f}"/>'
            f'<circle class="said" cx="{_x(one["said"]):.1f}" cy="{top:.1f}" r="3.5"/>'
            f'<text class="count" x="{(left + right) / 2:.1f}"'
            f' y="{max(top - 7, _TOP + 9):.1f}">{one["count"]}</text>'
        )
    ticks = [(tick / 5, f"{tick / 5:.1f}") for tick in range(6)]
    rungs = [(rung / 4, f"{rung * 25}%") for rung in range(5)]
    said = "calibrated chance that was stated" if decision["calibrated"] else "score"
    return _frame(body, ticks, rungs, said, "right printing")


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
        f'<text class="tick" x="{_x(share):.1f}" y="{_HEIGHT - _BOTTOM + 17}">{text}</text>'
        for share, text in ticks
    ]
    parts.append(f'<text class="title" x="{_x(0.5)}" y="{_HEIGHT - 6}">{across}</text>')
    return Markup(
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label="{up} by {across}">{"".join(parts)}{body}</svg>'
    )
