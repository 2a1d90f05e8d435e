"""Which corners are the card's: those of the paper's edges, or of the picture found on it.

Where a reference picture is recognised, its own corners are the exact ones, unless the card is
another layout of it (another language's frame, a card cut otherwise). The picture then fits in part
only, and the paper's edges are far off, plain to see, and no more askew.
"""

from __future__ import annotations

import numpy as np

from scanner.quads import sides_px
from scanner.records import Corners, Located
from scanner.verify import Comparison

# On real photos of other layouts the picture fitted up to 0.906 and 0.775, and both outlines were
# 5…17% of the card's width apart at a trust of 0.57 and more. Where the locator had taken a drawn
# frame for the edge they were at most 4% apart; in rendered scenes whose edges were read wrong the
# picture fitted better, or the edges were the more askew.
_FITS_WHOLLY, _MATCHES_WHOLLY = 0.91, 0.8
_FAR_APART = 0.045
_PLAIN_TO_SEE = 0.55
_NO_MORE_ASKEW, _ALWAYS_ASKEW = 1.15, 0.01


def settle_outline(found: Corners, comparison: Comparison, located: Located) -> Corners:
    """The corners `(4, 2) float32` to show, in the order of `found`, which are the picture's;
    `comparison` says how well the picture fits."""
    if not located.corner_trust or np.mean(located.corner_trust[0]) < _PLAIN_TO_SEE:
        return found
    if comparison.score >= _FITS_WHOLLY or comparison.matched >= _MATCHES_WHOLLY:
        return found
    edges = located.corners_px[0]
    same_way = min(
        (np.roll(edges, turn, axis=0) for turn in range(4)),
        key=lambda turned: float(np.abs(turned - found).sum()),
    )
    width_px = np.linalg.norm(same_way[1] - same_way[0])
    apart_px = np.linalg.norm(same_way - found, axis=1).max()
    askew = _askew(same_way) > _NO_MORE_ASKEW * _askew(found) + _ALWAYS_ASKEW
    return found if askew or apart_px <= _FAR_APART * width_px else same_way


def _askew(quad: Corners) -> float:
    """How unlike opposite sides are, 0 for a parallelogram."""
    sides = np.maximum(sides_px(quad), 1e-3)
    return float(np.abs(np.log(sides[:2] / sides[2:])).sum())
