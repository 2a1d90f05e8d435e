"""Lay one picture of a card exactly on another, by following points from one to the other.

Points are followed with the pyramidal Lucas–Kanade method (Bouguet, 2000) in pictures of even
contrast; those that agree on one homography count, and what they still lie off bends the map a
little, for lenses and curled cards.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Map = NDArray[np.float32]

WIDTH_PX, HEIGHT_PX = 224, 320
# Points are followed at half the size: a point is found to a fraction of a pixel all the same, and
# the map is drawn from all of them together. The lengths of these are pixels of that size.
_POINTS = 140
_APART_PX = 5
_EVEN_WINDOW_PX = 13
_WINDOW_PX = 17
_LEVELS = 2
# These are pixels of the whole size. A curled card's points lie off the best homography by as much.
_REACH_PX = 3.0
_FEWEST_POINTS = 14
_FEWEST_SHARE = 0.2
_CELL_PX = 16
_BEND_PX = 22.0
# So many points' worth of "it does not bend here".
_STIFF = 1.5
_ROWS, _COLUMNS = HEIGHT_PX // _CELL_PX + 2, WIDTH_PX // _CELL_PX + 2


def even(half: Grey) -> Grey:
    """A half-sized grey picture, `(160, 112) uint8`, with the same mean and contrast everywhere,
    to follow points in."""
    window = (_EVEN_WINDOW_PX, _EVEN_WINDOW_PX)
    mean = np.asarray(cv2.boxFilter(half, cv2.CV_32F, window), np.float32)
    deviation = np.asarray(cv2.sqrBoxFilter(half, cv2.CV_32F, window), np.float32)
    deviation -= mean * mean
    deviation = np.sqrt(np.maximum(deviation, 0, out=deviation), out=deviation)
    deviation += 6
    evened = np.divide(half - mean, deviation, out=deviation)
    evened *= 36
    evened += np.float32(128.5)
    return np.asarray(np.clip(evened, 0, 255, out=evened), np.uint8)


def points_of(evened: Grey) -> Map:
    """`(N, 1, 2) float32` places of the half-sized picture that can be followed."""
    found = cv2.goodFeaturesToTrack(evened, _POINTS, 0.01, _APART_PX, blockSize=3)
    return np.empty((0, 1, 2), np.float32) if found is None else np.asarray(found, np.float32)


def lay(reference: Grey, points: Map, picture: Grey, window_px: int = _WINDOW_PX) -> Map | None:
    """Where in `picture` the cells of `reference` lie, for `move`.

    Both are evened; `points` are the reference's. None when too few points are found again.
    """
    if len(points) < _FEWEST_POINTS:
        return None
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 8, 0.03)
    moved, status, _ = cv2.calcOpticalFlowPyrLK(
        reference, picture, points, np.empty(0, np.float32),
        winSize=(window_px, window_px), maxLevel=_LEVELS, criteria=until,
    )  # fmt: skip
    followed = status[:, 0] > 0
    # A pixel of the half size covers four: its middle lies half a pixel further on.
    source = points[followed] * 2 + np.float32(0.5)
    target = np.asarray(moved, np.float32)[followed] * 2 + np.float32(0.5)
    least = max(_FEWEST_POINTS, _FEWEST_SHARE * len(points))
    if len(source) < least:
        return None
    matrix, agree = cv2.findHomography(source, target, cv2.USAC_MAGSAC, _REACH_PX, maxIters=300)
    if np.shape(matrix) != (3, 3) or np.count_nonzero(agree) < least:
        return None
    kept = np.asarray(agree)[:, 0] > 0
    return _bent(np.asarray(matrix, np.float64), source[kept], target[kept])


def _bent(matrix: NDArray[np.float64], source: Map, target: Map) -> Map:
    """The cells' middles, moved by the homography and drawn to where the points really went."""
    grid = _grid()
    left = (target - cv2.perspectiveTransform(source, matrix))[:, 0]
    # A Gaussian about each cell is one along the rows times one along the columns.
    across = np.exp((grid[0, :, 0] - source[:, :, 0]) ** 2 * np.float32(-0.5 / _BEND_PX**2))
    down = np.exp((grid[:, 0, 1] - source[:, :, 1]) ** 2 * np.float32(-0.5 / _BEND_PX**2))
    near = down.T @ across + np.float32(_STIFF)
    cells = np.asarray(cv2.perspectiveTransform(grid, matrix), np.float32)
    for axis in (0, 1):
        cells[..., axis] += ((down * left[:, axis : axis + 1]).T @ across) / near
    return cells


@lru_cache(maxsize=1)
def _grid() -> Map:
    """The middles of the cells, one row and column of them outside of the card on each side."""
    rows, columns = np.mgrid[-1 : _ROWS - 1, -1 : _COLUMNS - 1].astype(np.float32)
    return np.stack([columns, rows], axis=-1) * _CELL_PX + np.float32((_CELL_PX - 1) / 2)


def offset_of(cells: Map) -> float:
    """How far, in px, the cell lies off that lies off most."""
    return float(np.abs(cells - _grid()).max())


def move(
    picture: NDArray[np.uint8], cells: Map, *, scale: float = 1, shift: float = 0,
    halved: bool = False,
) -> NDArray[np.uint8]:  # fmt: skip
    """The picture, of any channels, laid on the reference: `(320, 224)` or, `halved`, half of it.

    `scale` and `shift` lead from pixels of the reference's own size to the picture's.
    """
    cell = _CELL_PX // 2 if halved else _CELL_PX
    size = (_COLUMNS * cell, _ROWS * cell)
    columns, rows = (
        cv2.resize(plane, size)[cell:-cell, cell:-cell]
        for plane in cv2.split(cells * np.float32(scale) + np.float32(shift))
    )
    moved = cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)
