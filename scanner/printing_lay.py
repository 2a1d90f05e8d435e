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
_POINTS = 140
_APART_PX = 9
_EVEN_WINDOW_PX = 25
_WINDOW_PX = 17
_LEVELS = 3
_REACH_PX = 2.0
_FEWEST_POINTS = 14
_FEWEST_SHARE = 0.2
_CELL_PX = 16
_BEND_PX = 22.0
# So many points' worth of "it does not bend here".
_STIFF = 1.5
_ROWS, _COLUMNS = HEIGHT_PX // _CELL_PX + 2, WIDTH_PX // _CELL_PX + 2


def even(grey: Grey) -> Grey:
    """`(320, 224) uint8` with the same mean and contrast everywhere, to follow points in."""
    values = grey.astype(np.float32)
    window = (_EVEN_WINDOW_PX, _EVEN_WINDOW_PX)
    mean = cv2.boxFilter(values, -1, window)
    square = cv2.boxFilter(values * values, -1, window)
    deviation = np.sqrt(np.maximum(square - mean * mean, 0)) + np.float32(6)
    return np.asarray(np.clip(128 + 36 * (values - mean) / deviation, 0, 255), np.uint8)


def points_of(evened: Grey) -> Map:
    """`(N, 1, 2) float32` places that can be followed."""
    found = cv2.goodFeaturesToTrack(evened, _POINTS, 0.01, _APART_PX, blockSize=7)
    return np.empty((0, 1, 2), np.float32) if found is None else np.asarray(found, np.float32)


def lay(reference: Grey, points: Map, picture: Grey) -> Map | None:
    """Where in `picture` each pixel of `reference` lies, `(320, 224, 2) float32`.

    Both are evened; `points` are the reference's. None when too few points are found again.
    """
    if len(points) < _FEWEST_POINTS:
        return None
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 0.02)
    moved, status, _ = cv2.calcOpticalFlowPyrLK(
        reference, picture, points, np.empty(0, np.float32),
        winSize=(_WINDOW_PX, _WINDOW_PX), maxLevel=_LEVELS, criteria=until,
    )  # fmt: skip
    followed = status[:, 0] > 0
    source, target = points[followed], np.asarray(moved, np.float32)[followed]
    least = max(_FEWEST_POINTS, _FEWEST_SHARE * len(points))
    if len(source) < least:
        return None
    matrix, agree = cv2.findHomography(source, target, cv2.RANSAC, _REACH_PX, maxIters=300)
    if np.shape(matrix) != (3, 3) or np.count_nonzero(agree) < least:
        return None
    kept = np.asarray(agree)[:, 0] > 0
    return _bent(np.asarray(matrix, np.float64), source[kept], target[kept])


def _bent(matrix: NDArray[np.float64], source: Map, target: Map) -> Map:
    """The homography's map, drawn to where the points really went."""
    grid = _grid()
    left = (target - cv2.perspectiveTransform(source, matrix))[:, 0]
    # A Gaussian about each cell is one along the rows times one along the columns.
    middles = grid.reshape(_ROWS, _COLUMNS, 2)
    across = np.exp(-((middles[0, :, 0] - source[:, :, 0]) ** 2) / (2 * _BEND_PX**2))
    down = np.exp(-((middles[:, 0, 1] - source[:, :, 1]) ** 2) / (2 * _BEND_PX**2))
    near = down.T @ across + _STIFF
    bend = np.stack([((down * left[:, k : k + 1]).T @ across) / near for k in (0, 1)], axis=2)
    coarse = cv2.perspectiveTransform(grid, matrix).reshape(bend.shape) + bend
    size = (_COLUMNS * _CELL_PX, _ROWS * _CELL_PX)
    cells = coarse.astype(np.float32)
    wide = cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR)
    inner = wide[_CELL_PX:-_CELL_PX, _CELL_PX:-_CELL_PX]
    return np.ascontiguousarray(inner, np.float32)


@lru_cache(maxsize=1)
def _grid() -> Map:
    """The middles of the cells, one row and column of them outside of the card on each side."""
    rows, columns = np.mgrid[-1 : _ROWS - 1, -1 : _COLUMNS - 1].astype(np.float32)
    middles = np.stack([columns, rows], axis=-1) * _CELL_PX + (_CELL_PX - 1) / 2
    return np.asarray(middles.reshape(-1, 1, 2), np.float32)


def move(picture: NDArray[np.uint8], where: Map) -> NDArray[np.uint8]:
    """The picture's pixels at these places, `(320, 224, 3) uint8`."""
    columns, rows = np.ascontiguousarray(where[..., 0]), np.ascontiguousarray(where[..., 1])
    moved = cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def offset_of(placed: Map) -> float:
    """How far, in px, the map moves the pixel that it moves most."""
    rows, columns = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    return float(max(np.abs(placed[..., 0] - columns).max(), np.abs(placed[..., 1] - rows).max()))
