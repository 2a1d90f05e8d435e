"""Which corners are the card's: those of the paper's edges, or of the picture found on it.

Where a reference picture is recognised, its own corners are the exact ones, unless the card is
another layout of it (another language's frame, a card cut otherwise). The paper's edges are then
far off, and plain to see.
"""

from __future__ import annotations

import numpy as np

from scanner.records import Corners, Located

# On real photos of other layouts the two were 5…17% of the card's width apart, at a trust of 0.57
# and more; where the locator had taken a drawn frame for the edge, at most 4%.
_FAR_APART = 0.045
_PLAIN_TO_SEE = 0.55


def settle_outline(found: Corners, located: Located) -> Corners:
    """The corners `(4, 2) float32` to show, in the order of `found`, which are the picture's."""
    if not located.corner_trust or np.mean(located.corner_trust[0]) < _PLAIN_TO_SEE:
        return found
    edges = located.corners_px[0]
    same_way = min(
        (np.roll(edges, turn, axis=0) for turn in range(4)),
        key=lambda turned: float(np.abs(turned - found).sum()),
    )
    width_px = np.linalg.norm(same_way[1] - same_way[0])
    off_px = np.linalg.norm(same_way - found, axis=1).max()
    return same_way if off_px > _FAR_APART * width_px else found
