"""From the net's corner maps to quadrilaterals: peaks, their exact place, and who belongs to whom.

Channel 0 peaks at the corners from which a short edge runs clockwise, channel 1 at the other two.
A card turned by 180° looks the same in them, so no angle is ambiguous.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import exp, hypot, log

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.locate_net import STRIDE_PX
from scanner.records import Corners

_WINDOW = 3
_MOST_PEAKS = 8
_LEAST_MASS = 0.02
_LEAST_OF_BEST = 0.12


@dataclass(frozen=True, slots=True)
class Peak:
    """One corner: place in input pixels, and its share of the map's mass in 0…1."""

    x: float
    y: float
    mass: float


@dataclass(frozen=True, slots=True)
class Quad:
    """Four corners in input pixels, clockwise, a short edge first; `strength` in 0…1 is high when
    all four corners are as sharp as they can be."""

    corners: Corners
    strength: float


def find_peaks(logits: NDArray[np.float32]) -> list[Peak]:
    """Peaks of one map `(40, 72)`, strongest first."""
    share = np.exp(logits - logits.max())
    share /= share.sum()
    summits = (share == cv2.dilate(share, np.ones((3, 3), np.uint8))) & (share > 1e-3)
    rows, columns = np.nonzero(summits)
    padded = cv2.copyMakeBorder(share, *(_WINDOW,) * 4, cv2.BORDER_CONSTANT, value=0)
    span = np.arange(-_WINDOW, _WINDOW + 1, dtype=np.float64)
    peaks = []
    for index in np.argsort(-share[rows, columns])[:_MOST_PEAKS]:
        row, column = int(rows[index]), int(columns[index])
        window = padded[row : row + 2 * _WINDOW + 1, column : column + 2 * _WINDOW + 1]
        mass = float(window.sum())
        x = column + float(window.sum(axis=0) @ span) / mass
        y = row + float(window.sum(axis=1) @ span) / mass
        half = (STRIDE_PX - 1) / 2
        peaks.append(Peak(x * STRIDE_PX + half, y * STRIDE_PX + half, mass))
    peaks.sort(key=lambda peak: -peak.mass)
    kept: list[Peak] = []
    for peak in peaks:  # two summits of one blurred corner are one corner
        far = all(abs(peak.x - o.x) + abs(peak.y - o.y) > 2 * STRIDE_PX for o in kept)
        if far and peak.mass > max(_LEAST_MASS, _LEAST_OF_BEST * (kept or peaks)[0].mass):
            kept.append(peak)
    return kept


def find_quads(maps: NDArray[np.float32]) -> list[Quad]:
    """The cards in corner maps `(2, 40, 72)`, best first; no corner is used twice."""
    first, second = find_peaks(maps[0]), find_peaks(maps[1])
    found: list[tuple[float, frozenset[tuple[int, int]], Corners, float]] = []
    for a, c in combinations(range(len(first)), 2):
        for b, d in combinations(range(len(second)), 2):
            peaks = _clockwise(first[a], second[b], first[c], second[d])
            fit = _card_likeness(*peaks)
            if fit > 0:
                weakest = min(peak.mass for peak in peaks)
                used = frozenset({(0, a), (0, c), (1, b), (1, d)})
                corners = np.array([(peak.x, peak.y) for peak in peaks], dtype=np.float32)
                found.append((weakest * fit, used, corners, weakest))
    found.sort(key=lambda item: -item[0])
    taken: set[tuple[int, int]] = set()
    quads: list[tuple[Corners, float]] = []
    for _, used, corners, weakest in found:
        if not taken & used and not any(_inside(corners, other) for other, _ in quads):
            taken |= used
            quads.append((corners, weakest))
    return [Quad(corners, min(1.0, 2 * len(quads) * weakest)) for corners, weakest in quads]


# Plain numbers: these are asked of many quads, and four corners are too few for arrays to pay.


def _clockwise(one: Peak, two: Peak, three: Peak, four: Peak) -> tuple[Peak, Peak, Peak, Peak]:
    """Swap the second and the fourth corner when the quad runs the wrong way round."""
    turn = (three.x - one.x) * (four.y - two.y) - (three.y - one.y) * (four.x - two.x)
    return (one, four, three, two) if turn < 0 else (one, two, three, four)


def _card_likeness(one: Peak, two: Peak, three: Peak, four: Peak) -> float:
    """How much a quad looks like a card in perspective, 0 (can't be one) … 1."""
    top_x, top_y, right_x, right_y = two.x - one.x, two.y - one.y, three.x - two.x, three.y - two.y
    low_x, low_y, left_x, left_y = (
        four.x - three.x,
        four.y - three.y,
        one.x - four.x,
        one.y - four.y,
    )
    if (
        top_x * right_y <= top_y * right_x
        or right_x * low_y <= right_y * low_x
        or low_x * left_y <= low_y * left_x
        or left_x * top_y <= left_y * top_x
    ):
        return 0.0  # not convex
    top, right = hypot(top_x, top_y), hypot(right_x, right_y)
    low, left = hypot(low_x, low_y), hypot(left_x, left_y)
    if min(top, right, low, left) < 6:
        return 0.0
    aspect = (top + low) / (right + left)
    if not 0.3 < aspect < 1.7:
        return 0.0
    skew = log(top / low) ** 2 + log(right / left) ** 2
    return exp(-(log(aspect / 0.71) ** 2) * 2 - 2 * skew)


def _inside(quad: Corners, other: Corners) -> bool:
    """Whether the middle of either lies in the other."""
    return any(
        cv2.pointPolygonTest(outer, tuple(map(float, inner.mean(axis=0))), False) >= 0
        for inner, outer in ((quad, other), (other, quad))
    )
