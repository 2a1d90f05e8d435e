"""Tell two printings of one artwork apart in the places where their reference pictures differ.

A reprint or a parallel shares most of its picture with another printing; a set symbol, a number,
a stamp or a frame differ. Everything that both share says nothing, so only the rest is looked at,
at twice the resolution of `verify`: crop and references are laid exactly over one another, and in
the places where the references disagree, the crop must side with one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.records import Picture

Grey = NDArray[np.uint8]
Map = NDArray[np.float32]

WIDTH_PX, HEIGHT_PX = 224, 320
_ANCHOR_PX = 32
_REACH_PX = 8
_ANCHOR_ABOVE = 0.6
_FEWEST_ANCHORS = 8
_WINDOW_PX = 7
# Pixels of a window in which the references correlate less than this are places that differ.
_DIFFERENT_BELOW = 0.88
_BLACK_BELOW, _WHITE_ABOVE = 14.0, 236.0
_FEWEST_PLACES = 0.05
_MOST_PLACES = 8.0
_CERTAIN_AGREEMENT = 0.6
# On rendered scenes of real reprints the crop sided with the wrong one by 0.054 at the most.
_CERTAIN_STRENGTH = 0.12
_PLAIN_DEVIATION = 7.0
_PLAIN_VARIANCE = 50.0
_MARGIN_PX = 7


def to_grey(crop: Picture) -> Grey:
    """An `(H, W, 3) uint8` crop in grey at the references' own size, `(320, 224) uint8`."""
    small = cv2.resize(crop, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)


@dataclass(frozen=True, slots=True)
class Lead:
    """How far the crop sides with the first reference (above 0) or the second (below 0).

    `lead` is the mean difference of the local correlations, -1…1, over the places that differ,
    `agreement` the correlation there with the better of the two; `places` is how many separate
    windows they come to, each weighed by how much the references differ in it.
    """

    lead: float
    agreement: float
    places: float

    @property
    def strength(self) -> float:
        """The lead weighed by how many places speak for it; its sign is the lead's."""
        return float(self.lead * np.sqrt(min(self.places, _MOST_PLACES)))

    @property
    def certain(self) -> bool:
        """Whether the crop sides with one of the two beyond doubt."""
        return (
            self.places >= _FEWEST_PLACES
            and self.agreement >= _CERTAIN_AGREEMENT
            and abs(self.strength) >= _CERTAIN_STRENGTH
        )


def tell_apart(crop: Grey, one: Grey, other: Grey) -> Lead | None:
    """Which of two references the crop shows; all `(320, 224) uint8`, the crop upright.

    None when the references are not of one artwork, so that there is nothing to settle here.
    """
    second = _lay_over(other, one)
    if second is None:
        return None
    seen = _lay_over(crop, one)
    if seen is None:
        return Lead(0.0, 0.0, 0.0)
    shared = _local_correlation(one, second)
    # Where the light has drowned the crop it sides with whichever reference is plain.
    light = cv2.boxFilter(seen.astype(np.float32), -1, (_WINDOW_PX, _WINDOW_PX))
    differ = (shared < _DIFFERENT_BELOW) & (light > _BLACK_BELOW) & (light < _WHITE_ABOVE)
    differ[:_MARGIN_PX] = differ[-_MARGIN_PX:] = False
    differ[:, :_MARGIN_PX] = differ[:, -_MARGIN_PX:] = False
    weight = (1 - shared)[differ]
    total = float(weight.sum())
    places = total / (_WINDOW_PX * _WINDOW_PX)
    if places < _FEWEST_PLACES:
        return Lead(0.0, 0.0, places)
    weight /= total
    mine = float((_local_correlation(one, seen)[differ] * weight).sum())
    theirs = float((_local_correlation(second, seen)[differ] * weight).sum())
    return Lead(mine - theirs, max(mine, theirs), places)


