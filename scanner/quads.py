"""Four corners of a card: lengths of their sides, and which way up they look. Pure.

A quad is `(4, 2)`, clockwise on the screen, where y grows downwards.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scanner.records import Corners

# A hair's preference keeps the answer stable for a card that lies exactly sideways.
_SIDEWAYS = 1e-3


def sides_px(quad: Corners) -> NDArray[np.float32]:
    """The lengths `(4,)` of the edges that run clockwise from each corner."""
    return np.asarray(np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1), np.float32)


def short_side(quad: Corners) -> float:
    """The mean length of the first and the third edge, in pixels, or of the others if shorter."""
    sides = sides_px(quad)
    return float(min(sides[0] + sides[2], sides[1] + sides[3]) / 2)


def looks_upside_down(quad: Corners) -> bool:
    """Whether the first edge is the lower one (of a card exactly sideways: the one further right);
    half a turn then makes it look upright."""
    up = quad[:2].mean(axis=0) - quad[2:].mean(axis=0)
    if abs(up[1]) <= _SIDEWAYS * abs(up[0]):
        return bool(up[0] > 0)
    return bool(up[1] > 0)
