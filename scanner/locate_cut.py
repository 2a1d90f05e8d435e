"""Cards that reach beyond the frame: told as such, and completed from the corners in view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scanner.quads import short_side, sides_px
from scanner.records import Corners

Points = Sequence[NDArray[np.float32]]

_ASPECT = 63 / 88
# Corners this little beyond the frame, in short sides, may be the locator's error.
_BEYOND_SHARE = 0.02


def reaches_beyond(quad: Corners, size: tuple[int, int]) -> bool:
    """Whether a corner of `quad` lies beyond a frame of `size` (width, height) pixels."""
    return bool(_beyond(quad, size, _BEYOND_SHARE * short_side(quad)).any())


def complete_card(first: Points, second: Points, size: tuple[int, int]) -> Corners | None:
    """The card of which two or three corners are in view and the others must be outside.

    `first` are corners `(2,)` in the frame's pixels from which a short edge runs clockwise,
    `second` those from which a long one does, each likeliest first. Returns `(4, 2) float32`,
    clockwise, a short edge first; None when the corners make no such card.
    """
    if len(first) >= 2 and len(second) >= 1:
        found = _from_three(first[0], first[1], second[0])
    elif len(second) >= 2 and len(first) >= 1:
        found = np.roll(_from_three(second[0], second[1], first[0]), 1, axis=0)
    elif len(first) == 1 and len(second) == 1:
        return _from_two(first[0], second[0], size)
    else:
        return None
    return found if _is_card(found) and _beyond(found, size, 0.0).sum() == 1 else None


def _from_three(
    one: NDArray[np.float32], other: NDArray[np.float32], between: NDArray[np.float32]
) -> Corners:
    """`one` and `other` are opposite corners; the first of the answer is one of them."""
    quad = np.stack([one, between, other, one + other - between]).astype(np.float32)
    way, across = quad[1] - quad[0], quad[2] - quad[1]
    return quad if way[0] * across[1] - way[1] * across[0] > 0 else quad[[2, 1, 0, 3]]


def _from_two(
    first: NDArray[np.float32], second: NDArray[np.float32], size: tuple[int, int]
) -> Corners | None:
    """The card whose one edge runs between the corners: a short edge runs clockwise from `first`,
    or a long one from `second`. Only one of the two has its other corners beyond the frame."""
    way = second - first
    inward = np.array([-way[1], way[0]], np.float32)
    short_edge = np.stack([first, second, second + inward / _ASPECT, first + inward / _ASPECT])
    across = -inward * np.float32(_ASPECT)
    long_edge = np.stack([first + across, second + across, second, first])[[3, 0, 1, 2]]
    fitting = [
        quad
        for quad in (short_edge, long_edge)
        if _beyond(quad, size, 0.0).sum() == 2 and _is_card(quad)
    ]
    return np.asarray(fitting[0], np.float32) if len(fitting) == 1 else None


def _is_card(quad: Corners) -> bool:
    sides = sides_px(quad)
    aspect = (sides[0] + sides[2]) / (sides[1] + sides[3] + 1e-6)
    diagonal, other = quad[2] - quad[0], quad[3] - quad[1]
    area = diagonal[0] * other[1] - diagonal[1] * other[0]
    return bool(area > 0 and 0.45 < aspect < 1.1)


def _beyond(quad: Corners, size: tuple[int, int], margin: float) -> NDArray[np.bool_]:
    low, high = -0.5 - margin, np.array(size) - 0.5 + margin
    return np.asarray(((quad < low) | (quad > high)).any(axis=1))