def _lay_over(picture: Grey, reference: Grey) -> Grey | None:
    """`picture` moved so that it lies on `reference`, or None when too little of it is there."""
    source: list[tuple[float, float]] = []
    target: list[tuple[float, float]] = []
    for top in range(_REACH_PX, HEIGHT_PX - _ANCHOR_PX - _REACH_PX + 1, _ANCHOR_PX):
        for left in range(_REACH_PX, WIDTH_PX - _ANCHOR_PX - _REACH_PX + 1, _ANCHOR_PX):
            block = reference[top : top + _ANCHOR_PX, left : left + _ANCHOR_PX]
            if block.std() < _PLAIN_DEVIATION:
                continue
            window = picture[
                top - _REACH_PX : top + _ANCHOR_PX + _REACH_PX,
                left - _REACH_PX : left + _ANCHOR_PX + _REACH_PX,
            ]
            found = cv2.matchTemplate(window, block, cv2.TM_CCOEFF_NORMED)
            _, best, _, (x, y) = cv2.minMaxLoc(found)
            if best < _ANCHOR_ABOVE:
                continue
            dx, dy = _peak(np.asarray(found, np.float32), x, y)
            middle = (left + _ANCHOR_PX / 2, top + _ANCHOR_PX / 2)
            source.append((middle[0] + dx - _REACH_PX, middle[1] + dy - _REACH_PX))
            target.append(middle)
    if len(source) < _FEWEST_ANCHORS:
        return None
    moved, inliers = cv2.estimateAffine2D(
        np.array(target, np.float32), np.array(source, np.float32), ransacReprojThreshold=1.5
    )
    if np.count_nonzero(inliers) < _FEWEST_ANCHORS:
        return None
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(
        picture, moved, (WIDTH_PX, HEIGHT_PX), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(laid, np.uint8)


def _peak(found: NDArray[np.float32], x: int, y: int) -> tuple[float, float]:
    """The top of the parabola through the best shift and its neighbours, in both directions."""

    def top(before: float, at: float, after: float) -> float:
        bend = before - 2 * at + after
        return 0.0 if bend >= 0 else 0.5 * (before - after) / bend

    height, width = found.shape
    dx = top(*found[y, x - 1 : x + 2]) if 0 < x < width - 1 else 0.0
    dy = top(*found[y - 1 : y + 2, x]) if 0 < y < height - 1 else 0.0
    return x + dx, y + dy


def _local_correlation(reference: Grey, picture: Grey) -> Map:
    """`(320, 224) float32`: correlation within a window about each pixel, the best of five shifts.

    A constant is added to covariance and variances alike, so that windows that are plain in both
    agree, and a window that is plain in one alone hardly does.
    """
    first, second = reference.astype(np.float32), picture.astype(np.float32)
    mean_first, variance_first = _moments(first)
    mean_second, variance_second = _moments(second)
    height, width = first.shape
    inner = np.s_[1 : height - 1, 1 : width - 1]
    found = np.full((height - 2, width - 2), -1, np.float32)
    for dy, dx in ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)):
        moved = np.s_[1 + dy : height - 1 + dy, 1 + dx : width - 1 + dx]
        product = cv2.boxFilter(first[inner] * second[moved], -1, (_WINDOW_PX, _WINDOW_PX))
        covariance = product - mean_first[inner] * mean_second[moved]
        scale = np.sqrt(variance_first[inner] * variance_second[moved])
        np.maximum(found, (covariance + _PLAIN_VARIANCE) / scale, out=found)
    best = np.ones((height, width), np.float32)
    best[inner] = found
    return best


def _moments(values: Map) -> tuple[Map, Map]:
    """Mean within the window about each pixel, and variance with the constant added."""
    mean = cv2.boxFilter(values, -1, (_WINDOW_PX, _WINDOW_PX))
    square = cv2.boxFilter(values * values, -1, (_WINDOW_PX, _WINDOW_PX))
    variance = np.maximum(square - mean * mean, 0) + np.float32(_PLAIN_VARIANCE)
    return np.asarray(mean, np.float32), np.asarray(variance, np.float32)
