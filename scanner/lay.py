"""Where a matched reference really lies in the crop, from the shifts of its blocks. Pure.

`verify` lets each block of the reference look for itself within a few pixels. Where the blocks of
the best candidate found themselves says how far off the crop's corners are: one perspective map
through all of them is exact to a small part of a pixel, whatever the paper's edge looked like.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scanner.records import CROP_HEIGHT_PX, CROP_WIDTH_PX, Corners
from scanner.verify import BLOCK_PX, COLUMNS, HEIGHT_PX, REACH_PX, ROWS, WIDTH_PX

_SPAN = 2 * REACH_PX + 1
_AGREES_ABOVE = 0.75
_FEWEST_BLOCKS = 14
_ROUNDS = 4
# Of the small picture's pixels: a block further off the common map than this found something else.
_OFF_PX = 0.8
_STIFFNESS = 0.0003
_MOST_MOVED = 0.06

_MIDDLES = np.stack(
    np.meshgrid(
        (np.arange(COLUMNS) + 0.5) * BLOCK_PX / WIDTH_PX - 0.5,
        (np.arange(ROWS) + 0.5) * BLOCK_PX / HEIGHT_PX - 0.5,
    ),
    axis=-1,
).reshape(-1, 2)
_ENDS = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])


def lay(correlations: NDArray[np.float32]) -> Corners | None:
    """The reference's corners in pixels of the 448 × 640 crop, from the card's own top left.

    `correlations` is `(70, 49) float32`: of each block of the best candidate at each shift, row by
    row. None when too few blocks agree, so that the crop's own corners are the better guess.
    """
    best = correlations.argmax(axis=1)
    score = correlations.max(axis=1)
    y, x = np.divmod(best, _SPAN)
    inside = (y > 0) & (y < _SPAN - 1) & (x > 0) & (x < _SPAN - 1)
    known = np.flatnonzero(inside & (score > _AGREES_ABOVE))
    if len(known) < _FEWEST_BLOCKS:
        return None
    table = correlations.reshape(-1, _SPAN, _SPAN)
    row, column = y[known], x[known]
    at = table[known, row, column]
    dx = _top(table[known, row, column - 1], at, table[known, row, column + 1])
    dy = _top(table[known, row - 1, column], at, table[known, row + 1, column])
    shift = np.stack([column + dx - REACH_PX, row + dy - REACH_PX], axis=1)
    weight = np.square(at.astype(np.float64))
    fitted = _fit(known, shift, weight)
    if fitted is None:
        return None
    moved = _END_TERMS @ fitted
    if np.abs(moved).max() > _MOST_MOVED * WIDTH_PX:
        return None
    ends = (_ENDS + 0.5) * (CROP_WIDTH_PX, CROP_HEIGHT_PX)
    scale = np.array([CROP_WIDTH_PX / WIDTH_PX, CROP_HEIGHT_PX / HEIGHT_PX])
    return np.asarray(ends + moved * scale - 0.5, np.float32)


def _top(
    before: NDArray[np.float32], at: NDArray[np.float32], after: NDArray[np.float32]
) -> NDArray[np.float64]:
    """The top of the parabola through three neighbours, in steps from the middle one."""
    bend = np.minimum(before - 2.0 * at + after, -1e-6)
    return np.asarray(np.clip(0.5 * (before - after) / bend, -0.5, 0.5), np.float64)


def _terms(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """`(N, 2, 8)`: how each of a homography's small parameters moves a place, to first order."""
    x, y = places[:, 0], places[:, 1]
    one, none = np.ones_like(x), np.zeros_like(x)
    wide = WIDTH_PX / HEIGHT_PX
    across = np.stack([one, x, y, none, none, none, wide * x * x, wide * x * y], axis=1)
    down = np.stack([none, none, none, one, x, y, x * y, y * y], axis=1)
    return np.stack([across, down], axis=1)


_MIDDLE_TERMS = _terms(_MIDDLES)
_END_TERMS = _terms(_ENDS)


def _fit(
    known: NDArray[np.intp], shift: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Weighed least squares over the `known` blocks with outliers let go of; None when too few are
    left."""
    rows, right = _MIDDLE_TERMS[known].reshape(-1, 8), shift.reshape(-1)
    # The two perspective terms are small in a crop: a little stiffness keeps few blocks sane.
    stiff = np.diag([0, 0, 0, 0, 0, 0, 1.0, 1.0]) * _STIFFNESS * len(known)
    trust = weight
    for _ in range(_ROUNDS):
        weighed = (rows * np.repeat(trust, 2)[:, None]).T
        try:
            fitted = np.linalg.solve(weighed @ rows + stiff, weighed @ right)
        except np.linalg.LinAlgError:
            return None
        off = np.hypot(*(right - rows @ fitted).reshape(-1, 2).T)
        trust = weight / (1 + np.square(off / (0.5 * _OFF_PX)))
    agree = off < _OFF_PX
    spread = _MIDDLES[known][agree].std(axis=0) if agree.any() else np.zeros(2)
    if int(agree.sum()) < _FEWEST_BLOCKS or spread.min() < 0.12:
        return None
    return np.asarray(fitted)
