"""Sub-pixel corners: a straight line fitted to the paper's edge near each predicted edge."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.records import Corners, Picture

_ROWS = 32
_HALF = 14
_COUNT = 2 * _HALF + 1
_TILTS = np.arange(-6, 7)
# Round corners and fingertips: the ends of an edge say little about the line.
_ALONG = np.linspace(0.09, 0.91, _ROWS)
_RAMP = np.linspace(-1.0, 1.0, _ROWS)
_NOISE_FLOOR = 10.0
_REMAP_LIMIT_PX = 32767
_LEAST_SUPPORT = 0.34
# The net errs inwards, to a printed frame with more contrast than the paper's edge: a line outside
# its prediction is believed more readily than one inside.
_INWARD_SIGMA, _OUTWARD_SIGMA = 0.25 * _HALF, 0.6 * _HALF
_TILT_SIGMA = 5.0
_LEAST_ROWS = _ROWS // 4


def _line_cells() -> NDArray[np.intp]:
    """`(tilts * places, rows)`: the cells of the profiles, laid end to end, that each line runs
    through; what lies beyond a profile is the one cell after the last."""
    cells = np.arange(_COUNT)[None, :, None] + np.rint(_TILTS[:, None, None] * _RAMP)
    flat = cells + np.arange(_ROWS) * _COUNT
    flat[(cells < 0) | (cells >= _COUNT)] = _ROWS * _COUNT
    return flat.reshape(-1, _ROWS).astype(np.intp)


_LINES = _line_cells()
_PLACES = np.arange(-_HALF, _HALF + 1)[None, :]
_PRIOR = np.exp(
    -0.5 * (_PLACES / np.where(_PLACES < 0, _INWARD_SIGMA, _OUTWARD_SIGMA)) ** 2
    - 0.5 * (_TILTS[:, None] / _TILT_SIGMA) ** 2
).reshape(-1)


def refine(frame: Picture, quad: Corners, reach_px: float) -> tuple[Corners, float]:
    """Move the edges of `quad` onto the picture's, by at most about `reach_px`.

    `quad` is `(4, 2) float32`, clockwise around the card. Each edge is cut by 32 short profiles at
    right angles; a line wins by the share of profiles whose strongest change of colour lies
    on it (a Hough vote, then least squares on sub-pixel peaks). An edge without such a line stays
    where it was, and so does a corner that would move further than the reach. Returns the corners
    and the share of edges that were found, 0…1.
    """
    start, end = quad.astype(np.float64), np.roll(quad, -1, axis=0).astype(np.float64)
    side = end - start
    length = np.sqrt((side * side).sum(axis=1, keepdims=True))
    if length.min() < 12 or max(frame.shape[:2]) > _REMAP_LIMIT_PX:
        return quad, 0.0
    normal = np.stack([side[:, 1], -side[:, 0]], axis=1) / length
    step = max(0.4, reach_px / _HALF)
    changes = _changes(frame, start, side, normal, step)
    offsets, found = _fit(changes)
    shift = np.where(found[:, None], offsets, 0.0) * step
    ends = np.stack([start + side * _ALONG[0], start + side * _ALONG[-1]], axis=1)
    lines = ends + normal[:, None] * shift[:, :, None]
    corners = _meet(np.roll(lines, 1, axis=0), lines)
    if corners is None:
        return quad, 0.0
    moved = np.linalg.norm(corners - quad, axis=1)
    corners = np.where((moved > 1.6 * reach_px + 1)[:, None], quad, corners)
    return corners.astype(np.float32), float(found.mean())


def _changes(
    frame: Picture,
    start: NDArray[np.float64],
    side: NDArray[np.float64],
    normal: NDArray[np.float64],
    step: float,
) -> NDArray[np.float32]:
    """How much the colour changes along each profile, `(4, rows, places)` of 0…1."""
    middle = (start[:, None] + side[:, None] * _ALONG[None, :, None]).astype(np.float32)
    reach = (np.arange(-_HALF - 2, _HALF + 3) * step).astype(np.float32)
    way = normal.astype(np.float32)[:, None, None]
    grid = (middle[:, :, None] + way * reach[None, None, :, None]).reshape(-1, len(reach), 2)
    x, y = np.ascontiguousarray(grid[..., 0]), np.ascontiguousarray(grid[..., 1])
    pixels = cv2.remap(frame, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    values = pixels.astype(np.int16)
    pair = values[:, 1:] + values[:, :-1]
    power = np.abs(pair[:, 3:] - pair[:, :-3]).max(axis=2).astype(np.float32) / 2
    # Where the frame ends there is no edge of paper.
    height, width = frame.shape[:2]
    inner_x, inner_y = x[:, 2:-2], y[:, 2:-2]
    power[(inner_x < 0) | (inner_y < 0) | (inner_x > width - 1) | (inner_y > height - 1)] = 0
    power /= power.max(axis=1, keepdims=True) + _NOISE_FLOOR
    return np.asarray(power.reshape(4, _ROWS, _COUNT), dtype=np.float32)


def _fit(changes: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Offsets `(4, 2)`, in steps, of the best line at the first and the last profile of each
    edge; `(4,)` whether there is one."""
    flat = np.zeros((4, _ROWS * _COUNT + 1), np.float32)
    flat[:, :-1] = changes.reshape(4, -1)
    # Gathered, not multiplied: a matrix product would wake the threads of the linear algebra.
    votes = flat[:, _LINES].mean(axis=2)
    best = (votes * _PRIOR).argmax(axis=1)
    found = votes[np.arange(4), best] > _LEAST_SUPPORT
    tilt, place = _TILTS[best // _COUNT], best % _COUNT
    line = place[:, None] + tilt[:, None] * _RAMP[None, :]
    edges, rows = np.arange(4)[:, None, None], np.arange(_ROWS)[None, :, None]
    for width in (3, 3):
        centre = np.clip(np.rint(line), width, _COUNT - 1 - width).astype(np.intp)
        around = centre[:, :, None] + np.arange(-width, width + 1)
        weights = changes[edges, rows, around] ** 2
        peak = (weights * around).sum(axis=2) / (weights.sum(axis=2) + 1e-6)
        trust = weights.max(axis=2) * (np.abs(peak - line) < width + 0.5)
        found &= (trust > 0.1).sum(axis=1) >= _LEAST_ROWS
        for _ in range(2):
            line = _straight(peak, trust)
            trust = trust / (1 + ((peak - line) / 0.7) ** 2)
    return line[:, [0, -1]] - _HALF, found


def _straight(peak: NDArray[np.float64], trust: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weighted least-squares lines through `peak` `(4, rows)`, at each profile."""
    total = trust.sum(axis=1, keepdims=True) + 1e-9
    middle = (trust * _RAMP).sum(axis=1, keepdims=True) / total
    level = (trust * peak).sum(axis=1, keepdims=True) / total
    away = _RAMP - middle
    spread = (trust * away * away).sum(axis=1, keepdims=True) + 1e-9
    slope = (trust * away * (peak - level)).sum(axis=1, keepdims=True) / spread
    return np.asarray(level + slope * away)


def _meet(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Where each pair of lines `(4, 2, 2)` crosses; None when two of them hardly do."""
    way, across = one[:, 1] - one[:, 0], other[:, 1] - other[:, 0]
    area = way[:, 0] * across[:, 1] - way[:, 1] * across[:, 0]
    lengths = np.linalg.norm(way, axis=1) * np.linalg.norm(across, axis=1)
    if np.any(np.abs(area) < 0.2 * lengths):
        return None
    gap = other[:, 0] - one[:, 0]
    share = (gap[:, 0] * across[:, 1] - gap[:, 1] * across[:, 0]) / area
    return np.asarray(one[:, 0] + way * share[:, None])
